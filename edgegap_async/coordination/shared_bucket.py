"""A token bucket that several processes share: each queues its own calls, and reserves their slots in the store."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from edgegap_async.coordination.store import HORIZON_SECONDS, ReservedSlots, SlotRequest
from edgegap_async.errors import DeadlineExceeded
from edgegap_async.limits import Priority, TokenBucket
from edgegap_async.limits.adaptive_rate import AdaptiveRate
from edgegap_async.limits.slot_queue import SlotQueue
from edgegap_async.limits.token_bucket import TIMER_TOLERANCE
from edgegap_async.wake_up import WakeUp

_LATEST_USE: Final = 0.015
"""Seconds after which a slot is not used any more: others use the slots that follow, so it would come too close."""

_MARGIN: Final = 0.005
"""Seconds, besides two round trips, before the last reserved slot at which the next ones are reserved."""

_LONGEST_LEAD: Final = 0.5


class SlotSource(Protocol):
    """Where a shared bucket gets its slots: the store, or this process's share while the store is lost."""

    @property
    def members(self) -> int:
        """How many processes share the slots."""
        ...

    @property
    def round_trip(self) -> float:
        """How long the store took to respond lately, in seconds."""
        ...

    async def reserve(self, request: SlotRequest) -> ReservedSlots:
        """Reserve slots; never raises."""
        ...

    def slow_down(self, request: SlotRequest, *, pause: float, age: float) -> None:
        """Pause and slow a bucket down for all processes, after a 429.

        Args:
            request: The bucket.
            pause: Seconds from now during which no slot is released.
            age: Seconds since the refused request was sent.
        """
        ...


AnnouncePause: TypeAlias = Callable[[str, float], None]
"""Lets the other processes pause a bucket for so many seconds."""


