"""How much several processes that share a store send, and how soon their waits end, in virtual time."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Literal, TypeAlias
from unittest import mock

import attrs

from benchmarks.simulated.event_loop import VirtualLoop, process, seeded
from benchmarks.simulated.network import Network, connector_of
from benchmarks.simulated.store import SimulatedStore, SimulatedStoreServer
from edgegap_async import EdgegapClient
from edgegap_async.coordination.store import Membership, ReservedSlots, SlotRequest
from edgegap_async.errors import EdgegapError
from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.simulator.domain.deployment_parameters import DeploymentParameters
from edgegap_async.simulator.domain.geography import CITIES
from edgegap_async.waiting.subscriptions import RequestRecord

Event: TypeAlias = Literal["idle", "busy", "leader dies", "store down"]
"""What happens: no process waits for anything; all wait, and create a server for each that is ready; the same, and the
process that polls for all ends without closing anything; the same, and the store cannot be reached for 10 s."""

EVENTS: Final[tuple[Event, ...]] = ("idle", "busy", "leader dies", "store down")

_READY_PER_SECOND: Final = 25.0
"""How many servers become ready in a second, and are created: below the limit of creations, 40."""

_WARM_UP_SECONDS: Final = 10.0
_DOWN_SECONDS: Final = 10.0
_LATE_SECONDS: Final = 60.0
"""How long after the measured time the waits for what was ready in it may take."""

_LATENCY: Final = (0.005, 0.02)
"""The shortest and the longest delay of data between a process and the service, in seconds."""

_STORE_LATENCY: Final = (0.0002, 0.004)
"""The same to the store, from which each process draws its own; each request takes up to half more."""

_TIMEOUT: Final = 1_000_000.0


@attrs.frozen(kw_only=True)
class Load:
    """What is simulated.

    Attributes:
        processes: How many processes share the store.
        waiters: For how many servers they wait at once, together.
        event: What happens.
        seed: The seed of all randomness.
        seconds: For how long it is measured, after the first ten seconds.
    """

    processes: int
    waiters: int
    event: Event
    seed: int = 1
    seconds: float = 30.0


@attrs.frozen(kw_only=True)
class Shared:
    """What was measured.

    Attributes:
        load: What was simulated.
        requests: Requests to the service, by bucket.
        store_requests: Requests to the store.
        heartbeats: How many of them are heartbeats.
        reservations: How many reserve slots.
        updates: How many register waits and send messages.
        messages: Messages that were sent through the store.
        deliveries: Messages that processes received.
        refused: Responses with 429, from the start to the end.
        delays: Seconds from the moment at which a server was ready until its wait ended, sorted; infinite for a wait
            that did not end within another minute.
        takeovers: How often another process became the one that polls for all.
        errors: Errors of waits and creations, by their type.
    """

    load: Load
    requests: Mapping[str, int]
    store_requests: int
    heartbeats: int
    reservations: int
    updates: int
    messages: int
    deliveries: int
    refused: int
    delays: Sequence[float]
    takeovers: int
    errors: Mapping[str, int]

    def delay(self, share: float) -> float | None:
        """Return the delay that a share of the waits do not exceed, None without waits."""
        return self.delays[min(int(share * len(self.delays)), len(self.delays) - 1)] if self.delays else None


def measure(load: Load) -> Shared:
    """Simulate a load."""
    with seeded(load.seed, is_shuffled=False) as loop:
        network = Network(loop, random.Random(f"{load.seed}:network"), _LATENCY)
        loop.create_listener = network.listen
        connector = connector_of(network)
        with mock.patch("aiohttp.TCPConnector", connector), mock.patch("aiohttp.client.TCPConnector", connector):
            asyncio.set_event_loop(loop)
            try:
                return loop.run_until_complete(_Measurement(load, loop, network).run())
            finally:
                asyncio.set_event_loop(None)


class _CountingServer(SimulatedStoreServer):
    """Counts what it does, and the takeovers."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__(loop.time)
        self.counted: Counter[str] = Counter()
        self.leaders: list[str] = []

    def update(self, member: str, watches: Mapping[str, bytes | None], messages: Sequence[bytes]) -> None:
        self.counted["updates"] += 1
        self.counted["sent"] += len(messages)
        self.counted["delivered"] += len(messages) * len(self.subscribers)
        super().update(member, watches, messages)

    def reserve(self, request: SlotRequest) -> ReservedSlots:
        self.counted["reservations"] += 1
        return super().reserve(request)

    def beat(self, member: str, may_lead: bool = True) -> Membership:
        self.counted["heartbeats"] += 1
        membership = super().beat(member, may_lead)
        if self.leaders[-1:] != [membership.leader]:
            self.leaders.append(membership.leader)
        return membership


