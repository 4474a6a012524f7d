"""Sessions with names of one's own, on a deployment that exists; only the document of 2024 lists them."""

from __future__ import annotations

from collections.abc import Sequence

from edgegap_async.errors import ConfigurationError
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.sessions import (
    CreatedSessions,
    CustomSession,
    DeletedSessions,
    Session,
    SessionDeleted,
    SessionRequest,
    SessionRow,
)
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_ip_addresses, validate_list, validate_names


class CustomSessions(Service):
    """``edgegap.custom_sessions``: groups of players on a deployment, named by whoever makes them."""

    async def create(
        self,
        request_id: str,
        custom_id: str,
        *,
        users: Sequence[str],
        webhook_url: str | None = None,
        timeout: float | None = None,
    ) -> SessionRequest:
        """Add a session of IP addresses: ``POST /v1/deployment/{request_id}/custom/session/{custom_id}``.

        ``webhook_url`` gets the session by POST once it is linked or has failed. Raises ConfigurationError for what is
        no address, BadRequest where the name is taken.
        """
        return await self._pipeline.call(
            "post-custom-session",
            SessionRequest,
            path={"request_id": request_id, "custom_id": custom_id},
            body={"ip_list": [*validate_ip_addresses(users, "users")], **omit_none(webhook_url=webhook_url)},
            timeout=timeout,
        )

    async def create_many(
        self, request_id: str, sessions: Sequence[CustomSession], *, timeout: float | None = None
    ) -> CreatedSessions:
        """Add many sessions: ``POST /v1/deployment/{request_id}/custom/sessions``.

        Raises nothing for one that could not be added: ``errors`` says why.
        """
        wanted = [one.as_json() for one in validate_list(sessions, "sessions")]
        if not wanted:
            raise ConfigurationError("sessions is empty: name at least one")
        return await self._pipeline.call(
            "post-custom-sessions",
            CreatedSessions,
            path={"request_id": request_id},
            body={"sessions": wanted},
            timeout=timeout,
        )

    async def get(self, request_id: str, custom_id: str, *, timeout: float | None = None) -> Session:
        """One session: ``GET /v1/deployment/{request_id}/custom/session/{custom_id}``."""
        return await self._pipeline.call(
            "get-custom-session", Session, path={"request_id": request_id, "custom_id": custom_id}, timeout=timeout
        )

    async def update(
        self,
        request_id: str,
        custom_id: str,
        *,
        users: Sequence[str],
        webhook_url: str | None = None,
        timeout: float | None = None,
    ) -> Session:
        """Give a session other players: ``PATCH /v1/deployment/{request_id}/custom/session/{custom_id}``."""
        return await self._pipeline.call(
            "patch-custom-session",
            Session,
            path={"request_id": request_id, "custom_id": custom_id},
            body={"ip_list": [*validate_ip_addresses(users, "users")], **omit_none(webhook_url=webhook_url)},
            timeout=timeout,
        )

    async def delete(self, request_id: str, custom_id: str, *, timeout: float | None = None) -> SessionDeleted:
        """End a session: ``DELETE /v1/deployment/{request_id}/custom/session/{custom_id}``."""
        return await self._pipeline.call(
            "delete-custom-session",
            SessionDeleted,
            path={"request_id": request_id, "custom_id": custom_id},
            timeout=timeout,
        )

    async def delete_many(
        self, request_id: str, custom_ids: Sequence[str], *, timeout: float | None = None
    ) -> DeletedSessions:
        """End many sessions: ``DELETE /v1/deployment/{request_id}/custom/sessions``.

        Raises nothing for one that could not be ended: ``errors`` says why.
        """
        names = validate_names(custom_ids, "custom_ids")
        if not names:
            raise ConfigurationError("custom_ids is empty: name at least one")
        return await self._pipeline.call(
            "delete-custom-sessions",
            DeletedSessions,
            path={"request_id": request_id},
            body={"sessions": [*names]},
            timeout=timeout,
        )

    def list(
        self, request_id: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[SessionRow]:
        """The custom sessions of a deployment: ``GET /v1/deployment/{request_id}/custom/sessions``."""
        return self._list(
            "get-custom-sessions",
            SessionRow,
            request_id,
            key=lambda row: row.session_id,
            page_size=page_size,
            timeout=timeout,
        )
