"""A matchmaker's releases made of the organisation's own components; only the 2024 document lists them."""

from __future__ import annotations

from types import NoneType

from edgegap_async.models.encoding import omit_none
from edgegap_async.models.matchmakers import ListedRelease, MatchmakerRelease
from edgegap_async.pagination import PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.matchmakers.name_fields import validate_name_fields


class Releases(Service):
    """``edgegap.matchmakers.releases``: versions of a matchmaker, made of components.

    ``list`` returns managed releases too.
    """

    async def create(
        self,
        matchmaker: str,
        version: str,
        *,
        frontend: str,
        director: str,
        match_function: str,
        timeout: float | None = None,
    ) -> MatchmakerRelease:
        """Create a release: ``POST /v1/aom/matchmaker/{matchmaker_name}/release``.

        Args:
            matchmaker: The matchmaker's name.
            version: The release's version.
            frontend: The component with Open Match's frontend role.
            director: The component with Open Match's director role.
            match_function: The component with Open Match's match function role.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The version or a component's name is invalid; nothing was sent.
            BadRequest: There is no such matchmaker.
        """
        body = validate_name_fields(
            version=version,
            frontend_component_name=frontend,
            director_component_name=director,
            match_function_component_name=match_function,
        )
        return await self._call("post-matchmaker-release", MatchmakerRelease, matchmaker, body=body, timeout=timeout)

    async def get(self, matchmaker: str, version: str, *, timeout: float | None = None) -> MatchmakerRelease:
        """Return a release: ``GET /v1/aom/matchmaker/{matchmaker_name}/release/{release_version}``.

        Args:
            matchmaker: The matchmaker's name.
            version: The release's version.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such release.
        """
        return await self._call("get-matchmaker-release", MatchmakerRelease, matchmaker, version, timeout=timeout)

    async def update(
        self,
        matchmaker: str,
        version: str,
        *,
        new_version: str | None = None,
        frontend: str | None = None,
        director: str | None = None,
        match_function: str | None = None,
        timeout: float | None = None,
    ) -> MatchmakerRelease:
        """Change the fields that are not None.

        ``PATCH /v1/aom/matchmaker/{matchmaker_name}/release/{release_version}``.

        Args:
            matchmaker: The matchmaker's name.
            version: The release's present version.
            new_version: The version it gets.
            frontend: The component with Open Match's frontend role.
            director: The component with Open Match's director role.
            match_function: The component with Open Match's match function role.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The new version or a component's name is invalid; nothing was sent.
            NotFound: There is no such release.
        """
        names = omit_none(
            version=new_version,
            frontend_component_name=frontend,
            director_component_name=director,
            match_function_component_name=match_function,
        )
        return await self._call(
            "patch-matchmaker-release",
            MatchmakerRelease,
            matchmaker,
            version,
            body=validate_name_fields(**names),
            timeout=timeout,
        )

    async def delete(self, matchmaker: str, version: str, *, timeout: float | None = None) -> None:
        """Delete a release: ``DELETE /v1/aom/matchmaker/{matchmaker_name}/release/{release_version}``.

        Args:
            matchmaker: The matchmaker's name.
            version: The release's version.
            timeout: Deadline of the call in seconds, None for the client's.
        """
        await self._call("delete-matchmaker-release", NoneType, matchmaker, version, timeout=timeout)

    def list(self, matchmaker: str, *, timeout: float | None = None) -> PageStream[ListedRelease]:
        """List a matchmaker's releases of both kinds: ``GET /v1/aom/matchmaker/{matchmaker_name}/releases``.

        The service sends them in one response.
        """
        return self._list(
            "get-release-list",
            ListedRelease,
            matchmaker,
            key=lambda row: (row.version, row.key),
            timeout=timeout,
        )
