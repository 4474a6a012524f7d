"""Where the slots of shared buckets come from: the store, or this process's share of the rates while it is lost."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

import attrs

from edgegap_async.coordination.fair_share import FairShare
from edgegap_async.coordination.store import CoordinationStore, Membership, ReservedSlots, SlotRequest, StoreError

_LOSING_SECONDS: Final = 0.45
"""How long a process waits before it uses its share: others use reserved slots until their next heartbeat fails."""

_REJOINING_SECONDS: Final = 1.5
"""How long a process keeps to its share after the store is back: by then the others use it, too."""

_COUNTING_SECONDS: Final = 1.0
"""How long a process keeps to the members that it knows after the store has lost its data: all send a heartbeat."""


class SharedSlots:
    """Reserves slots for the shared buckets of one process. Times are those of the event loop, in seconds."""

    def __init__(self, store: CoordinationStore, on_lost: Callable[[StoreError], None]) -> None:
        """Reserve nothing yet.

        Args:
            store: The store.
            on_lost: Called when the store does not respond; it calls ``disconnect``.
        """
        self._store = store
        self._on_lost = on_lost
        self._share = FairShare()
        self._is_connected = False
        self._was_connected = False
        self._shares_from = -math.inf
        self._shares_until = -math.inf
        self._round_trip = 0.0
        self._counted_at = -math.inf  # the store does not know all members before
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def members(self) -> int:
        """How many processes share the slots, as far as is known."""
        return self._share.members

    @property
    def round_trip(self) -> float:
        """How long the store took to respond to the last request for slots, in seconds."""
        return self._round_trip

    def connect(self) -> None:
        """Use the store; after a loss, only for this process's share until the others use the store, too."""
        if self._was_connected:
            self._shares_until = asyncio.get_running_loop().time() + _REJOINING_SECONDS
        self._is_connected = self._was_connected = True

    def disconnect(self) -> None:
        """Use this process's share, without the store."""
        if self._is_connected:
            self._shares_from = asyncio.get_running_loop().time() + _LOSING_SECONDS
        self._is_connected = False

    async def close(self) -> None:
        """Wait for what is under way."""
        self._is_connected = False
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def update(self, membership: Membership, now: float, *, doubt: float = 0.0) -> None:
        """Remember the members and the store's clock, for the time without the store.

        Args:
            membership: The reply to a heartbeat.
            now: When the store sent it.
            doubt: How much earlier or later it may have been.
        """
        if not membership.was_known and self._share.members > 1:
            self._counted_at = now + _COUNTING_SECONDS
        if now >= max(self._shares_until, self._counted_at):
            self._share.update(membership, now, doubt=doubt)

    def store_time(self, now: float) -> float:
        """Return the time of the store's clock."""
        return self._share.store_time(now)

    async def reserve(self, request: SlotRequest) -> ReservedSlots:
        """Reserve slots."""
        loop = asyncio.get_running_loop()
        if self._is_connected and loop.time() < self._shares_until:
            return await self._reserve_in_turn(request)
        if self._is_connected:
            try:
                return await self._reserve_in_store(request)
            except StoreError as error:
                self._on_lost(error)
        return self._share.reserve(request, loop.time(), earliest=self._shares_from)

    async def _reserve_in_turn(self, request: SlotRequest) -> ReservedSlots:
        """Reserve a slot in the store once a slot of this process's share has come, or all use the store again."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        own = self._share.reserve(attrs.evolve(request, count=1), began)
        turn = min((*own.delays, self._shares_until - began))
        if turn > request.longest_delay:
            return attrs.evolve(own, next_delay=turn)
        await asyncio.sleep(turn)
        remaining = request.longest_delay - (loop.time() - began)
        try:
            return await self._reserve_in_store(attrs.evolve(request, count=1, longest_delay=remaining))
        except StoreError as error:
            self._on_lost(error)
            return attrs.evolve(own, delays=())

    async def _reserve_in_store(self, request: SlotRequest) -> ReservedSlots:
        loop = asyncio.get_running_loop()
        began = loop.time()
        slots = await self._store.reserve(request)
        self._round_trip = loop.time() - began
        return slots

    def slow_down(self, request: SlotRequest, *, pause: float, age: float) -> None:
        """Pause and slow a bucket down for all processes.

        Args:
            request: The bucket.
            pause: Seconds from now during which no slot is released.
            age: Seconds since the refused request was sent.
        """
        self._share.slow_down(request, asyncio.get_running_loop().time(), pause=pause, age=age)
        if self._is_connected:
            task = asyncio.create_task(self._slow_down(request, pause, age), name="edgegap slow down")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _slow_down(self, request: SlotRequest, pause: float, age: float) -> None:
        try:
            await self._store.slow_down(request, pause=pause, age=age)
        except StoreError as error:
            self._on_lost(error)
