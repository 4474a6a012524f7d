"""Sessions: players who share game servers, which only the document of 2024 lists."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias, Unpack

from edgegap_async.errors import Gone, NotFound
from edgegap_async.limits import Priority
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.filters import DeployFilter, FilterType, bulk_filters, filters_json
from edgegap_async.models.placement import Placement, placement_json
from edgegap_async.models.sessions import (
    Selector,
    Session,
    SessionBulkStopResponse,
    SessionDeleted,
    SessionRequest,
    SessionRow,
    SessionUser,
    SessionUsersResponse,
)
from edgegap_async.models.states import StateChange
from edgegap_async.models.users import UserLike, users_v1
from edgegap_async.ownership.background import BackgroundTasks
from edgegap_async.ownership.cleanup import Cleanup
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.transport import Pipeline
from edgegap_async.validation import validate_ip_addresses, validate_list, validate_name, validate_names, validate_tags
from edgegap_async.waiting import Alarms, Kind
from edgegap_async.webhooks import Webhooks

OnSessionStatus: TypeAlias = Callable[[StateChange[Session]], object]
"""Called in the event loop when a session is seen in another state; what it raises ends the wait."""

_KIND: Final = Kind(name="session", hint="look at its deployment")


class SessionsUsers(Service):
    """``edgegap.sessions.users``: the players of a session."""

    async def add(
        self, session_id: str, users: Sequence[str], *, timeout: float | None = None
    ) -> tuple[SessionUser, ...]:
        """Add IP addresses: ``PUT /v1/session/{session_id}/users``; gives all who are in it now.

        Raises Unprocessable where there are not as many seats.
        """
        return await self._change("put-users-session", session_id, users, timeout)

    async def remove(
        self, session_id: str, users: Sequence[str], *, timeout: float | None = None
    ) -> tuple[SessionUser, ...]:
        """Take IP addresses out: ``DELETE /v1/session/{session_id}/users``; gives those who stay."""
        return await self._change("delete-users-session", session_id, users, timeout)

    def list(
        self, session_id: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[SessionUser]:
        """The players: ``GET /v1/session/{session_id}/users``."""
        return self._list(
            "get-users-session",
            SessionUser,
            key=lambda user: user.ip,
            path={"session_id": session_id},
            page_size=page_size,
            timeout=timeout,
        )

    async def _change(
        self, operation_id: str, session_id: str, users: Sequence[str], timeout: float | None
    ) -> tuple[SessionUser, ...]:
        answer = await self._pipeline.call(
            operation_id,
            SessionUsersResponse,
            path={"session_id": session_id},
            body={"ip_list": [*validate_ip_addresses(users, "users")]},
            timeout=timeout,
        )
        return answer.session_users


class Sessions(Service):
    """``edgegap.sessions``: players who share game servers, in the seats that a version's ``session_config`` gives.

    Deleting a session gives its seats back and leaves its deployment running.
    """

    def __init__(
        self, pipeline: Pipeline, prefetch: int, chores: BackgroundTasks, alarms: Alarms, webhooks: Webhooks
    ) -> None:
        super().__init__(pipeline, prefetch)
        self._alarms = alarms
        self._webhooks = webhooks
        self._removal = Cleanup(
            chores=chores, remove=self._delete_if_there, what="session", verb="delete", done="deleted"
        )
        self.users: SessionsUsers = SessionsUsers(pipeline, prefetch)

    @asynccontextmanager
    async def running(
        self,
        application: str,
        version: str | None = None,
        *,
        users: Sequence[UserLike],
        deployment_request_id: str | None = None,
        selectors: Sequence[Selector] = (),
        filters: Sequence[DeployFilter] = (),
        webhook_url: str | None = None,
        timeout: float | None = None,
        on_status: OnSessionStatus | None = None,
        **deprecated: Unpack[Placement],
    ) -> AsyncGenerator[Session, None]:
        """A session for one block: ready when it begins, deleted when it ends, however it ends.

        A deployment that the service started for it runs on (``session.deployment.request_id``). ``timeout`` bounds the
        creation and the wait together, in seconds. Takes and raises what ``create`` and ``wait_until_ready`` do. A
        deletion that fails is raised, or noted on the error that the block raised.
        """
        async with self._removal.while_used(
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
            lambda session_id, left: self.wait_until_ready(session_id, timeout=left, on_status=on_status),
            seconds=self._seconds(timeout),
            name=f"session of {application}",
        ) as session:
            yield session

    async def create(
        self,
        application: str,
        version: str | None = None,
        *,
        users: Sequence[UserLike],
        deployment_request_id: str | None = None,
        selectors: Sequence[Selector] = (),
        filters: Sequence[DeployFilter] = (),
        webhook_url: str | None = None,
        timeout: float | None = None,
        **deprecated: Unpack[Placement],
    ) -> SessionRequest:
        """Find players a seat, starting a server where none is free: ``POST /v1/session``; it is not ready yet.

        ``users`` are all validate_ip_addresses, or all positions with their address. ``deployment_request_id`` names the deployment
        to join; else ``selectors`` and ``filters`` say which may be joined. ``webhook_url`` gets the session by POST
        once it is linked or has failed. Not sent again once it may have been carried out. Raises ConfigurationError
        before anything is sent, and Conflict.
        """
        ours = self._webhooks.of_session() if webhook_url is None else None
        created = await self._pipeline.call(
            "session-post",
            SessionRequest,
            body={
                "app_name": validate_name(application, "the application"),
                **users_v1(users),
                **omit_none(
                    version_name=None if version is None else validate_name(version, "the version"),
                    deployment_request_id=deployment_request_id,
                    selectors=[one.as_json() for one in validate_list(selectors, "selectors")] or None,
                    filters=filters_json(filters),
                    webhook_url=webhook_url or ours,
                ),
                **placement_json(deprecated, Placement),
            },
            timeout=timeout,
            priority=Priority.URGENT,
        )
        if ours is not None:
            self._alarms.expect(created.session_id)
        return created

    async def wait_until_ready(
        self, session_id: str, *, timeout: float | None = None, on_status: OnSessionStatus | None = None
    ) -> Session:
        """Wait until a session can be played: it is ready, and its deployment's address and ports are known.

        ``timeout`` is in seconds; ``on_status`` is told of each state the session is seen in. Limits and passing
        failures of the service are waited through. Raises DeploymentFailed, DeploymentTerminated or ReadyTimeout,
        whose ``request_id`` is the session's; the session is left as it is.
        """
        return await self._wait(
            "get-session",
            Session,
            {"session_id": session_id},
            kind=_KIND,
            timeout=timeout,
            on_status=on_status,
            alarms=self._alarms,
        )

    async def get(self, session_id: str, *, timeout: float | None = None) -> Session:
        """One session: ``GET /v1/session/{session_id}``. Raises NotFound or BadRequest for one that is not there."""
        return await self._pipeline.call("get-session", Session, path={"session_id": session_id}, timeout=timeout)

    async def delete(self, session_id: str, *, timeout: float | None = None) -> SessionDeleted:
        """End a session; its deployment runs on: ``DELETE /v1/session/{session_id}``. Raises NotFound or Gone."""
        return await self._pipeline.call(
            "session-delete",
            SessionDeleted,
            path={"session_id": session_id},
            timeout=timeout,
            priority=Priority.URGENT,
        )

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[SessionRow]:
        """The sessions that exist: ``GET /v1/sessions``."""
        return self._list(
            "list-sessions", SessionRow, key=lambda row: row.session_id, page_size=page_size, timeout=timeout
        )

    async def bulk_stop(
        self,
        *,
        session_ids: Sequence[str] = (),
        request_ids: Sequence[str] = (),
        tags: Sequence[str] = (),
        match: FilterType = "any",
        timeout: float | None = None,
    ) -> tuple[str, ...]:
        """End many sessions at once: ``POST /v1/sessions/bulk-stop``; returns the ids that will be ended.

        ``request_ids`` and ``tags`` are those of their deployments. ``match`` says whether any, all or none of the
        values have to match; all filters that are given apply. Raises ConfigurationError where none is given: that
        would end everything.
        """
        answer = await self._pipeline.call(
            "sessions-bulk-stop",
            SessionBulkStopResponse,
            body={
                "filters": bulk_filters(
                    match,
                    session_id=validate_names(session_ids, "session_ids"),
                    request_id=validate_names(request_ids, "request_ids"),
                    deployment_tags=validate_tags(tags),
                )
            },
            timeout=timeout,
            priority=Priority.URGENT,
        )
        return tuple(stopped.session_id for stopped in answer.processable)

    async def _delete_if_there(self, session_id: str) -> None:
        with suppress(NotFound, Gone):
            await self.delete(session_id)
