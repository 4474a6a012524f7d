"""A matchmaker's releases that follow a configuration; only the 2024 document lists them."""

from __future__ import annotations

from types import NoneType

from edgegap_async.models.encoding import omit_none
from edgegap_async.models.matchmakers import ManagedRelease
from edgegap_async.services.base import Service
from edgegap_async.services.matchmakers.name_fields import validate_name_fields


class ManagedReleases(Service):
    """``edgegap.matchmakers.managed_releases``: versions of a matchmaker that follow a configuration.

    Their containers are the provider's. ``edgegap.matchmakers.releases.list`` lists them together with the others.
    """

    async def create(
        self, matchmaker: str, version: str, *, config: str, timeout: float | None = None
    ) -> ManagedRelease:
        """Create a managed release: ``POST /v1/aom/matchmaker/{matchmaker_name}/release/managed``.

        Args:
            matchmaker: The matchmaker's name.
            version: The release's version.
            config: The name of the configuration that it follows.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The version or the configuration's name is invalid; nothing was sent.
            BadRequest: There is no such matchmaker.
        """
        body = validate_name_fields(version=version, release_config_name=config)
        return await self._call(
            "post-matchmaker-managed-release", ManagedRelease, matchmaker, body=body, timeout=timeout
        )

    async def get(self, matchmaker: str, version: str, *, timeout: float | None = None) -> ManagedRelease:
        """Return a managed release.

        ``GET /v1/aom/matchmaker/{matchmaker_name}/release/managed/{release_version}``.

        Args:
            matchmaker: The matchmaker's name.
            version: The release's version.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such release.
        """
        return await self._call("get-matchmaker-managed-release", ManagedRelease, matchmaker, version, timeout=timeout)

    async def update(
        self,
        matchmaker: str,
        version: str,
        *,
        new_version: str | None = None,
        config: str | None = None,
        timeout: float | None = None,
    ) -> ManagedRelease:
        """Change the fields that are not None.

        ``PATCH /v1/aom/matchmaker/{matchmaker_name}/release/managed/{release_version}``.

        Args:
            matchmaker: The matchmaker's name.
            version: The release's present version.
            new_version: The version it gets.
            config: The name of the configuration that it follows from now on.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The new version or the configuration's name is invalid; nothing was sent.
            NotFound: There is no such release.
        """
        body = validate_name_fields(**omit_none(version=new_version, release_config_name=config))
        return await self._call(
            "patch-matchmaker-managed-release", ManagedRelease, matchmaker, version, body=body, timeout=timeout
        )

    async def delete(self, matchmaker: str, version: str, *, timeout: float | None = None) -> None:
        """Delete a managed release; the matchmaker remains.

        ``DELETE /v1/aom/matchmaker/{matchmaker_name}/release/managed/{release_version}``.

        Args:
            matchmaker: The matchmaker's name.
            version: The release's version.
            timeout: Deadline of the call in seconds, None for the client's.
        """
        await self._call("delete-matchmaker-managed-release", NoneType, matchmaker, version, timeout=timeout)
