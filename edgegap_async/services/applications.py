"""Applications: the games that an organisation has."""

from __future__ import annotations

import base64
from types import NoneType

from edgegap_async.models.applications import Application
from edgegap_async.models.encoding import omit_none
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_name


class Applications(Service):
    """``edgegap.applications``: games, whose versions are deployed."""

    async def create(
        self,
        name: str,
        *,
        image: str | bytes,
        is_active: bool = True,
        is_telemetry_agent_active: bool | None = None,
        timeout: float | None = None,
    ) -> Application:
        """Add an application: ``POST /v1/app``. Raises Conflict where there is one of that name.

        ``name`` has 3 to 64 characters; ``image`` is its icon, as bytes or as base64 already. One that is not active
        cannot be deployed. ``is_telemetry_agent_active``, which only the document of 2024 has, is deprecated.
        """
        return await self._pipeline.call(
            "application-create",
            Application,
            body={
                "name": validate_name(name, "the application's name", min_length=3, max_length=64),
                "image": _base64(image),
                "is_active": is_active,
                **omit_none(is_telemetry_agent_active=is_telemetry_agent_active),
            },
            timeout=timeout,
        )

    async def get(self, name: str, *, timeout: float | None = None) -> Application:
        """One application: ``GET /v1/app/{app_name}``. Raises NotFound."""
        return await self._pipeline.call("application-get", Application, path={"app_name": name}, timeout=timeout)

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
        """Change what is given: ``PATCH /v1/app/{app_name}``. Takes what ``create`` does.

        Raises NotFound or Conflict.
        """
        return await self._pipeline.call(
            "application-update",
            Application,
            path={"app_name": name},
            body=omit_none(
                name=None
                if new_name is None
                else validate_name(new_name, "the application's name", min_length=3, max_length=64),
                image=None if image is None else _base64(image),
                is_active=is_active,
                is_telemetry_agent_active=is_telemetry_agent_active,
            ),
            timeout=timeout,
        )

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Remove an application and its versions: ``DELETE /v1/app/{app_name}``. Raises NotFound."""
        await self._pipeline.call("application-delete", NoneType, path={"app_name": name}, timeout=timeout)

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[Application]:
        """All applications: ``GET /v1/apps``; every row has its image in it."""
        return self._list(
            "application-list",
            Application,
            key=lambda application: application.name,
            page_size=page_size,
            timeout=timeout,
        )


def _base64(image: str | bytes) -> str:
    return image if isinstance(image, str) else base64.b64encode(image).decode()
