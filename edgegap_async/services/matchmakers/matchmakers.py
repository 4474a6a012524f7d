"""Matchmakers that the provider runs; only the 2024 document lists them."""

from __future__ import annotations

from types import NoneType

from edgegap_async.models.encoding import omit_none
from edgegap_async.models.matchmakers import Matchmaker
from edgegap_async.pagination import PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore
from edgegap_async.services.matchmakers.components import Components
from edgegap_async.services.matchmakers.configs import Configs
from edgegap_async.services.matchmakers.envs import Envs
from edgegap_async.services.matchmakers.managed_releases import ManagedReleases
from edgegap_async.services.matchmakers.name_fields import validate_name_fields
from edgegap_async.services.matchmakers.releases import Releases


class Matchmakers(Service):
    """``edgegap.matchmakers``: matchmakers that the provider runs.

    A matchmaker does nothing until it has a release: one made of the organisation's own components
    (``releases``), or a managed one that follows a configuration (``managed_releases``).

    ::

        await edgegap.matchmakers.create("ranked")
        await edgegap.matchmakers.configs.create("ranked-4v4", configuration=document)
        await edgegap.matchmakers.managed_releases.create("ranked", "m1", config="ranked-4v4")
    """

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        self.components: Components = Components(core)
        self.envs: Envs = Envs(core)
        self.releases: Releases = Releases(core)
        self.managed_releases: ManagedReleases = ManagedReleases(core)
        self.configs: Configs = Configs(core)

    async def create(self, name: str, *, timeout: float | None = None) -> Matchmaker:
        """Create a matchmaker without a release: ``POST /v1/aom/matchmaker``.

        Raises:
            ConfigurationError: The name is invalid; nothing was sent.
        """
        return await self._call("post-matchmaker", Matchmaker, body=validate_name_fields(name=name), timeout=timeout)

    async def get(self, name: str, *, timeout: float | None = None) -> Matchmaker:
        """Return a matchmaker: ``GET /v1/aom/matchmaker/{matchmaker_name}``.

        Raises:
            BadRequest: There is no matchmaker of that name.
        """
        return await self._call("get-matchmaker", Matchmaker, name, timeout=timeout)

    async def update(self, name: str, *, new_name: str | None = None, timeout: float | None = None) -> Matchmaker:
        """Rename a matchmaker: ``PATCH /v1/aom/matchmaker/{matchmaker_name}``.

        Args:
            name: The matchmaker's present name.
            new_name: The name it gets, None to keep it.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The new name is invalid; nothing was sent.
            BadRequest: There is no matchmaker of that name.
        """
        body = validate_name_fields(**omit_none(name=new_name))
        return await self._call("patch-matchmaker", Matchmaker, name, body=body, timeout=timeout)

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Delete a matchmaker: ``DELETE /v1/aom/matchmaker/{matchmaker_name}``.

        Raises:
            BadRequest: There is no matchmaker of that name.
        """
        await self._call("delete-matchmaker", NoneType, name, timeout=timeout)

    def list(self, *, timeout: float | None = None) -> PageStream[Matchmaker]:
        """List all matchmakers: ``GET /v1/aom/matchmakers``, in one response."""
        return self._list("get-matchmaker-list", Matchmaker, key=lambda row: row.name, timeout=timeout)
