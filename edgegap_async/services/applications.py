"""Applications: the games that an organisation has."""

from __future__ import annotations

import base64
from types import NoneType

from edgegap_async.models.applications import Application
from edgegap_async.models.encoding import omit_none, unless_none
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_name


class Applications(Service):
    """``edgegap.applications``: the organisation's games. A deployment runs a version of one of them.

    ::

        game = await edgegap.applications.create("racer", image=Path("icon.png").read_bytes())
        async for game in edgegap.applications.list():
            print(game.name, game.is_active)
    """

    async def create(
        self,
        name: str,
        *,
        image: str | bytes,
        is_active: bool = True,
        is_telemetry_agent_active: bool | None = None,
        timeout: float | None = None,
    ) -> Application:
        """Create an application: ``POST /v1/app``.

        Args:
            name: 3 to 64 characters, unique in the organisation.
            image: The icon, as bytes or as a base64 string.
            is_active: Whether its versions can be deployed.
            is_telemetry_agent_active: Deprecated; only the 2024 document has it.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The name is invalid; nothing was sent.
            Conflict: An application of that name exists.
        """
        body = {
            "name": _validate_application_name(name),
            "image": _base64(image),
            "is_active": is_active,
            **omit_none(is_telemetry_agent_active=is_telemetry_agent_active),
        }
        return await self._call("application-create", Application, body=body, timeout=timeout)

    async def get(self, name: str, *, timeout: float | None = None) -> Application:
        """Return an application: ``GET /v1/app/{app_name}``.

        Raises:
            NotFound: There is no application of that name.
        """
        return await self._call("application-get", Application, name, timeout=timeout)

    async def update(
        self,
        name: str,
        *,
        new_name: str | None = None,
        image: str | bytes | None = None,
        is_active: bool | None = None,
        is_telemetry_agent_active: bool | None = None,
        timeout: float | None = None,
    ) -> Application:
        """Change the fields that are not None: ``PATCH /v1/app/{app_name}``.

        Args:
            name: The application's present name.
            new_name: The name it gets, 3 to 64 characters.
            image: The icon, as bytes or as a base64 string.
            is_active: Whether its versions can be deployed.
            is_telemetry_agent_active: Deprecated; only the 2024 document has it.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The new name is invalid; nothing was sent.
            NotFound: There is no application of that name.
            Conflict: An application with the new name exists.
        """
        body = omit_none(
            name=unless_none(_validate_application_name, new_name),
            image=unless_none(_base64, image),
            is_active=is_active,
            is_telemetry_agent_active=is_telemetry_agent_active,
        )
        return await self._call("application-update", Application, name, body=body, timeout=timeout)

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Delete an application and its versions: ``DELETE /v1/app/{app_name}``.

        Raises:
            NotFound: There is no application of that name.
        """
        await self._call("application-delete", NoneType, name, timeout=timeout)

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[Application]:
        """List all applications: ``GET /v1/apps``. Every row includes its image, so pages can be large."""
        return self._list(
            "application-list",
            Application,
            key=lambda application: application.name,
            page_size=page_size,
            timeout=timeout,
        )


def _validate_application_name(name: str) -> str:
    return validate_name(name, "the application's name", min_length=3, max_length=64)


def _base64(image: str | bytes) -> str:
    return image if isinstance(image, str) else base64.b64encode(image).decode()
