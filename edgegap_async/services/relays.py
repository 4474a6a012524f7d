"""``edgegap.relays``: relay sessions, for games that one of the players hosts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from types import NoneType
from typing import Final, TypeAlias

from edgegap_async.errors import Gone, NotFound
from edgegap_async.limits import Priority
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.ids import SessionLike, session_id
from edgegap_async.models.location_filters import DeployFilter, filters_json
from edgegap_async.models.relays import RelayAuthorization, RelaySession
from edgegap_async.models.states import StateChange
from edgegap_async.models.users import User, UserLike, relay_users
from edgegap_async.ownership.cleanup import Cleanup
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore
from edgegap_async.validation import validate_int
from edgegap_async.waiting.conditions import WaitTarget

OnRelayStatus: TypeAlias = Callable[[StateChange[RelaySession]], object]
"""Called in the event loop when a relay session is in another state; an exception that it raises ends the wait."""

_RELAY_SESSION: Final = WaitTarget(kind="relay session", incomplete_hint="delete it and create another")


class Relays(Service):
    """``edgegap.relays``: relays between players, without a game server."""

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        self._cleanup = Cleanup(
            background=core.background,
            remove=self._delete_if_exists,
            kind="relay session",
            verb="delete",
            past="deleted",
        )

    @asynccontextmanager
    async def running(
        self,
        *,
        users: Sequence[UserLike],
        filters: Sequence[DeployFilter] = (),
        webhook_url: str | None = None,
        timeout: float | None = None,
        on_status: OnRelayStatus | None = None,
    ) -> AsyncGenerator[RelaySession, None]:
        """Run a relay session for the length of a block: it is ready when it begins, and deleted when it ends.

        If the deletion fails, the error is raised, or added as a note to the error that the block raised.

        Args:
            users: The players, at least one.
            filters: Keep the relay to some locations.
            webhook_url: Receives the session by POST once it is ready.
            timeout: The deadline in seconds for creating and waiting together, None for the client's.
            on_status: Called with each change of its state.

        Raises:
            EdgegapError: What ``create`` and ``wait_until_ready`` raise.
        """
        seconds = self._seconds(timeout)
        async with self._cleanup.lease(
            self.create(users=users, filters=filters, webhook_url=webhook_url, timeout=timeout),
            lambda session: session.session_id,
            lambda id, seconds: self.wait_until_ready(id, timeout=seconds, on_status=on_status),
            seconds=seconds,
            name="relay session",
        ) as session:
            yield session

    async def create(
        self,
        *,
        users: Sequence[UserLike],
        filters: Sequence[DeployFilter] = (),
        webhook_url: str | None = None,
        timeout: float | None = None,
    ) -> RelaySession:
        """Request a relay near its players, without waiting until it is ready: ``POST /v1/relays/sessions``.

        If the request may have been carried out, it is not sent again.

        Args:
            users: The players, at least one. The document of 2024 takes addresses only; the current one does not say
                what a user is, and positions are sent as ``latitude`` and ``longitude``.
            filters: Keep the relay to some locations.
            webhook_url: Receives the session by POST once it is ready.
            timeout: The deadline in seconds, None for the client's.

        Raises:
            ConfigurationError: An argument is invalid; nothing was sent.
        """
        own_webhook = self._core.webhooks.relay_url() if webhook_url is None else None
        created = await self._call(
            "relay-session-create",
            RelaySession,
            body={
                "users": relay_users(users),
                **omit_none(filters=filters_json(filters), webhook_url=webhook_url or own_webhook),
            },
            timeout=timeout,
            priority=Priority.URGENT,
        )
        self._core.webhooks.bind_url(own_webhook, created.session_id)
        self._core.watchers.relays.on_requested(created.session_id, has_webhook=own_webhook is not None)
        return created

    async def wait_until_ready(
        self, session: SessionLike, *, timeout: float | None = None, on_status: OnRelayStatus | None = None
    ) -> RelaySession:
        """Wait until players can connect: the session is READY, and its relay's address and ports are known.

        Rate limits and transient errors do not end the wait. If it fails, the session is not deleted.

        Args:
            session: The session's id, or an object that has it.
            timeout: The deadline in seconds, None for the client's.
            on_status: Called with each change of its state.

        Raises:
            WaitFailed: It failed; it exists until it is deleted.
            WaitTerminated: It was deleted, or the service does not know it.
            WaitTimeout: It was not ready in time.
        """
        return await self._wait(
            self._core.watchers.relays,
            _RELAY_SESSION,
            {"session_id": session_id(session)},
            timeout=timeout,
            on_status=on_status,
        )

    async def get(self, session: SessionLike, *, timeout: float | None = None) -> RelaySession:
        """Return one session: ``GET /v1/relays/sessions/{session_id}``.

        Raises:
            NotFound: There is no such session.
        """
        return await self._call("relay-session-get", RelaySession, session_id(session), timeout=timeout)

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[RelaySession]:
        """List the sessions that exist: ``GET /v1/relays/sessions``."""
        return self._list(
            "relay-session-list",
            RelaySession,
            key=lambda session: session.session_id,
            page_size=page_size,
            timeout=timeout,
        )

    async def delete(self, session: SessionLike, *, timeout: float | None = None) -> None:
        """End a session: ``DELETE /v1/relays/sessions/{session_id}``.

        Raises:
            NotFound: There is no such session.
        """
        await self._call(
            "relay-session-delete", NoneType, session_id(session), timeout=timeout, priority=Priority.URGENT
        )

    async def authorize_user(
        self, session: SessionLike, *, user_ip: str, timeout: float | None = None
    ) -> RelayAuthorization:
        """Add a player to a session: ``POST /v1/relays/sessions:authorize-user``.

        Args:
            session: The session's id, or an object that has it.
            user_ip: The player's IP address.
            timeout: The deadline in seconds, None for the client's.

        Returns:
            The session; its ``session_user`` has the player's own token.

        Raises:
            ConfigurationError: ``user_ip`` is not an IP address.
            Conflict: The player is in the session already.
        """
        return await self._call(
            "relay-user-authorize",
            RelayAuthorization,
            body={"session_id": session_id(session), "user_ip": User.ip(user_ip).ip_address},
            timeout=timeout,
        )

    async def revoke_user(
        self, session: SessionLike, *, authorization_token: int, timeout: float | None = None
    ) -> RelaySession | None:
        """Remove a player from a session: ``POST /v1/relays/sessions:revoke-user``.

        Args:
            session: The session's id, or an object that has it.
            authorization_token: The player's own token, not the session's.
            timeout: The deadline in seconds, None for the client's.

        Returns:
            The session, None if the response is empty.

        Raises:
            NotFound: There is no such session or player.
        """
        return await self._pipeline.call_optional(
            "relay-user-revoke",
            RelaySession,
            body={
                "session_id": session_id(session),
                "authorization_token": validate_int(authorization_token, "an authorization token"),
            },
            timeout=timeout,
        )

    async def _delete_if_exists(self, id: str) -> None:
        try:
            await self.delete(id)
        except (NotFound, Gone) as error:
            if not error.from_service:
                raise
