"""Runs the demo: deploys a server for each match at the same time, reports the progress, and stops all servers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

import attrs

from edgegap_async import EdgegapClient, Event, State, StateChange
from edgegap_async.cli.demo.match_server import FAILED, READY, REQUESTED, MatchServer
from edgegap_async.cli.demo.matches import Match
from edgegap_async.cli.demo.reporter import Reporter
from edgegap_async.cli.demo.summary import DemoSummary
from edgegap_async.cli.interrupts import Interrupts
from edgegap_async.errors import CleanupFailed, DeploymentError, EdgegapError, Unprocessable
from edgegap_async.models.deployments import DeploymentSnapshot

ErrorT = TypeVar("ErrorT", bound=EdgegapError)

TAG: Final = "edgegap-async-demo"
"""The tag of every server of the demo, to find them in the dashboard."""

_STOP_SECONDS: Final = 30.0
"""The timeout of a stop."""

_GONE: Final = 410


@attrs.frozen(kw_only=True)
class DemoPlan:
    """What to deploy.

    Attributes:
        application: The application.
        version: Its version.
        matches: The matches, each of which gets a server.
        timeout: Seconds that a server may take to become ready.
    """

    application: str
    version: str
    matches: Sequence[Match]
    timeout: float


class DemoRunner:
    """One run of the demo.

    The runner stops the servers whose id it knows. The client's guard stops the others: if a creation is cancelled or
    its response is lost, the guard stops the server in the background, and closing the client waits for that.

    ::

        runner = DemoRunner(plan, reporter, interrupts)
        summary = await runner.run(EdgegapClient(on_event=runner.count_stop), "the service")
    """

    def __init__(
        self,
        plan: DemoPlan,
        reporter: Reporter,
        interrupts: Interrupts,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create the runner; nothing is deployed yet.

        Args:
            plan: What to deploy.
            reporter: Shows the progress.
            interrupts: The signal handling: a signal ends the deploying, and all servers are stopped.
            clock: Returns the time in seconds.
        """
        self.servers: tuple[MatchServer, ...] = tuple(MatchServer(match=match) for match in plan.matches)
        self._plan = plan
        self._reporter = reporter
        self._interrupts = interrupts
        self._clock = clock
        self._created: set[str] = set()
        """Ids of the deployments that the runner has to stop."""
        self._stopped = 0
        self._may_still_run: set[str] = set()
        self._errors: list[str] = []
        """What ended the deploying early, then what went wrong while the servers were stopped."""

    def count_stop(self, event: Event) -> None:
        """Count the deployments that are stopped, by the runner or by the client's guard: the client's ``on_event``."""
        if event.operation_id == "deployment-delete" and event.status is not None:
            self._stopped += event.status < 300 or event.status == _GONE

    async def run(self, edgegap: EdgegapClient, service: str) -> DemoSummary:
        """Deploy a server for each match, then stop all of them, and close the client.

        Args:
            edgegap: A client that is not open yet, with ``count_stop`` as its ``on_event``.
            service: The service that the client talks to, for people.
        """
        started_at, seconds = self._clock(), 0.0
        self._reporter.started(service, self.servers)
        try:
            async with edgegap:
                try:
                    await self._deploy_all(edgegap)
                    seconds = self._clock() - started_at
                finally:
                    self._reporter.stopping()
                    await self._stop_all(edgegap)
        except* CleanupFailed as failures:
            for failure in _leaves(failures):
                self._note_not_stopped(failure.id, failure)
        return DemoSummary(
            servers=self.servers,
            stopped=self._stopped,
            may_still_run=tuple(sorted(self._may_still_run)),
            stats=edgegap.stats(),
            seconds=seconds,
            interrupted=self._interrupts.interrupted,
            error="; ".join(self._errors) or None,
        )

    # deploying

    async def _deploy_all(self, edgegap: EdgegapClient) -> None:
        """Deploy all servers. A signal ends it, and so does an error that concerns more than one server."""
        work = asyncio.create_task(self._deploy_concurrently(edgegap), name="deploy all")
        try:
            with self._interrupts.cancelling(work):
                await work
        except* asyncio.CancelledError:
            if not self._interrupts.interrupted:
                raise
        except* EdgegapError as group:
            # the first error is enough: the others are the same, or cancellations that followed from it
            self._errors.append(str(next(_leaves(group))))

    async def _deploy_concurrently(self, edgegap: EdgegapClient) -> None:
        async with asyncio.TaskGroup() as group:
            for server in self.servers:
                group.create_task(self._deploy(edgegap, server), name=f"match {server.match.number}")

    async def _deploy(self, edgegap: EdgegapClient, server: MatchServer) -> None:
        """Deploy one server: create it and wait for it in two calls, to report its id as soon as it has one."""
        server.started_at = self._clock()
        try:
            request = await edgegap.deployments.create(
                self._plan.application,
                self._plan.version,
                users=[player.user for player in server.match.players],
                tags=[TAG, f"match-{server.match.number}"],
                timeout=self._plan.timeout,
            )
            self._note_created(server, request.request_id)
            ready = await edgegap.deployments.wait_until_ready(
                request.request_id,
                timeout=max(server.started_at + self._plan.timeout - self._clock(), 0.001),
                on_status=lambda change: self._note_state(server, change),
            )
        except (DeploymentError, Unprocessable) as error:
            # after a 422 the client has already stopped the server
            server.request_id = error.request_id or server.request_id
            self._note_failed(server, error)
            return
        server.seconds = self._clock() - server.started_at
        if server.location is None:
            with contextlib.suppress(EdgegapError):  # only for display: an error here does not matter
                server.location = (await edgegap.deployments.get(ready.request_id)).location
        server.server, server.state = ready, READY
        self._reporter.updated(server)

    def _note_created(self, server: MatchServer, request_id: str) -> None:
        self._created.add(request_id)
        server.request_id, server.state = request_id, REQUESTED
        self._reporter.updated(server)

    def _note_state(self, server: MatchServer, change: StateChange[DeploymentSnapshot]) -> None:
        server.location = change.snapshot.location or server.location
        # READY is reported once the address is known
        if change.new is not None and change.new is not State.READY:
            server.state = change.new.lower()
            self._reporter.updated(server)

    def _note_failed(self, server: MatchServer, error: EdgegapError) -> None:
        server.seconds = self._clock() - (server.started_at or 0.0)
        server.state, server.error = FAILED, str(error)
        self._reporter.updated(server)

    # stopping

    async def _stop_all(self, edgegap: EdgegapClient) -> None:
        await asyncio.gather(*(self._stop(edgegap, request_id) for request_id in sorted(self._created)))

    async def _stop(self, edgegap: EdgegapClient, request_id: str) -> None:
        try:
            await edgegap.deployments.stop(request_id, timeout=_STOP_SECONDS)
        except EdgegapError as error:
            self._note_not_stopped(request_id, error)

    def _note_not_stopped(self, id: str, error: Exception) -> None:
        self._may_still_run.add(id)
        self._errors.append(str(error))


def _leaves(group: BaseExceptionGroup[ErrorT]) -> Iterator[ErrorT]:
    """Yield the errors of a group and of the groups in it."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
