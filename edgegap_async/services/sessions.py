"""``edgegap.sessions``: players who share game servers. Only the document of 2024 lists these operations."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from types import NoneType
from typing import Final, TypeAlias, Unpack

from edgegap_async.errors import Gone, NotFound
from edgegap_async.limits import Priority
from edgegap_async.models.bulk_filters import bulk_filters
from edgegap_async.models.deprecated_options import DeprecatedPlacement, deprecated_options_json
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.ids import (
    DeploymentLike,
    SessionLike,
    deployment_id,
    deployment_ids,
    session_id,
    session_ids,
)
from edgegap_async.models.location_filters import DeployFilter, FilterType, filters_json
from edgegap_async.models.sessions import (
    Selector,
    Session,
    SessionBulkStopResponse,
    SessionRequest,
    SessionRow,
    SessionUser,
    SessionUsersResponse,
)
from edgegap_async.models.states import StateChange
from edgegap_async.models.users import UserLike, users_v1
from edgegap_async.ownership.cleanup import Cleanup
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore
from edgegap_async.validation import validate_ip_addresses, validate_list, validate_name, validate_tags
from edgegap_async.waiting.conditions import WaitTarget

OnSessionStatus: TypeAlias = Callable[[StateChange[Session]], object]
"""Called in the event loop when a session is in another state; an exception that it raises ends the wait."""

_SESSION: Final = WaitTarget(kind="session", incomplete_hint="check its deployment")


class SessionUsers(Service):
    """``edgegap.sessions.users``: the players of a session."""

    async def add(
        self, session: SessionLike, users: Sequence[str], *, timeout: float | None = None
    ) -> tuple[SessionUser, ...]:
        """Add players to a session: ``PUT /v1/session/{session_id}/users``.

        Args:
            session: The session's id, or an object that has it.
            users: Their IP addresses.
            timeout: The deadline in seconds, None for the client's.

        Returns:
            All players of the session.

        Raises:
            Unprocessable: The session has fewer free seats.
        """
        return await self._change("put-users-session", session, users, timeout)

    async def remove(
        self, session: SessionLike, users: Sequence[str], *, timeout: float | None = None
    ) -> tuple[SessionUser, ...]:
        """Remove players from a session: ``DELETE /v1/session/{session_id}/users``.

        Args:
            session: The session's id, or an object that has it.
            users: Their IP addresses.
            timeout: The deadline in seconds, None for the client's.

        Returns:
            The players who remain.
        """
        return await self._change("delete-users-session", session, users, timeout)

    def list(
        self, session: SessionLike, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[SessionUser]:
        """List the players of a session: ``GET /v1/session/{session_id}/users``.

        Args:
            session: The session's id, or an object that has it.
            page_size: Rows on a page.
            timeout: The deadline of each page in seconds, None for the client's.
        """
        return self._list(
            "get-users-session",
            SessionUser,
            session_id(session),
            key=lambda user: user.ip,
            page_size=page_size,
            timeout=timeout,
        )

    async def _change(
        self, operation_id: str, session: SessionLike, users: Sequence[str], timeout: float | None
    ) -> tuple[SessionUser, ...]:
        response = await self._call(
            operation_id,
            SessionUsersResponse,
            session_id(session),
            body={"ip_list": [*validate_ip_addresses(users, "users")]},
            timeout=timeout,
        )
        return response.session_users


class Sessions(Service):
    """``edgegap.sessions``: players who share game servers, in the seats that a version's ``session_config`` gives.

    Deleting a session frees its seats; its deployment runs on.
    """

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        self._cleanup = Cleanup(
            background=core.background, remove=self._delete_if_exists, kind="session", verb="delete", past="deleted"
        )
        self.users: SessionUsers = SessionUsers(core)

    @asynccontextmanager
    async def running(
        self,
        application: str,
        version: str | None = None,
        *,
        users: Sequence[UserLike],
        deployment_request_id: DeploymentLike | None = None,
        selectors: Sequence[Selector] = (),
        filters: Sequence[DeployFilter] = (),
        webhook_url: str | None = None,
        timeout: float | None = None,
        on_status: OnSessionStatus | None = None,
        **deprecated: Unpack[DeprecatedPlacement],
    ) -> AsyncGenerator[Session, None]:
        """Run a session for the length of a block: it is ready when the block begins, and deleted when it ends.

        A deployment that the service started for it runs on (``session.deployment.request_id``). If the deletion
        fails, the error is raised, or added as a note to the error that the block raised.

        Args:
            application: The application's name.
            version: The version's name, None for the newest.
            users: The players: all addresses, or all positions with their address.
            deployment_request_id: The deployment to join: its id, or an object that has it.
            selectors: Which deployments may be joined, by their tags.
            filters: Keep the session to some locations.
            webhook_url: Receives the session by POST once it is linked or has failed.
            timeout: The deadline in seconds for creating and waiting together, None for the client's.
            on_status: Called with each change of its state.
            **deprecated: See ``DeprecatedPlacement``.

        Raises:
            EdgegapError: What ``create`` and ``wait_until_ready`` raise.
        """
        seconds = self._seconds(timeout)
        async with self._cleanup.lease(
            self.create(
                application,
                version,
                users=users,
                deployment_request_id=deployment_request_id,
                selectors=selectors,
                filters=filters,
                webhook_url=webhook_url,
                timeout=timeout,
                **deprecated,
            ),
            lambda session: session.session_id,
            lambda id, seconds: self.wait_until_ready(id, timeout=seconds, on_status=on_status),
            seconds=seconds,
            name=f"session of {application}",
        ) as session:
            yield session

    async def create(
        self,
        application: str,
        version: str | None = None,
        *,
        users: Sequence[UserLike],
        deployment_request_id: DeploymentLike | None = None,
        selectors: Sequence[Selector] = (),
        filters: Sequence[DeployFilter] = (),
        webhook_url: str | None = None,
        timeout: float | None = None,
        **deprecated: Unpack[DeprecatedPlacement],
    ) -> SessionRequest:
        """Request seats for players, without waiting until they are ready: ``POST /v1/session``.

        If no deployment has free seats, the service starts one. If the request may have been carried out, it is not
        sent again.

        Args:
            application: The application's name.
            version: The version's name, None for the newest.
            users: The players: all addresses, or all positions with their address.
            deployment_request_id: The deployment to join: its id, or an object that has it. None lets ``selectors`` and
                ``filters`` decide which may be joined.
            selectors: Which deployments may be joined, by their tags.
            filters: Keep the session to some locations.
            webhook_url: Receives the session by POST once it is linked or has failed.
            timeout: The deadline in seconds, None for the client's.
            **deprecated: See ``DeprecatedPlacement``.

        Raises:
            ConfigurationError: An argument is invalid; nothing was sent.
            Conflict: The deployment cannot be joined.
        """
        own_webhook = self._core.webhooks.session_url() if webhook_url is None else None
        joined = deployment_request_id
        created = await self._call(
            "session-post",
            SessionRequest,
            body={
                "app_name": validate_name(application, "the application"),
                **users_v1(users),
                **omit_none(
                    version_name=None if version is None else validate_name(version, "the version"),
                    deployment_request_id=None if joined is None else deployment_id(joined),
                    selectors=[selector.as_json() for selector in validate_list(selectors, "selectors")] or None,
                    filters=filters_json(filters),
                    webhook_url=webhook_url or own_webhook,
                ),
                **deprecated_options_json(deprecated, DeprecatedPlacement),
            },
            timeout=timeout,
            priority=Priority.URGENT,
        )
        self._core.webhooks.bind_url(own_webhook, created.session_id)
        self._core.watchers.sessions.on_requested(created.session_id, has_webhook=own_webhook is not None)
        return created

    async def wait_until_ready(
        self, session: SessionLike, *, timeout: float | None = None, on_status: OnSessionStatus | None = None
    ) -> Session:
        """Wait until a session can be played: it is READY, and its deployment's address and ports are known.

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
            self._core.watchers.sessions,
            _SESSION,
            {"session_id": session_id(session)},
            timeout=timeout,
            on_status=on_status,
        )

    async def get(self, session: SessionLike, *, timeout: float | None = None) -> Session:
        """Return one session: ``GET /v1/session/{session_id}``.

        Raises:
            NotFound: There is no such session; in practice the service answers with 400.
            BadRequest: The same.
        """
        return await self._call("get-session", Session, session_id(session), timeout=timeout)

    async def delete(self, session: SessionLike, *, timeout: float | None = None) -> None:
        """End a session; its deployment runs on: ``DELETE /v1/session/{session_id}``.

        Raises:
            NotFound: There is no such session.
            Gone: It was deleted before.
        """
        await self._call("session-delete", NoneType, session_id(session), timeout=timeout, priority=Priority.URGENT)

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[SessionRow]:
        """List the sessions that exist: ``GET /v1/sessions``."""
        return self._list(
            "list-sessions", SessionRow, key=lambda row: row.session_id, page_size=page_size, timeout=timeout
        )

    async def bulk_stop(
        self,
        *,
        session_ids: Sequence[SessionLike] = (),
        request_ids: Sequence[DeploymentLike] = (),
        tags: Sequence[str] = (),
        match: FilterType = "any",
        timeout: float | None = None,
    ) -> tuple[str, ...]:
        """End many sessions with one request: ``POST /v1/sessions/bulk-stop``. If several filters are given, all apply.

        Args:
            session_ids: Ids of sessions, or objects that have them.
            request_ids: Ids of their deployments, or objects that have them.
            tags: Tags of their deployments.
            match: Whether any, all or none of the values have to match.
            timeout: The deadline in seconds, None for the client's.

        Returns:
            The ids of the sessions that will be ended.

        Raises:
            ConfigurationError: No filter was passed: that would end everything.
        """
        filters = bulk_filters(
            match,
            session_id=_session_ids(session_ids),
            request_id=deployment_ids(request_ids, "request_ids"),
            deployment_tags=validate_tags(tags),
        )
        response = await self._call(
            "sessions-bulk-stop",
            SessionBulkStopResponse,
            body={"filters": filters},
            timeout=timeout,
            priority=Priority.URGENT,
        )
        return tuple(stopped.session_id for stopped in response.processable)

    async def _delete_if_exists(self, id: str) -> None:
        try:
            await self.delete(id)
        except (NotFound, Gone) as error:
            if not error.from_service:
                raise


def _session_ids(values: Sequence[SessionLike]) -> list[str]:
    return session_ids(values, "session_ids")
