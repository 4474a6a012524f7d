"""Configurations that managed releases follow; only the 2024 document lists them."""

from __future__ import annotations

from types import NoneType

from edgegap_async.models.encoding import omit_none
from edgegap_async.models.matchmakers import ListedReleaseConfig, ReleaseConfig
from edgegap_async.pagination import PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.matchmakers.name_fields import validate_name_fields


class Configs(Service):
    """``edgegap.matchmakers.configs``: configurations that managed releases follow. No repr shows their content."""

    async def create(self, name: str, *, configuration: str, timeout: float | None = None) -> ReleaseConfig:
        """Create a configuration: ``POST /v1/aom/release/config``.

        Args:
            name: The configuration's name, unique among configurations.
            configuration: The whole document as one string.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The name is invalid; nothing was sent.
        """
        body = validate_name_fields(name=name) | omit_none(configuration=configuration)
        return await self._call("post-matchmaker-release-config", ReleaseConfig, body=body, timeout=timeout)

    async def get(self, name: str, *, timeout: float | None = None) -> ReleaseConfig:
        """Return a configuration: ``GET /v1/aom/release/config/{config_name}``.

        Raises:
            BadRequest: There is no configuration of that name.
        """
        return await self._call("get-matchmaker-release-config", ReleaseConfig, name, timeout=timeout)

    async def update(
        self,
        name: str,
        *,
        new_name: str | None = None,
        configuration: str | None = None,
        timeout: float | None = None,
    ) -> ReleaseConfig:
        """Change the fields that are not None: ``PATCH /v1/aom/release/config/{config_name}``.

        Args:
            name: The configuration's present name.
            new_name: The name it gets.
            configuration: The whole document as one string.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The new name is invalid; nothing was sent.
            BadRequest: There is no configuration of that name.
        """
        body = validate_name_fields(**omit_none(name=new_name)) | omit_none(configuration=configuration)
        return await self._call("patch-matchmaker-release-config", ReleaseConfig, name, body=body, timeout=timeout)

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Delete a configuration: ``DELETE /v1/aom/release/config/{config_name}``.

        Raises:
            BadRequest: There is no configuration of that name.
        """
        await self._call("delete-matchmaker-release-config", NoneType, name, timeout=timeout)

    def list(self, *, timeout: float | None = None) -> PageStream[ListedReleaseConfig]:
        """List all configurations: ``GET /v1/aom/release/configs``, in one response."""
        return self._list(
            "get-release-configs-list", ListedReleaseConfig, key=lambda row: (row.name, row.key), timeout=timeout
        )
