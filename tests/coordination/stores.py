"""Real and simulated stores under one interface, with a clock that a test sets."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Protocol

from benchmarks.own_valkey import OwnValkey
from benchmarks.simulated.store import SimulatedStore, SimulatedStoreServer
from edgegap_async.coordination.store import CoordinationStore, SlotRequest
from edgegap_async.coordination.valkey import ValkeyStore

HORIZON = 0.1

START = 1_800_000_000_000_000
"""The first time of the store's clock, in microseconds."""


class TimedValkeyStore(ValkeyStore):
    """A store whose clock is a key."""

    clock: ClassVar[str] = "local now = tonumber(redis.call('GET', 'test:now'))\n"


class Shared(Protocol):
    """A store that several processes share."""

    def process(self) -> CoordinationStore:
        """Another process that uses the store."""
        ...

    def advance(self, seconds: float) -> None: ...

    def flush(self) -> None: ...

    async def close(self) -> None: ...


class SharedValkey:
    def __init__(self, server: OwnValkey, organisation: str) -> None:
        self._server = server
        self._organisation = organisation
        self._time = START
        self._processes: list[ValkeyStore] = []
        self._admin = server.admin
        self.advance(0)

    def process(self) -> CoordinationStore:
        store = TimedValkeyStore(self._server.url, organisation=self._organisation)
        self._processes.append(store)
        return store

    def advance(self, seconds: float) -> None:
        self._time += round(seconds * 1_000_000)
        self._admin.set("test:now", self._time)

    def flush(self) -> None:
        self._admin.flushall()
        self.advance(0)

    async def close(self) -> None:
        self._admin.close()
        for each in self._processes:
            await each.close()


class SharedSimulation:
    def __init__(self) -> None:
        self._time = START
        self.server = SimulatedStoreServer(lambda: self._time / 1_000_000)

    def process(self) -> CoordinationStore:
        return SimulatedStore(self.server)

    def advance(self, seconds: float) -> None:
        self._time += round(seconds * 1_000_000)

    def flush(self) -> None:
        self.server.flush()

    async def close(self) -> None:
        await asyncio.sleep(0)


def slots(
    *, rate: float = 10, capacity: float = 2, count: int = 1, longest_delay: float = 60, bucket: str = "deploy"
) -> SlotRequest:
    return SlotRequest(
        bucket=bucket,
        rate=rate,
        capacity=capacity,
        count=count,
        longest_delay=longest_delay,
        horizon=HORIZON,
    )