@attrs.define(eq=False)
class _Process:
    """One process: its client, its handle of the store, and the context of all that it does."""

    client: EdgegapClient
    store: SimulatedStore
    context: contextvars.Context
    waits: list[asyncio.Task[Any]] = attrs.field(factory=list[asyncio.Task[Any]])

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Do something as this process."""
        return asyncio.get_running_loop().create_task(work, context=self.context.copy())


class _Measurement:
    """One simulation of a load."""

    def __init__(self, load: Load, loop: VirtualLoop, network: Network) -> None:
        self._load = load
        self._loop = loop
        self._network = network
        self._rng = random.Random(f"{load.seed}:load")
        self._typical = max(load.waiters, 1) / _READY_PER_SECOND
        self._local = LocalEdgegap(seed=load.seed, time_to_ready=(self._typical * 0.5, self._typical * 1.5))
        self._server = _CountingServer(loop)
        self._processes: list[_Process] = []
        self._counted: Counter[str] = Counter()
        self._refused = 0
        self._noticed: dict[str, float] = {}
        self._errors: Counter[str] = Counter()

    async def run(self) -> Shared:
        load = self._load
        async with self._local:
            self._network.as_server = contextvars.copy_context()
            self._processes = [self._process(number) for number in range(load.processes)]
            await asyncio.gather(*(each.start(each.client.__aenter__()) for each in self._processes))
            if load.event != "idle":
                self._wait_for_all()
            await asyncio.sleep(_WARM_UP_SECONDS)
            began, before = self._loop.time(), self._counters()
            dead = await self._happen()
            await asyncio.sleep(began + load.seconds - self._loop.time())
            counted, ended = self._counters() - before, self._loop.time()
            delays = await self._delays(began, ended)
            takeovers = len(self._server.leaders) - 1
            await self._close(dead)
            return Shared(
                load=load,
                requests={name[3:]: count for name, count in sorted(counted.items()) if name.startswith("to ")},
                store_requests=counted["store"],
                heartbeats=counted["heartbeats"],
                reservations=counted["reservations"],
                updates=counted["updates"],
                messages=counted["sent"],
                deliveries=counted["delivered"],
                refused=sum(each.status == 429 for each in self._local.requests),
                delays=delays,
                takeovers=takeovers,
                errors=self._errors,
            )

    def _process(self, number: int) -> _Process:
        context = contextvars.copy_context()
        context.run(process.set, number)
        rng = random.Random(f"{self._load.seed}:process {number}")
        longest = rng.uniform(*_STORE_LATENCY) / 2  # to the store and back
        store = SimulatedStore(self._server, lambda: rng.uniform(longest, 1.5 * longest))
        return _Process(self._local.client(coordination=store), store, context)

    # waiting

    def _wait_for_all(self) -> None:
        """Let each process wait for its part of the servers, which were requested some time ago."""
        for number in range(self._load.waiters):
            of = self._processes[number % len(self._processes)]
            seconds = self._rng.uniform(0.5, 1.5) * self._typical
            age = self._rng.uniform(0, seconds)
            request_id = self._create(seconds - age)
            # as if the client had created it
            of.client._watchers.deployments._registry._requests[request_id] = RequestRecord(
                requested_at=self._loop.time() - age, version=("kart", "v1")
            )
            of.waits.append(of.start(self._keep_waiting(of.client, request_id)))

    def _create(self, seconds: float) -> str:
        """Create a server that is ready after some seconds, without a request."""
        world, city = self._local._started.world, self._rng.choice(CITIES)
        typical, world._time_to_ready = world._time_to_ready, (seconds, seconds)
        try:
            parameters = DeploymentParameters(application="kart", version="v1", users=[city.position], user_count=1)
            return world.create(parameters).request_id
        finally:
            world._time_to_ready = typical

    async def _keep_waiting(self, client: EdgegapClient, request_id: str) -> None:
        """Wait for a server, create the next one, and so on."""
        while True:
            try:
                await client.deployments.wait_until_ready(request_id, timeout=_TIMEOUT)
                self._noticed[request_id] = self._loop.time()
                user = f"203.0.113.{self._rng.randrange(1, 255)}"
                request_id = (await client.deployments.create("kart", "v1", users=[user])).request_id
            except EdgegapError as error:
                self._errors[type(error).__name__] += 1
                return

    async def _delays(self, began: float, ended: float) -> list[float]:
        """Return how late the waits ended for what was ready in a time, when they have ended."""
        ready = {
            each.request_id: at
            for each in self._local.history
            if (at := each.ready_at) is not None and began <= at < ended
        }
        dead = self._awaited_by_the_dead()
        until = self._loop.time() + _LATE_SECONDS
        while self._loop.time() < until and not ready.keys() - dead <= self._noticed.keys():  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        return sorted(self._noticed.get(id, float("inf")) - at for id, at in ready.items() if id not in dead)

    # what happens

    async def _happen(self) -> _Process | None:
        third = self._load.seconds / 3
        await asyncio.sleep(third)
        if self._load.event == "leader dies":
            return self._kill_leader()
        if self._load.event == "store down":
            self._server.down = True
            await asyncio.sleep(_DOWN_SECONDS)
            self._server.down = False
        return None

    def _kill_leader(self) -> _Process | None:
        for number, each in enumerate(self._processes):
            if each.client.coordination is not None and each.client.coordination.is_leader:
                self._loop.suspend(number)
                self._network.kill(number)
                each.store.down = True
                return each
        return None

    def _awaited_by_the_dead(self) -> set[str]:
        """Return the servers that only a process waits for that has ended."""
        dead = (self._processes[number] for number in self._network.dead)
        return {entry.id for each in dead for entry in each.client._watchers.deployments.entries()}

    def _counters(self) -> Counter[str]:
        counted = Counter(
            f"to {OPERATIONS[each.operation_id].bucket}" for each in self._local.requests if each.operation_id
        )
        counted["store"] = sum(each.store.round_trips for each in self._processes)
        return counted + self._server.counted

    async def _close(self, dead: _Process | None) -> None:
        """Close all clients, at last that of the process that has ended, which reaches nothing any more."""
        for each in sorted(self._processes, key=lambda each: each is dead):
            if each is dead:
                self._loop.resume(self._processes.index(each))
            for wait in each.waits:
                wait.cancel()
            if each.waits:
                await asyncio.wait(each.waits)
            with suppress(ExceptionGroup):
                await each.start(each.client.aclose())
