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
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, Final
from unittest import mock

import attrs
from aiohttp import web

from benchmarks.simulated.callers import Simulated
from benchmarks.simulated.event_loop import VirtualLoop, process, seeded
from benchmarks.simulated.ledger import Ledger
from benchmarks.simulated.network import Network, connector_of
from benchmarks.simulated.scenario import Caller, Scenario, StoreFault
from benchmarks.simulated.store import SimulatedStore, SimulatedStoreServer
from edgegap_async import EdgegapClient, GuardPolicy
from edgegap_async.errors import CleanupFailed
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.simulator.http.faults import Fault
from edgegap_async.webhooks.aiohttp import aiohttp_handler

_CHECK_SECONDS: Final = 0.5
_LATE_SECONDS: Final = 90.0
"""How long after all faults the callers have to end."""
_REJOINED_SECONDS: Final = 4.0
"""How long after a process reaches the store again both use the limits according to what they know."""
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


@attrs.define(kw_only=True, eq=False)
class Process:
    """One of the simulated processes.

    Attributes:
        number: Its number, from 0.
        simulated: Its client, as its callers use it.
        store: Its handle of the coordination store.
        context: The context of all that it does.
        tasks: Its tasks that are not done.
        callers: The names of its callers.
        is_dead: Whether it has ended without closing anything.
        suspended_at: When it stood still the last time.
        ended: The end of all that it does: None, or an error of the simulation.
    """

    number: int
    simulated: Simulated
    store: SimulatedStore | None
    context: contextvars.Context
    tasks: dict[asyncio.Task[Any], None] = attrs.field(factory=dict[asyncio.Task[Any], None])
    callers: set[str] = attrs.field(factory=set[str])
    is_dead: bool = False
    suspended_at: float = 0.0
    ended: asyncio.Future[BaseException | None] = attrs.field(
        factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def client(self) -> EdgegapClient:
        return self.simulated.client

    @property
    def has_ended(self) -> bool:
        return self.ended.done()

    def end(self, life: asyncio.Task[None] | None = None) -> None:
        """Record that it has ended."""
        if not self.ended.done():
            self.ended.set_result(life.exception() if life is not None else None)


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
        self._processes: list[Process] = []
        self._store = SimulatedStoreServer(loop.time, self._store_latency)
        self._faults: dict[int, Fault] = {}

    def run(self) -> Result:
        said: list[str] = []
        with warnings.catch_warnings(record=True) as warned, _logged(self._ledger), ExitStack() as stack:
            warnings.simplefilter("always")
            stack.callback(asyncio.set_event_loop, None)
            asyncio.set_event_loop(self._loop)
            self._loop.set_exception_handler(
                lambda _, context: None if self._ledger.is_over else said.extend(_shown(context))
            )
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
            tasks = self._processes[process.get() or 0].tasks
            tasks[task] = None
            task.add_done_callback(lambda done: tasks.pop(done, None))
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
            for number in range(scenario.processes):
                self._processes.append(self._process(number, folder))
            if scenario.has_webhooks:
                await self._serve_webhooks(stack)
            await self._live()
            await self._check_end()
            clock.cancel()
            await asyncio.wait({clock})
            self._ledger.check(clock.cancelled(), f"the simulation itself failed: {clock}")
            if folder is not None:
                await self._check_recovery(folder)
            await self._bury()
        self._ledger.check(not self._network.open, f"{len(self._network.open)} connections were left open")
        others = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        self._ledger.check(not others, f"tasks were left: {others}")

    def _process(self, number: int, folder: str | None) -> Process:
        scenario = self._scenario
        context = contextvars.copy_context()
        store = None if scenario.processes == 1 else SimulatedStore(self._store)
        if store is not None:
            context.run(process.set, number)
        client = self._client(journal=folder, coordination=store, coordination_required=False)
        return Process(
            number=number, simulated=Simulated(self._loop, client, self._ledger), store=store, context=context
        )

    async def _live(self) -> None:
        """Let all processes run until their clients are closed, or they have ended otherwise."""
        if self._scenario.processes == 1:
            await self._live_alone(self._processes[0])
            return
        for each in self._processes:
            life = self._loop.create_task(self._live_alone(each), context=each.context.copy())
            life.add_done_callback(each.end)
        await asyncio.wait([each.ended for each in self._processes])
        for each in self._processes:
            if each.ended.result() is not None:
                self._ledger.check(False, f"the simulation itself failed: {each.ended.result()!r}")

    async def _live_alone(self, each: Process) -> None:
        """Open the client of a process, let its callers use it, and close it."""
        _is_of_client.set(True)
        await each.client.__aenter__()
        callers = asyncio.create_task(self._call_all(each))
        await self._end(each, callers)
        _is_of_client.set(False)
        await asyncio.wait({callers}, timeout=_LATE_SECONDS)
        if not callers.done():
            self._ledger.check(False, f"the callers {[task.get_name() for task in each.tasks]} do not end")
            callers.cancel()

    def _client(self, **settings: Any) -> EdgegapClient:
        url = f"http://127.0.0.1:{_WEBHOOK_PORT}/hooks" if self._scenario.has_webhooks else None
        guard = GuardPolicy(settle_seconds=3.0, watch_seconds=8.0)
        key = "key" if self._scenario.processes == 1 else None  # several processes share one
        return self._local.client(guard=guard, webhook_url=url, webhook_key=key, **settings)

    async def _serve_webhooks(self, stack: AsyncExitStack) -> None:
        """Pass each webhook on to any of the processes."""
        handlers = [aiohttp_handler(each.client.webhooks) for each in self._processes]

        async def handle(request: web.Request) -> web.StreamResponse:
            living = [each.number for each in self._processes if not (each.has_ended or self._is_suspended(each))]
            if not living:
                return web.Response(status=503)
            return await handlers[living[0] if len(handlers) == 1 else self._rng.choice(living)](request)

        app = web.Application()
        app.router.add_post("/hooks/{rest:.*}", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", _WEBHOOK_PORT).start()

    async def _keep_time(self) -> None:
        """Begin and end the faults, let the loop stand still, and check the guarantees at every step."""
        moments: list[tuple[float, Callable[[], object]]] = []
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
            moments.append((pause.at, partial(self._loop.pause, pause.seconds, pause.clock_jump)))
        for each in self._scenario.store_faults:
            moments += [(each.begins, partial(self._begin, each)), (each.ends, partial(self._finish, each))]
        moments.sort(key=lambda each: each[0])
        while True:
            while moments and moments[0][0] <= self._loop.time():
                moments.pop(0)[1]()
            self._ledger.check_running()
            next_at = moments[0][0] if moments else float("inf")
            await asyncio.sleep(max(min(next_at - self._loop.time(), _CHECK_SECONDS), 0))

    # faults of the store and the processes

    def _begin(self, fault: StoreFault) -> None:
        of = self._processes[fault.process]
        match fault.kind:
            case "down":
                self._store.failure_seconds = fault.seconds
                self._store.down = True
            case "flush":
                self._store.flush()
            case "slow":
                self._store.latency = lambda: self._rng.uniform(0, fault.seconds)
            case "cut off" if of.store is not None:
                of.store.down = True
            case "paused" if not (of.has_ended or self._is_suspended(of)):
                self._loop.suspend(of.number)
                of.suspended_at = self._loop.time()
            case "dies" if not of.has_ended:
                self._kill(of)
            case _:
                pass

    def _finish(self, fault: StoreFault) -> None:
        of = self._processes[fault.process]
        match fault.kind:
            case "down":
                self._store.down = False
            case "slow":
                self._store.latency = self._store_latency
            case "cut off" if of.store is not None and not of.is_dead:
                of.store.down = False
            case "paused" if self._is_suspended(of) and not of.is_dead:
                of.simulated.suspended += self._loop.time() - of.suspended_at
                self._loop.resume(of.number)
            case _:
                pass

    def _is_suspended(self, each: Process) -> bool:
        return self._loop.is_suspended(each.number)

    def _store_latency(self) -> float:
        return self._rng.uniform(0.0002, 0.004)

    def _kill(self, each: Process) -> None:
        """End a process without closing anything: what it owns is not checked any more, but what it keeps is."""
        each.is_dead = True
        self._loop.suspend(each.number)
        self._network.kill(each.number)
        self._store.disconnect(each.store)
        for request_id, caller in [*self._ledger.used.items()]:
            if caller in each.callers:
                del self._ledger.used[request_id]
                self._ledger.doubtful.add(request_id)
        self._ledger.dead_owners.add(each.client._guard.tags.owner)
        each.end()

    async def _bury(self) -> None:
        """Close the clients of the processes that have died: they reach nothing, and nothing is checked any more."""
        self._ledger.is_over = any(each.is_dead for each in self._processes)
        for each in self._processes:
            if each.is_dead:
                each.simulated.is_ending = True
                self._loop.resume(each.number)
                await asyncio.sleep(0)
                while each.tasks:
                    tasks = list(each.tasks)
                    for task in tasks:
                        task.cancel()
                    await asyncio.wait(tasks)
                with suppress(ExceptionGroup):
                    await self._loop.create_task(each.client.aclose(), context=each.context.copy())
                await each.client._session.close()  # a client whose closing is cancelled does not
        await asyncio.sleep(1 if self._ledger.is_over else 0)
        self._ledger.is_over = False

    # the callers and the end of a process

    async def _call_all(self, each: Process) -> None:
        async def call(number: int, caller: Caller) -> None:
            await asyncio.sleep(caller.at)
            await each.simulated.call(f"{caller.kind} {number}", caller)

        own = [
            (number, caller) for number, caller in enumerate(self._scenario.callers) if caller.process == each.number
        ]
        each.callers = {f"{caller.kind} {number}" for number, caller in own}
        await asyncio.gather(*(call(number, caller) for number, caller in own))

    async def _end(self, each: Process, callers: asyncio.Task[None]) -> None:
        closing, closes_at = self._scenario.ending(each.number)
        at_most = self._scenario.calm_at + _LATE_SECONDS + self._loop.paused
        await asyncio.wait({callers}, timeout=at_most if closing == "at the end" else closes_at)
        if closing == "at the end" and not callers.done():
            self._ledger.check(False, f"callers do not end: {[task.get_name() for task in each.tasks]}")
        if closing == "all tasks cancelled":
            each.simulated.is_ending = True
            while each.tasks:
                tasks = list(each.tasks)
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
        ends = asyncio.create_task(self._close(each))
        if closing == "interrupted":
            for _ in range(2):
                await asyncio.wait({ends}, timeout=self._rng.uniform(0, 0.5))
                ends.cancel()
            await asyncio.wait({ends})
        await self._close(each)
        await asyncio.wait({ends})

    async def _close(self, each: Process) -> None:
        self._ledger.closing |= each.callers
        began, paused = self._loop.time(), each.simulated.paused
        try:
            await each.client.aclose()
        except ExceptionGroup as failures:
            for failure in failures.exceptions:
                assert isinstance(failure, CleanupFailed)
                self._ledger.reports += [failure.id, str(failure)]
        took = self._loop.time() - began - (each.simulated.paused - paused)
        self._ledger.check(took < 45, f"closing took {took:.3f} s")

    # the end of a scenario

    async def _check_end(self) -> None:
        ledger, scenario = self._ledger, self._scenario
        left = [task.get_name() for each in self._processes if not each.is_dead for task in each.tasks]
        ledger.check(not left, f"tasks are left: {left}")
        await asyncio.sleep(max(scenario.calm_at - self._loop.time(), 0) + 10)
        endings = {scenario.ending(each.number)[0] for each in self._processes}
        was_troubled = scenario.calm_at > 0 or "all tasks cancelled" in endings
        ledger.check_ended(may_report=was_troubled)
        # a pause of the loop holds up the service as well: what was under way arrives together with what follows
        refused = [
            each
            for each in self._local.requests
            if each.status == 429 and not any(end <= each.at < end + 1 for end in self._loop.pauses_ended)
        ]
        injected = sum(each.happened for each in self._faults.values() if each.name == "rate_limited")
        over = max(len(refused) - injected, 0)
        divided = sum(self._is_divided(each.at) for each in refused)
        ledger.outcomes["429 while divided"] += min(over, divided)
        ledger.check(over <= divided, f"{over} requests were over a limit")

    def _is_divided(self, moment: float) -> bool:
        """Whether some processes may use the store while others cannot: these use their part of the limits, too.

        A process that stood still finds that its requests to the store are late, as if the store were lost.
        """
        if self._scenario.processes == 1:
            return False
        spans = [(each, each) for each in self._loop.pauses_ended]
        spans += [
            (each.begins, each.ends)
            for each in self._scenario.store_faults
            if each.kind in {"cut off", "slow", "paused"}
        ]
        return any(begins <= moment < ends + _REJOINED_SECONDS for begins, ends in spans)

    async def _check_recovery(self, folder: str) -> None:
        """What the journals of the closed clients name is stopped, and nothing else."""
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
