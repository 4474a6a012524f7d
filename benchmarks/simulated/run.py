"""Runs one scenario and checks what the client guarantees."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import random
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Generator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from typing import Any, Final
from unittest import mock

import attrs
from aiohttp import web

from benchmarks.simulated.callers import Simulated
from benchmarks.simulated.event_loop import VirtualLoop, seeded
from benchmarks.simulated.ledger import Ledger
from benchmarks.simulated.network import Network, connector_of
from benchmarks.simulated.scenario import Scenario
from edgegap_async import EdgegapClient, GuardPolicy
from edgegap_async.errors import CleanupFailed
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.simulator.http.faults import Fault
from edgegap_async.webhooks.aiohttp import aiohttp_handler

_CHECK_SECONDS: Final = 0.5
_LATE_SECONDS: Final = 90.0
"""How long after all faults the callers have to end."""
_WEBHOOK_PORT: Final = 8080

_is_of_client: Final = contextvars.ContextVar("_is_of_client", default=False)


@attrs.frozen(kw_only=True)
class Result:
    """What one scenario showed.

    Attributes:
        scenario: The scenario.
        violations: The guarantees that were broken.
        digest: What identifies the course of events.
        counts: What happened how often.
    """

    scenario: Scenario
    violations: tuple[str, ...]
    digest: str
    counts: Counter[str]


def run(scenario: Scenario) -> Result:
    """Run a scenario from its start to its end, in virtual time."""
    with seeded(scenario.seed, is_shuffled=scenario.is_shuffled) as loop:
        network = Network(loop, random.Random(f"{scenario.seed}:network"), scenario.latency)
        network.weather = scenario.weather
        loop.create_listener = network.listen
        connector = connector_of(network)
        with mock.patch("aiohttp.TCPConnector", connector), mock.patch("aiohttp.client.TCPConnector", connector):
            return _Simulation(scenario, loop, network).run()


class _Simulation:
    """One run of a scenario."""

    def __init__(self, scenario: Scenario, loop: VirtualLoop, network: Network) -> None:
        self._scenario = scenario
        self._loop = loop
        self._network = network
        self._rng = random.Random(f"{scenario.seed}:run")
        self._local = LocalEdgegap(
            seed=scenario.seed,
            time_to_ready=scenario.time_to_ready,
            list_lag=scenario.list_lag,
        )
        self._ledger = Ledger(self._local)
        self._client_tasks: dict[asyncio.Task[Any], None] = {}
        self._faults: dict[int, Fault] = {}

    def run(self) -> Result:
        said: list[str] = []
        with warnings.catch_warnings(record=True) as warned, _logged(self._ledger), ExitStack() as stack:
            warnings.simplefilter("always")
            stack.callback(asyncio.set_event_loop, None)
            asyncio.set_event_loop(self._loop)
            self._loop.set_exception_handler(lambda _, context: said.extend(_shown(context)))
            self._loop.set_task_factory(self._create_task)  # type: ignore[arg-type]
            self._loop.run_until_complete(self._run())
            gc.collect()
        for each in (*said, *(str(each.message) for each in warned)):
            self._ledger.check(False, f"said: {each}")
        ledger = self._ledger
        ledger.outcomes["deploys"] = self._scenario.deploys
        ledger.outcomes["servers"] = len(self._local.history)
        ledger.outcomes["requests"] = len(self._local.requests)
        return Result(
            scenario=self._scenario,
            violations=tuple(dict.fromkeys(ledger.violations)),
            digest=ledger.digest(),
            counts=ledger.outcomes,
        )

    def _create_task(self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, **options)
        if _is_of_client.get():
            self._client_tasks[task] = None
            task.add_done_callback(lambda done: self._client_tasks.pop(done, None))
        return task

    # the course of a scenario

    async def _run(self) -> None:
        scenario = self._scenario
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._local)
            self._network.as_server = contextvars.copy_context()
            folder = tempfile.mkdtemp(prefix="simulated-") if scenario.has_journal else None
            if folder is not None:
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
            clock = asyncio.create_task(self._keep_time())
            client = self._client(journal=folder)
            if scenario.has_webhooks:
                await self._serve_webhooks(client, stack)
            _is_of_client.set(True)
            await client.__aenter__()
            callers = asyncio.create_task(self._call_all(client))
            await self._end(client, callers)
            _is_of_client.set(False)
            await asyncio.wait({callers}, timeout=_LATE_SECONDS)
            if not callers.done():
                self._ledger.check(False, f"the callers {[each.get_name() for each in self._client_tasks]} do not end")
                callers.cancel()
            await self._check_end()
            clock.cancel()
            await asyncio.wait({clock})
            self._ledger.check(clock.cancelled(), f"the simulation itself failed: {clock}")
            if folder is not None:
                await self._check_recovery(folder)
        self._ledger.check(not self._network.open, f"{len(self._network.open)} connections were left open")
        others = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        self._ledger.check(not others, f"tasks were left: {others}")

    def _client(self, **settings: Any) -> EdgegapClient:
        url = f"http://127.0.0.1:{_WEBHOOK_PORT}/hooks" if self._scenario.has_webhooks else None
        guard = GuardPolicy(settle_seconds=3.0, watch_seconds=8.0)
        return self._local.client(guard=guard, webhook_url=url, webhook_key="key", **settings)

    async def _serve_webhooks(self, client: EdgegapClient, stack: AsyncExitStack) -> None:
        app = web.Application()
        app.router.add_post("/hooks/{rest:.*}", aiohttp_handler(client.webhooks))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", _WEBHOOK_PORT).start()

    async def _keep_time(self) -> None:
        """Begin and end the faults, let the loop stand still, and check the guarantees at every step."""
        moments: list[tuple[float, Any]] = []
        added = self._faults
        for number, fault in enumerate(self._scenario.faults):

            def begin(number: int = number, fault: Any = fault) -> None:
                added[number] = self._local.faults.add(
                    fault.operation, fault.kind, times=None, probability=fault.probability, **fault.options
                )

            def end(number: int = number) -> None:
                added[number].remaining = 0

            moments += [(fault.begins, begin), (fault.ends, end)]
        for pause in self._scenario.pauses:
            moments.append((pause.at, lambda pause=pause: self._loop.pause(pause.seconds, pause.clock_jump)))
        moments.sort(key=lambda each: each[0])
        while True:
            while moments and moments[0][0] <= self._loop.time():
                moments.pop(0)[1]()
            self._ledger.check_running()
            next_at = moments[0][0] if moments else float("inf")
            await asyncio.sleep(max(min(next_at - self._loop.time(), _CHECK_SECONDS), 0))

    async def _call_all(self, client: EdgegapClient) -> None:
        simulated = Simulated(self._loop, client, self._ledger)

        async def call(number: int, caller: Any) -> None:
            await asyncio.sleep(caller.at)
            await simulated.call(f"{caller.kind} {number}", caller)

        await asyncio.gather(*(call(number, caller) for number, caller in enumerate(self._scenario.callers)))

    async def _end(self, client: EdgegapClient, callers: asyncio.Task[None]) -> None:
        closing = self._scenario.closing
        at_most = self._scenario.calm_at + _LATE_SECONDS + self._loop.paused
        await asyncio.wait({callers}, timeout=at_most if closing == "at the end" else self._scenario.closes_at)
        if closing == "at the end" and not callers.done():
            self._ledger.check(False, f"callers do not end: {[each.get_name() for each in self._client_tasks]}")
        if closing == "all tasks cancelled":
            self._loop.is_ending = True
            while self._client_tasks:
                tasks = list(self._client_tasks)
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
        ends = asyncio.create_task(self._close(client))
        if closing == "interrupted":
            for _ in range(2):
                await asyncio.wait({ends}, timeout=self._rng.uniform(0, 0.5))
                ends.cancel()
            await asyncio.wait({ends})
        await self._close(client)
        await asyncio.wait({ends})

    async def _close(self, client: EdgegapClient) -> None:
        self._ledger.is_closing = True
        began, paused = self._loop.time(), self._loop.paused
        try:
            await client.aclose()
        except ExceptionGroup as failures:
            for failure in failures.exceptions:
                assert isinstance(failure, CleanupFailed)
                self._ledger.reports += [failure.id, str(failure)]
        took = self._loop.time() - began - (self._loop.paused - paused)
        self._ledger.check(took < 45, f"closing took {took:.3f} s")

    async def _check_end(self) -> None:
        ledger, scenario = self._ledger, self._scenario
        ledger.check(not self._client_tasks, f"tasks are left: {[each.get_name() for each in self._client_tasks]}")
        await asyncio.sleep(max(scenario.calm_at - self._loop.time(), 0) + 10)
        was_troubled = scenario.calm_at > 0 or scenario.closing == "all tasks cancelled"
        ledger.check_ended(may_report=was_troubled)
        # a pause of the loop holds up the service as well: what was under way arrives together with what follows
        refused = [
            each
            for each in self._local.requests
            if each.status == 429 and not any(end <= each.at < end + 1 for end in self._loop.pauses_ended)
        ]
        injected = sum(each.happened for each in self._faults.values() if each.name == "rate_limited")
        ledger.check(len(refused) <= injected, f"{len(refused) - injected} requests were over a limit")

    async def _check_recovery(self, folder: str) -> None:
        """What the journal of the closed client names is stopped, and nothing else."""
        ledger = self._ledger
        async with self._client(journal=folder) as client:
            with suppress(Exception):
                await client.recover()
        left = {each.request_id for each in self._local.deployments} - ledger.kept.keys() - ledger.doubtful
        ledger.check(not left, f"recover left {sorted(left)}")


class _Records(logging.Handler):
    """Takes the errors that the client logs as reports, and those of asyncio as violations."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(logging.WARNING)
        self._ledger = ledger

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "edgegap_async":
            self._ledger.reports.append(record.getMessage())
        else:
            self._ledger.check(False, f"logged by {record.name}: {self.format(record)}")


@contextmanager
def _logged(ledger: Ledger) -> Generator[None]:
    root, records = logging.getLogger(), _Records(ledger)
    root.addHandler(records)
    try:
        yield
    finally:
        root.removeHandler(records)


def _shown(context: dict[str, Any]) -> list[str]:
    if "RequestHandler.start" in repr(context.get("future")):
        return []  # aiohttp's server receives data while it closes the connection
    return [f"{context.get('message')}: {context.get('exception')!r}"]