class SharedBucket:
    """A bucket whose slots come from a store. It has the methods of ``TokenBucket``.

    The queue with its priorities is this process's own. Slots are reserved for as many tasks as wait, one of them
    however far ahead it is, and no more than this process's share of the next tenths of a second. So an urgent call
    waits for few slots of others, all processes get as many slots, and a task that is cancelled wastes no more than
    what is reserved. All times are in seconds of the event loop's clock.
    """

    def __init__(self, name: str, limits: TokenBucket, source: SlotSource, announce_pause: AnnouncePause) -> None:
        """Reserve nothing yet.

        Args:
            name: The name of the bucket, the same in all processes.
            limits: The rate and the capacity that all processes share; the bucket itself is not used.
            source: Reserves the slots.
            announce_pause: Called after a 429.
        """
        self._name = name
        self._capacity = limits.capacity
        self._source = source
        self._announce_pause = announce_pause
        self._adaptive = AdaptiveRate(limits.rate)
        self._rate = limits.rate
        self._slots: deque[float] = deque()
        self._next_slot = -math.inf  # no slot before it remains, as far as is known
        self._lead = _MARGIN
        self._queue = SlotQueue(on_joined=self._start, on_left=self._on_left)
        self._timer: asyncio.TimerHandle | None = None
        self._reserving: asyncio.Task[None] | None = None
        self._wake_up = WakeUp()  # ends the sleep of the task that reserves

    def __repr__(self) -> str:
        return f"SharedBucket({self._name}, rate={self._adaptive.full:g}, waiting={self.waiting})"

    @property
    def waiting(self) -> int:
        """How many tasks of this process wait for a slot."""
        return self._queue.waiting

    @property
    def rate(self) -> float:
        """Slots a second of all processes together; this process's share while the store is lost."""
        return self._rate

    async def acquire(self, timeout: float | None = None, *, priority: Priority = Priority.CALL) -> float:
        """Wait for a slot. If the calling task is cancelled, its slot goes to the next waiter.

        Args:
            timeout: Seconds to wait at most; None waits without a limit.
            priority: The queue to wait in.

        Returns:
            The seconds waited.

        Raises:
            DeadlineExceeded: No slot becomes available in time: it is raised as soon as that is known.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._drop_missed_slots(began)
        if not self._queue.waiting and self._slots and self._slots[0] <= began + TIMER_TOLERANCE:
            self._slots.popleft()
            self._queue.slots_taken += 1
            return 0.0
        deadline = math.inf if timeout is None else began + timeout
        if (slot := self._earliest_slot(priority, began)) > deadline:
            raise self._exceeded(slot - began)
        try:
            async with asyncio.timeout(timeout):
                await self._queue.wait(priority, deadline)
        except DeadlineExceeded:
            raise  # refused: it is a TimeoutError, too
        except TimeoutError:
            raise DeadlineExceeded(f"the rate limit of all processes had no slot within {timeout:.3g} s") from None
        return loop.time() - began

    def slot_in(self, priority: Priority = Priority.CALL) -> float:
        """Return the seconds until ``acquire`` would return at the earliest, as far as this process knows."""
        now = asyncio.get_running_loop().time()
        self._drop_missed_slots(now)
        return max(self._earliest_slot(priority, now) - now - TIMER_TOLERANCE, 0.0)

    def pause(self, seconds: float) -> None:
        """Release no slot for a time, and none that is reserved: the store pauses for all processes."""
        self._adaptive.pause(asyncio.get_running_loop().time() + seconds)
        self._slots.clear()
        self._start()

    def drop_slots(self) -> None:
        """Drop what is reserved, maybe far ahead: the store was lost or is back, so others will use these times."""
        self._slots.clear()
        self._next_slot = -math.inf
        self._wake_up.set()
        self._start()

    async def close(self) -> None:
        """Stop reserving slots if no task waits for one; those that wait still get theirs."""
        if self._reserving is not None and not self._queue.waiting:
            self._reserving.cancel()
            await asyncio.wait({self._reserving})

    def slow_down(self, retry_after: float | None = None, *, sent_at: float = math.inf) -> float:
        """Pause after a 429 and continue at a lower rate, in all processes.

        Args:
            retry_after: How long to pause, in seconds; None pauses for 1 second.
            sent_at: The time of the event loop at which the refused request was sent.

        Returns:
            The length of the pause, in seconds.
        """
        now = asyncio.get_running_loop().time()
        seconds = self._adaptive.slow_down(now, retry_after, sent_at=sent_at)
        self._source.slow_down(self._request(0, 0.0), pause=seconds, age=max(now - sent_at, 0.0))
        self._announce_pause(self._name, seconds)
        self.pause(seconds)
        return seconds

    def _earliest_slot(self, priority: Priority, now: float) -> float:
        """Return the earliest time at which a new waiter can get a slot."""
        position, reserved = self._queue.slots_until(priority), len(self._slots)
        if position <= reserved:
            return self._slots[position - 1]
        following = max(now, self._next_slot, self._adaptive.paused_until, *self._slots)
        return following + (position - reserved - 1) / self._rate

    def _exceeded(self, wait: float) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"the rate limit of all processes has no slot in time: the next one is {wait:.3g} s away "
            f"({self._rate:.3g} a second, {self.waiting} waiting here)"
        )

    def _drop_missed_slots(self, now: float) -> None:
        while self._slots and self._slots[0] < now - _LATEST_USE:
            self._slots.popleft()

    def _start(self) -> None:
        """Release the slots that are due, and reserve those that are missing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._slots and self._queue.waiting:
            self._timer = asyncio.get_running_loop().call_at(self._slots[0], self._release_slots)
        if self._queue.waiting > len(self._slots) and self._reserving is None:
            self._reserving = asyncio.create_task(self._reserve(), name=f"edgegap {self._name} slots")

    def _on_left(self, has_slot: bool) -> None:
        now = asyncio.get_running_loop().time()
        if has_slot and now >= self._adaptive.paused_until:
            self._slots.appendleft(now)
        self._start()

    def _release_slots(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        self._drop_missed_slots(now)
        while self._slots and self._slots[0] <= now + TIMER_TOLERANCE and self._queue.serve():
            self._slots.popleft()
        self._start()

    async def _reserve(self) -> None:
        """Reserve slots as long as more tasks wait than slots are reserved."""
        loop = asyncio.get_running_loop()
        try:
            while (missing := self._queue.waiting - len(self._slots)) > 0:
                begins_at = max((*self._slots, self._adaptive.paused_until)) - self._lead
                if begins_at > loop.time() + TIMER_TOLERANCE:
                    await self._wake_up.sleep(begins_at - loop.time())
                    continue
                began = loop.time()
                request = self._request(missing, self._queue.next_deadline() - began)
                reserved = await self._source.reserve(request)
                self._record(reserved, loop.time())
                self._lead = min(_MARGIN + 2 * self._source.round_trip, _LONGEST_LEAD)
        finally:
            self._reserving = None
        self._start()

    def _record(self, reserved: ReservedSlots, now: float) -> None:
        self._rate = reserved.rate
        self._next_slot = now + reserved.next_delay
        self._slots += [slot for delay in reserved.delays if (slot := now + delay) >= self._adaptive.paused_until]
        earliest = now + (reserved.delays or (reserved.next_delay,))[0]
        while self._queue.waiting and self._queue.next_deadline() < earliest:
            self._queue.refuse_next(self._exceeded(earliest - now))
        self._release_slots()

    def _request(self, waiting: int, longest_delay: float) -> SlotRequest:
        """Return a request for this process's share of the slots within the horizon, at least for one."""
        rate, members = self._adaptive.full, self._source.members
        horizon = max(HORIZON_SECONDS, 2 * self._lead)
        return SlotRequest(
            bucket=self._name,
            rate=rate,
            capacity=self._capacity,
            count=min(waiting, math.ceil(rate * horizon / members)),
            longest_delay=longest_delay,
            horizon=horizon + members / rate,  # all shares, of which each is rounded up
        )


class AnnouncingBucket(TokenBucket):
    """A bucket of this process alone, which the other processes pause, too, after a 429."""

    def __init__(self, name: str, limits: TokenBucket, announce_pause: AnnouncePause) -> None:
        """Create a full bucket.

        Args:
            name: The name of the bucket, the same in all processes.
            limits: The rate and the capacity; the bucket itself is not used.
            announce_pause: Called after a 429.
        """
        super().__init__(limits.rate, limits.capacity)
        self._name = name
        self._announce_pause = announce_pause

    def slow_down(self, retry_after: float | None = None, *, sent_at: float = math.inf) -> float:
        """Pause after a 429, let the other processes pause, and continue at a lower rate.

        Args:
            retry_after: How long to pause, in seconds; None pauses for 1 second.
            sent_at: The time of the event loop at which the refused request was sent.

        Returns:
            The length of the pause, in seconds.
        """
        seconds = super().slow_down(retry_after, sent_at=sent_at)
        self._announce_pause(self._name, seconds)
        return seconds
