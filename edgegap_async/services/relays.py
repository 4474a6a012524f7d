"""Relay sessions, for games that one of the players hosts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from types import NoneType
from typing import Final, TypeAlias

from edgegap_async.errors import Gone, NotFound
from edgegap_async.limits import Priority
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.fields import StateChange
from edgegap_async.models.filters import DeployFilter, filters_json
from edgegap_async.models.relays import RelayAuthorization, RelaySession
from edgegap_async.models.users import User, UserLike, relay_users
from edgegap_async.ownership.background import BackgroundTasks
from edgegap_async.ownership.cleanup import Cleanup
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.transport import Pipeline
from edgegap_async.validation import validate_int, validate_name
from edgegap_async.waiting import Alarms, Kind
from edgegap_async.webhooks import Webhooks

OnRelayStatus: TypeAlias = Callable[[StateChange[RelaySession]], object]
"""Called in the event loop when a session is seen in another state; what it raises ends the wait."""


_KIND: Final = Kind(name="relay session", hint="delete it and create another")


class Relays(Service):
    """``edgegap.relays``: relays between players, without a game server."""

    def __init__(
        self, pipeline: Pipeline, prefetch: int, chores: BackgroundTasks, alarms: Alarms, webhooks: Webhooks
    ) -> None:
        super().__init__(pipeline, prefetch)
        self._alarms = alarms
        self._webhooks = webhooks
        self._removal = Cleanup(
            chores=chores, remove=self._delete_if_there, what="relay session", verb="delete", done="deleted"
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
        """A relay session for one block: ready when it begins, deleted when it ends, however it ends.

        ``timeout`` bounds the creation and the wait together, in seconds. Takes and raises what ``create`` and
        ``wait_until_ready`` do. A deletion that fails is raised, or noted on the error that the block raised.
        """
        async with self._removal.while_used(
            self.create(users=users, filters=filters, webhook_url=webhook_url, timeout=timeout),
            lambda session: session.session_id,
            lambda session_id, left: self.wait_until_ready(session_id, timeout=left, on_status=on_status),
            seconds=self._seconds(timeout),
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
        """Ask for a relay near ``users``: ``POST /v1/relays/sessions``; it is not ready yet.

        The document of 2024 takes addresses only; the present one leaves open what a user is, and positions are sent
        as ``latitude`` and ``longitude``. ``filters`` keep the relay to some places, ``webhook_url`` gets the session
        by POST once it is ready. Not sent again once it may have been carried out. Raises ConfigurationError before
        anything is sent.
        """
        ours = self._webhooks.of_relay() if webhook_url is None else None
        created = await self._pipeline.call(
            "relay-session-create",
            RelaySession,
            body={
                "users": relay_users(users),
                **omit_none(filters=filters_json(filters), webhook_url=webhook_url or ours),
            },
            timeout=timeout,
            priority=Priority.URGENT,
        )
        if ours is not None:
            self._alarms.expect(created.session_id)
        return created

    async def wait_until_ready(
        self, session_id: str, *, timeout: float | None = None, on_status: OnRelayStatus | None = None
    ) -> RelaySession:
        """Wait until players can connect: the session is ready, and its relay's address and ports are known.

        ``timeout`` is in seconds; ``on_status`` is told of each state the session is seen in. Limits and passing
        failures of the service are waited through. Raises DeploymentFailed, DeploymentTerminated or ReadyTimeout,
        whose ``request_id`` is the session's; the session is left as it is.
        """
        return await self._wait(
            "relay-session-get",
            RelaySession,
            {"session_id": session_id},
            kind=_KIND,
            timeout=timeout,
            on_status=on_status,
            alarms=self._alarms,
        )

    async def get(self, session_id: str, *, timeout: float | None = None) -> RelaySession:
        """One session: ``GET /v1/relays/sessions/{session_id}``. Raises NotFound."""
        return await self._pipeline.call(
            "relay-session-get", RelaySession, path={"session_id": session_id}, timeout=timeout
        )

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[RelaySession]:
        """The sessions that exist: ``GET /v1/relays/sessions``."""
        return self._list(
            "relay-session-list",
            RelaySession,
            key=lambda session: session.session_id,
            page_size=page_size,
            timeout=timeout,
        )

    async def delete(self, session_id: str, *, timeout: float | None = None) -> None:
        """End a session: ``DELETE /v1/relays/sessions/{session_id}``. Raises NotFound."""
        await self._pipeline.call(
            "relay-session-delete",
            NoneType,
            path={"session_id": session_id},
            timeout=timeout,
            priority=Priority.URGENT,
        )

    async def authorize_user(
        self, session_id: str, *, user_ip: str, timeout: float | None = None
    ) -> RelayAuthorization:
        """Let one more player into a session: ``POST /v1/relays/sessions:authorize-user``.

        ``session_user`` of the answer has the player's own token. Raises ConfigurationError for what is no IP address,
        Conflict for a player who is in already.
        """
        return await self._pipeline.call(
            "relay-user-authorize",
            RelayAuthorization,
            body={"session_id": validate_name(session_id, "the session id"), "user_ip": User.ip(user_ip).ip_address},
            timeout=timeout,
        )

    async def revoke_user(
        self, session_id: str, *, authorization_token: int, timeout: float | None = None
    ) -> RelaySession | None:
        """Put a player out of a session: ``POST /v1/relays/sessions:revoke-user``.

        ``authorization_token`` is the player's own, not the session's. Gives the session, None where the service
        answers without it. Raises NotFound.
        """
        return await self._pipeline.call_optional(
            "relay-user-revoke",
            RelaySession,
            body={
                "session_id": validate_name(session_id, "the session id"),
                "authorization_token": validate_int(authorization_token, "an authorization token"),
            },
            timeout=timeout,
        )

    async def _delete_if_there(self, session_id: str) -> None:
        with suppress(NotFound, Gone):
            await self.delete(session_id)
