"""The containers that a matchmaker's releases are made of; only the 2024 document lists them."""

from __future__ import annotations

from types import NoneType

from edgegap_async.errors import JSON
from edgegap_async.models.encoding import omit_none, unless_none
from edgegap_async.models.matchmakers import MatchmakerComponent, RegistryCredentials
from edgegap_async.pagination import PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.matchmakers.name_fields import validate_name_fields


class Components(Service):
    """``edgegap.matchmakers.components``: container images for the roles of a release.

    ::

        await edgegap.matchmakers.components.create(
            "kart-director", repository="registry.studio.example", image="kart/director", tag="v1.2"
        )
    """

    async def create(
        self,
        name: str,
        *,
        repository: str,
        image: str,
        tag: str,
        credentials: RegistryCredentials | None = None,
        timeout: float | None = None,
    ) -> MatchmakerComponent:
        """Create a component: ``POST /v1/aom/component``.

        Args:
            name: The component's name, unique among components.
            repository: The registry that holds the image.
            image: The image's name.
            tag: The image's tag.
            credentials: Access to a private registry; no error, log or repr shows the token.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The name or the token is invalid; nothing was sent.
        """
        return await self._call(
            "post-matchmaker-component",
            MatchmakerComponent,
            body=validate_name_fields(name=name) | _image_fields(repository, image, tag, credentials),
            timeout=timeout,
            secrets=credentials.secrets if credentials else (),
        )

    async def get(self, name: str, *, timeout: float | None = None) -> MatchmakerComponent:
        """Return a component: ``GET /v1/aom/component/{component_name}``.

        Raises:
            BadRequest: There is no component of that name.
        """
        return await self._call("get-matchmaker-component", MatchmakerComponent, name, timeout=timeout)

    async def update(
        self,
        name: str,
        *,
        new_name: str | None = None,
        repository: str | None = None,
        image: str | None = None,
        tag: str | None = None,
        credentials: RegistryCredentials | None = None,
        timeout: float | None = None,
    ) -> MatchmakerComponent:
        """Change the fields that are not None: ``PATCH /v1/aom/component/{component_name}``.

        Args:
            name: The component's present name.
            new_name: The name it gets.
            repository: The registry that holds the image.
            image: The image's name.
            tag: The image's tag.
            credentials: Access to a private registry; no error, log or repr shows the token.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The new name or the token is invalid; nothing was sent.
            BadRequest: There is no component of that name.
        """
        return await self._call(
            "patch-matchmaker-component",
            MatchmakerComponent,
            name,
            body=validate_name_fields(**omit_none(name=new_name)) | _image_fields(repository, image, tag, credentials),
            timeout=timeout,
            secrets=credentials.secrets if credentials else (),
        )

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Delete a component: ``DELETE /v1/aom/component/{component_name}``. Matchmakers remain.

        Raises:
            BadRequest: There is no component of that name.
        """
        await self._call("delete-matchmaker-component", NoneType, name, timeout=timeout)

    def list(self, *, timeout: float | None = None) -> PageStream[MatchmakerComponent]:
        """List all components: ``GET /v1/aom/components``, in one response."""
        return self._list("get-component-list", MatchmakerComponent, key=lambda row: row.name, timeout=timeout)


def _image_fields(
    repository: str | None, image: str | None, tag: str | None, credentials: RegistryCredentials | None
) -> dict[str, JSON]:
    return omit_none(
        repository=repository,
        image=image,
        tag=tag,
        credentials=unless_none(RegistryCredentials.as_json, credentials),
    )
