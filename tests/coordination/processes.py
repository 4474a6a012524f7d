"""Clients in one event loop, each of which stands for a process, with one simulated store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

from benchmarks.simulated.store import SimulatedStore, SimulatedStoreServer
from edgegap_async import EdgegapClient
from edgegap_async.coordination.coordination import Coordination
from edgegap_async.coordination.store import CoordinationStore, Membership, ReservedSlots, SlotRequest
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]
POLLS = ("deployment-list", "deployment-get")
LATENCY = 0.001

ResultT = TypeVar("ResultT")


def now() -> float:
    return asyncio.get_running_loop().time()


def simulated_server() -> SimulatedStoreServer:
    """A store in the virtual time of the event loop, at 1 ms."""
    offset = 1_800_000_000 - now()
    server = SimulatedStoreServer(lambda: now() + offset, lambda: LATENCY)
    server.failure_seconds = 0.0  # it refuses connections
    return server


class PausableStore:
    """The store as a process sees it that can be paused: what it sends and receives meanwhile is late."""

    def __init__(self, inner: CoordinationStore) -> None:
        self.inner = inner
        self._running = asyncio.Event()
        self._running.set()

    def pause(self) -> None:
        self._running.clear()

    def resume(self) -> None:
        self._running.set()

    @property
    def round_trips(self) -> int:
        return self.inner.round_trips

    async def _run(self, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        await self._running.wait()
        return await call()

    async def open(self) -> None:
        await self._run(self.inner.open)

    async def close(self) -> None:
        await self.inner.close()

    async def beat(self, member: str, *, may_lead: bool = True) -> Membership:
        return await self._run(lambda: self.inner.beat(member, may_lead=may_lead))

    async def leave(self, member: str) -> None:
        await self._run(lambda: self.inner.leave(member))

    async def living(self) -> set[str]:
        return await self._run(self.inner.living)

    async def shared_value(self, name: str, proposal: bytes) -> bytes:
        return await self._run(lambda: self.inner.shared_value(name, proposal))

    async def reserve(self, request: SlotRequest) -> ReservedSlots:
        return await self._run(lambda: self.inner.reserve(request))

    async def slow_down(self, request: SlotRequest, *, pause: float, age: float) -> None:
        await self._run(lambda: self.inner.slow_down(request, pause=pause, age=age))

    async def update(self, member: str, watches: Mapping[str, bytes | None], messages: Sequence[bytes] = ()) -> None:
        await self._run(lambda: self.inner.update(member, watches, messages))

    async def watches(self, without: Collection[str] = ()) -> Mapping[str, Mapping[str, bytes]]:
        return await self._run(lambda: self.inner.watches(without))

    async def messages(self, member: str) -> AsyncGenerator[bytes, None]:
        async with aclosing(self.inner.messages(member)) as messages:
            async for message in messages:
                await self._running.wait()
                yield message


def shared(edgegap: EdgegapClient) -> Coordination:
    assert edgegap.coordination is not None
    return edgegap.coordination


async def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> float:
    """Wait until something is true; return after how many seconds it was."""
    began = now()
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
    return now() - began


@asynccontextmanager
async def processes(
    local: LocalEdgegap, stores: Sequence[CoordinationStore], **settings: Any
) -> AsyncIterator[list[EdgegapClient]]:
    """One client for each store, all open, of which the first leads; closed in the opposite order."""
    clients = [local.client(coordination=store, **settings) for store in stores]
    opened: list[EdgegapClient] = []
    try:
        for client in clients:
            await client.__aenter__()
            opened.append(client)
        await asyncio.sleep(0.5)  # each knows all members
        yield clients
    finally:
        await asyncio.gather(*(client.aclose() for client in opened))


def handles(server: SimulatedStoreServer, count: int) -> list[SimulatedStore]:
    return [SimulatedStore(server) for _ in range(count)]


async def lateness(edgegap: EdgegapClient, local: LocalEdgegap, **options: Any) -> float:
    """Deploy a server; return the seconds from its READY to the end of the deploy."""
    server = await edgegap.deployments.deploy("kart", "v1", users=USERS, timeout=120, **options)
    ready_at = local.history[server.request_id].ready_at
    assert ready_at is not None
    return now() - ready_at


def polls(local: LocalEdgegap, *, since: float = 0.0) -> int:
    return sum(request.operation_id in POLLS and request.at >= since for request in local.requests)


def most_in_a_second(local: LocalEdgegap, operation_id: str) -> int:
    """Return the largest number of requests of an operation in any second."""
    moments = sorted(request.at for request in local.requests if request.operation_id == operation_id)
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def refused(local: LocalEdgegap) -> int:
    return sum(request.status == 429 for request in local.requests)
