"""Sessions with ids of the caller's choice, on an existing deployment; only the 2024 document lists them."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from typing import Protocol, TypeAlias

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.ids import DeploymentLike, deployment_id
from edgegap_async.models.sessions import (
    CreatedSessions,
    CustomSession,
    DeletedSessions,
    Session,
    SessionRequest,
    SessionRow,
)
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_ip_addresses, validate_list, validate_name


class HasCustomId(Protocol):
    """Anything that carries a custom session's id: a ``CustomSession``, a request, a row, a session."""

    @property
    def custom_id(self) -> str | None:
        """The id that the caller chose, None for a session that has none."""
        ...


CustomSessionLike: TypeAlias = str | HasCustomId
"""A custom session's id, or an object with a ``custom_id``."""


class CustomSessions(Service):
    """``edgegap.custom_sessions``: groups of players on a deployment, with ids of the caller's choice.

    ::

        await edgegap.custom_sessions.create(server, "table-1", users=["203.0.113.7"])
        await edgegap.custom_sessions.delete(server, "table-1")
    """

    async def create(
        self,
        request_id: DeploymentLike,
        custom_id: str,
        *,
        users: Sequence[str],
        webhook_url: str | None = None,
        timeout: float | None = None,
    ) -> SessionRequest:
        """Create a session: ``POST /v1/deployment/{request_id}/custom/session/{custom_id}``.

        Args:
            request_id: The deployment, or its id.
            custom_id: The session's id.
            users: The players' IP addresses, at least one.
            webhook_url: Receives the session by POST when it is linked or has failed.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: An id or an address is invalid; nothing was sent.
            BadRequest: The deployment has a session of that id.
        """
        return await self._call(
            "post-custom-session",
            SessionRequest,
            deployment_id(request_id),
            _custom_id(custom_id),
            body=_session_body(users, webhook_url),
            timeout=timeout,
        )

    async def create_many(
        self, request_id: DeploymentLike, sessions: Sequence[CustomSession], *, timeout: float | None = None
    ) -> CreatedSessions:
        """Create many sessions in one request: ``POST /v1/deployment/{request_id}/custom/sessions``.

        A session that cannot be created raises nothing: check ``errors``.

        Args:
            request_id: The deployment, or its id.
            sessions: At least one session.
            timeout: Deadline of the call in seconds, None for the client's.

        Returns:
            The sessions that were created, and the service's reasons for those that were not.

        Raises:
            ConfigurationError: ``sessions`` is empty, or an id or an address is invalid; nothing was sent.
        """
        rows = [session.as_json() for session in validate_list(sessions, "sessions")]
        if not rows:
            raise ConfigurationError("sessions is empty: pass at least one")
        return await self._call(
            "post-custom-sessions",
            CreatedSessions,
            deployment_id(request_id),
            body={"sessions": rows},
            timeout=timeout,
        )

    async def get(
        self, request_id: DeploymentLike, custom_id: CustomSessionLike, *, timeout: float | None = None
    ) -> Session:
        """Return a session: ``GET /v1/deployment/{request_id}/custom/session/{custom_id}``.

        Args:
            request_id: The deployment, or its id.
            custom_id: The session, or its custom id.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            BadRequest: There is no such session.
        """
        return await self._call(
            "get-custom-session", Session, deployment_id(request_id), _custom_id(custom_id), timeout=timeout
        )

    async def update(
        self,
        request_id: DeploymentLike,
        custom_id: CustomSessionLike,
        *,
        users: Sequence[str],
        webhook_url: str | None = None,
        timeout: float | None = None,
    ) -> Session:
        """Replace the players of a session: ``PATCH /v1/deployment/{request_id}/custom/session/{custom_id}``.

        Args:
            request_id: The deployment, or its id.
            custom_id: The session, or its custom id.
            users: The IP addresses of all players that it has from now on, at least one.
            webhook_url: Receives the session by POST when it is linked or has failed.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: An id or an address is invalid; nothing was sent.
            BadRequest: There is no such session.
        """
        return await self._call(
            "patch-custom-session",
            Session,
            deployment_id(request_id),
            _custom_id(custom_id),
            body=_session_body(users, webhook_url),
            timeout=timeout,
        )

    async def delete(
        self, request_id: DeploymentLike, custom_id: CustomSessionLike, *, timeout: float | None = None
    ) -> None:
        """Delete a session: ``DELETE /v1/deployment/{request_id}/custom/session/{custom_id}``.

        The deployment keeps running.

        Args:
            request_id: The deployment, or its id.
            custom_id: The session, or its custom id.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            BadRequest: There is no such session.
        """
        await self._call(
            "delete-custom-session", NoneType, deployment_id(request_id), _custom_id(custom_id), timeout=timeout
        )

    async def delete_many(
        self, request_id: DeploymentLike, custom_ids: Sequence[CustomSessionLike], *, timeout: float | None = None
    ) -> DeletedSessions:
        """Delete many sessions in one request: ``DELETE /v1/deployment/{request_id}/custom/sessions``.

        A session that cannot be deleted raises nothing: check ``errors``.

        Args:
            request_id: The deployment, or its id.
            custom_ids: At least one session or custom id.
            timeout: Deadline of the call in seconds, None for the client's.

        Returns:
            The sessions that were deleted, and the service's reasons for those that were not.

        Raises:
            ConfigurationError: ``custom_ids`` is empty or a single string, or an id is invalid; nothing was sent.
        """
        ids: list[JSON] = [_custom_id(session) for session in validate_list(custom_ids, "custom_ids")]
        if not ids:
            raise ConfigurationError("custom_ids is empty: pass at least one")
        return await self._call(
            "delete-custom-sessions",
            DeletedSessions,
            deployment_id(request_id),
            body={"sessions": ids},
            timeout=timeout,
        )

    def list(
        self, request_id: DeploymentLike, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[SessionRow]:
        """List the custom sessions of a deployment: ``GET /v1/deployment/{request_id}/custom/sessions``.

        Args:
            request_id: The deployment, or its id.
            page_size: Not sent: this endpoint has no page size parameter.
            timeout: Deadline of each request in seconds, None for the client's.
        """
        return self._list(
            "get-custom-sessions",
            SessionRow,
            deployment_id(request_id),
            key=lambda row: row.session_id,
            page_size=page_size,
            timeout=timeout,
        )


def _custom_id(value: CustomSessionLike) -> str:
    return validate_name(getattr(value, "custom_id", value), "the custom session's id")


def _session_body(users: Sequence[str], webhook_url: str | None) -> dict[str, JSON]:
    return {"ip_list": [*validate_ip_addresses(users, "users")], **omit_none(webhook_url=webhook_url)}
