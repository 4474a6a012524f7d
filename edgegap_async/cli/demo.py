"""The demo itself: a server for each of many matches at once, shown, and all of them stopped."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from edgegap_async.cli.interrupts import Interrupts
from edgegap_async.cli.matches import Match
from edgegap_async.cli.progress import FAILED, READY, REQUESTED, MatchServer, Reporter, Summary
from edgegap_async.client import EdgegapClient
from edgegap_async.errors import (
    APIError,
    ConfigurationError,
    DeadlineExceeded,
    DeploymentError,
    EdgegapError,
    Outcome,
    TransportError,
    Unprocessable,
)
from edgegap_async.models.deployments import DeploymentSnapshot
from edgegap_async.models.query import Filter
from edgegap_async.models.states import State, StateChange

_STOP_SECONDS: Final = 30.0
"""What a stop, and the look for servers that nobody knows of, may take."""


@attrs.frozen(kw_only=True)
class Plan:
    """What is to be deployed; ``timeout`` is the seconds that a server has to become ready."""

    application: str
    version: str
    matches: Sequence[Match]
    timeout: float


class Demo:
    """One run of it. Every server carries the run's own tag, so that none of them can be lost."""

    def __init__(
        self,
        edgegap: EdgegapClient,
        plan: Plan,
        reporter: Reporter,
        interrupts: Interrupts,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.servers: tuple[MatchServer, ...] = tuple(MatchServer(match=match) for match in plan.matches)
        self._deployments = edgegap.deployments
        self._stats = edgegap.stats
        self._plan = plan
        self._reporter = reporter
        self._interrupts = interrupts
        self._clock = clock
        self._tag = f"demo-{secrets.token_hex(4)}"
        self._in_doubt: set[int] = set()
        """Matches whose create was sent, and may have been carried out without our knowing."""
        self._created: set[str] = set()
        self._stopped: set[str] = set()
        self._problem: EdgegapError | None = None
        """What ended the deploying before it was done."""
        self._trouble: list[str] = []
        """What went wrong with the stopping."""

    async def run(self, where: str) -> Summary:
        """Deploy, then stop, whatever happens in between."""
        began = self._clock()
        self._reporter.began(where, self.servers)
        try:
            await self._deploy_all()
            seconds = self._clock() - began
        finally:
            self._reporter.stopping()
            await self._stop_all()
        return Summary(
            servers=self.servers,
            stopped=len(self._stopped),
            left=tuple(sorted(self._created - self._stopped)),
            stats=self._stats(),
            seconds=seconds,
            interrupted=self._interrupts.happened,
            problem="; ".join([*([str(self._problem)] if self._problem else []), *self._trouble]) or None,
        )

    # deploying

    async def _deploy_all(self) -> None:
        """All at once. An interruption ends it, and so does an error that is not one server's alone."""
        work = asyncio.create_task(self._all_at_once(), name="deploy all")
        try:
            with self._interrupts.cancelling(work):
                await work
        except* asyncio.CancelledError:
            if not self._interrupts.happened:
                raise
        except* EdgegapError as group:
            # the others say the same, or were cancelled on its account
            self._problem = _first(group)

    async def _all_at_once(self) -> None:
        async with asyncio.TaskGroup() as group:
            for server in self.servers:
                group.create_task(self._deploy(server), name=f"match {server.match.number}")

    async def _deploy(self, server: MatchServer) -> None:
        """What ``deployments.deploy`` does in one call, in two: to show a server as soon as it has an id."""
        plan = self._plan
        server.began = self._clock()
        try:
            request_id = await self._create(server.match)
            self._note_created(server, request_id)
            ready = await self._deployments.wait_until_ready(
                request_id,
                timeout=max(server.began + plan.timeout - self._clock(), 0.001),
                on_status=lambda change: self._note_state(server, change),
            )
        except (DeploymentError, Unprocessable) as error:
            if error.request_id is not None:  # of a 422: it exists, in error
                server.request_id = error.request_id
                self._created.add(error.request_id)
            self._note_failed(server, error)
            return
        server.seconds = self._clock() - server.began
        if server.location is None:
            with contextlib.suppress(EdgegapError):  # it is nice to know, and no more
                server.location = (await self._deployments.get(ready.request_id)).location
        server.server, server.state = ready, READY
        self._reporter.changed(server)

    async def _create(self, match: Match) -> str:
        self._in_doubt.add(match.number)
        try:
            request = await self._deployments.create(
                self._plan.application,
                self._plan.version,
                users=[player.user for player in match.players],
                tags=[self._tag, f"match-{match.number}"],
                timeout=self._plan.timeout,
            )
        except EdgegapError as error:
            if not _may_have_worked(error):
                self._in_doubt.discard(match.number)
            raise
        self._in_doubt.discard(match.number)
        return request.request_id

    def _note_created(self, server: MatchServer, request_id: str) -> None:
        self._created.add(request_id)
        server.request_id, server.state = request_id, REQUESTED
        self._reporter.changed(server)

    def _note_state(self, server: MatchServer, change: StateChange[DeploymentSnapshot]) -> None:
        server.location = change.snapshot.location or server.location
        # READY is told when the address is known as well
        if change.new is not None and change.new is not State.READY:
            server.state = change.new.lower()
            self._reporter.changed(server)

    def _note_failed(self, server: MatchServer, error: EdgegapError) -> None:
        server.seconds = self._clock() - (server.began or 0.0)
        server.state, server.trouble = FAILED, str(error)
        self._reporter.changed(server)

    # stopping

    async def _stop_all(self) -> None:
        await self._stop(self._created)
        if not self._created and not self._in_doubt:
            return
        try:
            # a create that was cut off may have been carried out, and only its tag tells
            rows = self._deployments.list(Filter(tags=self._tag), timeout=_STOP_SECONDS)
            running = {row.request_id async for row in rows if row.state is None or not row.state.gone}
        except EdgegapError as error:
            if self._in_doubt and not self._told_already(error):
                self._trouble.append(f"could not look for servers left behind, tagged {self._tag}: {error}")
            return
        strangers = running - self._created
        self._created |= strangers
        await self._stop(strangers)

    def _told_already(self, error: EdgegapError) -> bool:
        """Whether the same refusal met every create as well, so that there can be nothing to look for."""
        problem = self._problem
        if problem is None or self._created:
            return False
        return type(problem) is type(error) and not _may_have_worked(problem)

    async def _stop(self, request_ids: set[str]) -> None:
        await asyncio.gather(*(self._stop_one(request_id) for request_id in sorted(request_ids)))

    async def _stop_one(self, request_id: str) -> None:
        try:
            await self._deployments.stop(request_id, timeout=_STOP_SECONDS)
        except EdgegapError as error:
            self._trouble.append(str(error))
        else:
            self._stopped.add(request_id)


def _may_have_worked(error: EdgegapError) -> bool:
    match error:
        case APIError():
            return error.status >= 500
        case TransportError() | DeadlineExceeded():
            return error.outcome is Outcome.UNKNOWN
        case _:
            return not isinstance(error, ConfigurationError)


def _first(group: BaseExceptionGroup[EdgegapError]) -> EdgegapError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
