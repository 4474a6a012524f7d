"""Serves each request: routing, faults, access checks, the handler, the log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, Final

import attrs
from aiohttp import web

from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.http.access import AccessControl
from edgegap_async.simulator.http.active_request import ActiveRequest
from edgegap_async.simulator.http.faults import Faults, TakenFault
from edgegap_async.simulator.http.messages import Handler, IncomingRequest, Reply, RequestResult
from edgegap_async.simulator.http.request_log import LoggedRequest, kept_content
from edgegap_async.simulator.http.responses import unknown_path
from edgegap_async.simulator.http.routing import MatchedRoute, Routes
from edgegap_async.simulator.http.sending import send_result

_ROUTES: Final = Routes()


@attrs.frozen(kw_only=True, eq=False)
class Dispatcher:
    """Serves the requests of a local Edgegap.

    Each request passes these steps: routing, jitter, the log, the token, the rate limits, validation, the handler.
    A fault replaces the last two, or, with ``before_request``, all that follow the routing.
    """

    world: World
    handlers: Mapping[str, Handler]
    """The handlers by operation id."""
    access: AccessControl
    faults: Faults
    jitter: Callable[[], float]
    """Returns the seconds by which a request is delayed before it is counted."""
    first_webhook: Callable[[str], Awaitable[None]]
    """Waits until the first webhook of a deployment was sent."""
    requests: list[LoggedRequest]
    """The log: each request is appended when it is counted."""
    crashes: list[Exception]
    """The errors of the local Edgegap itself are appended here."""
    _tasks: set[asyncio.Task[Any]] = attrs.field(factory=set[asyncio.Task[Any]], init=False)

    @property
    def active(self) -> int:
        """The number of requests that are being served."""
        return len(self._tasks)

    async def serve(self, connection: web.BaseRequest) -> web.StreamResponse:
        """Serve a request: the request handler of the aiohttp server."""
        with self._task_registered():
            try:
                result, entry = await self._dispatch(connection)
                return await send_result(connection, result, entry)
            except (ConnectionError, web.RequestPayloadError) as error:
                # aiohttp closes its side without a warning for this one error
                raise ConnectionResetError("the client has disconnected") from error

    async def close(self) -> None:
        """Cancel the requests that are being served, and wait until they have ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @contextlib.contextmanager
    def _task_registered(self) -> Generator[None]:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def _dispatch(self, connection: web.BaseRequest) -> tuple[RequestResult, LoggedRequest]:
        route = _ROUTES.find(connection.method, connection.rel_url.raw_path)
        taken = self.faults.take(route.operation) if isinstance(route, MatchedRoute) else None
        content = b""
        if taken is None or not taken.kind.before_request:
            content = await connection.read()
            if delay := self.jitter():
                await asyncio.sleep(delay)
        entry = self._log(connection, route, content)
        if not isinstance(route, MatchedRoute):
            return unknown_path(connection.method, route), entry
        active = ActiveRequest(
            incoming=IncomingRequest(
                operation=route.operation,
                path=route.path,
                query=entry.query,
                content=content,
                authorization=connection.headers.get("Authorization"),
                remote_address=connection.remote or "127.0.0.1",
                host=connection.host,
            ),
            connection=connection,
            world=self.world,
            handlers=self.handlers,
            first_webhook=self.first_webhook,
        )
        return await self._result(active, taken), entry

    def _log(self, connection: web.BaseRequest, route: MatchedRoute | frozenset[str], content: bytes) -> LoggedRequest:
        headers = {name.lower(): value for name, value in connection.headers.items()}
        headers.pop("authorization", None)
        entry = LoggedRequest(
            at=self.world.clock(),
            method=connection.method,
            path=connection.rel_url.raw_path,
            operation_id=route.operation.operation_id if isinstance(route, MatchedRoute) else None,
            query=dict(connection.query),
            content=kept_content(content),
            headers=headers,
        )
        self.requests.append(entry)
        return entry

    async def _result(self, request: ActiveRequest, taken: TakenFault | None) -> RequestResult:
        try:
            result = await self._apply_fault(request, taken)
            self.world.apply_due_changes()
        except Exception as crash:
            # a bug of the local Edgegap must not look like a behaviour of the service: it is kept and reported
            self.crashes.append(crash)
            return Reply(500, {"message": f"the local Edgegap crashed: {crash!r}"})
        return result

    async def _apply_fault(self, request: ActiveRequest, taken: TakenFault | None) -> RequestResult:
        if taken is not None and taken.kind.before_request:
            return await taken.kind.apply(request)
        rejection = self.access.rejection(request.incoming, self.world.clock())
        if rejection is not None:
            if taken is not None:
                taken.fault.uncount()
            return rejection
        return request.handle() if taken is None else await taken.kind.apply(request)
