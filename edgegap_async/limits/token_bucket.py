"""The token bucket behind every rate limit: one timestamp, a queue for each priority, and one timer."""

from __future__ import annotations

import asyncio
import enum
import math
from collections import deque
from typing import Final, TypeAlias

from edgegap_async.errors import ConfigurationError, DeadlineExceeded
from edgegap_async.validation import validate_number, validate_positive

# After a 429: the factor by which the rate drops, the share of the full rate that it never drops below, the time over
# which it recovers, and the pause if the response does not say how long (the documented rates are per second).
_SLOWDOWN_FACTOR: Final = 0.7
_MIN_RATE_SHARE: Final = 0.1
_RECOVERY_SECONDS: Final = 30.0
_DEFAULT_PAUSE_SECONDS: Final = 1.0

_TIMER_TOLERANCE: Final = 1e-6
"""Seconds: event loops fire timers up to a clock tick early, so a slot this close counts as available."""

_Waiter: TypeAlias = "asyncio.Future[None]"


class Priority(enum.IntEnum):
    """The order in which calls that wait for the same bucket get their slots."""

    URGENT = 0
    """Starting and stopping servers."""
    CALL = 1
    """All other calls."""
    POLL = 2
    """Polling by the client itself."""


_TURNS: Final = (Priority.POLL, Priority.URGENT, Priority.CALL, Priority.URGENT)
"""Whose turn a slot is, over and over. A turn of a priority that has no waiter goes to the highest one that has."""

_WEIGHTS: Final = tuple(_TURNS.count(each) for each in Priority)
"""The turns of each priority in one round: the slots that it gets at least, for as long as it has waiters."""

_SERVING_ORDERS: Final = tuple((turn, *(each for each in Priority if each != turn)) for turn in _TURNS)
"""The priorities in the order in which each turn's slot is offered to them."""


class TokenBucket:
    """An asyncio rate limiter: at most ``capacity + rate * seconds`` acquisitions in any span of time.

    ::

        bucket = TokenBucket(rate=10, capacity=2)  # 10 a second, 2 at once after a pause
        await bucket.acquire(timeout=5)

    Waiters are served first come, first served within a priority, and each is woken once. Of four slots, two go to
    URGENT waiters, one to CALL and one to POLL; what a priority without waiters would get goes to the highest priority
    that has some. So a priority that waits is passed over for three slots at most.

    The bucket keeps one timestamp, and one timer for the head of the queue, instead of assigning each waiter a time to
    sleep until. A pause, a new rate and a cancelled waiter therefore take effect for all waiters behind, and an event
    loop that stalled does not release a burst. A bucket belongs to one event loop.
    """

    def __init__(self, rate: float, capacity: float = 1.0) -> None:
        """Create a full bucket.

        Args:
            rate: Acquisitions a second; ``math.inf`` is no limit.
            capacity: How many acquisitions may follow at once after a pause, at least 1.

        Raises:
            ConfigurationError: The rate is not above 0, or the capacity is not a finite number of at least 1.
        """
        self._full_rate = float(validate_positive(rate, "the rate of a TokenBucket (a second)"))
        self._capacity = float(validate_number(capacity, "the capacity of a TokenBucket", minimum=1))
        if math.isinf(self._capacity):
            raise ConfigurationError("the capacity of a TokenBucket must be finite: pass rate=math.inf for no limit")
        self._rate = self._full_rate
        self._slowed_rate = self._full_rate
        self._slowed_at = -math.inf
        self._paused_until = -math.inf
        self._empty_at = -math.inf  # the time at which the bucket held, or will hold, exactly no token
        self._queues: tuple[deque[_Waiter], ...] = tuple(deque() for _ in Priority)
        # Cancelled waiters are counted out at once, and dropped from their queue when they reach its head.
        self._waiting_by_priority = [0 for _ in Priority]
        self._waiting = 0
        self._slots_taken = 0
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        if not hasattr(self, "_waiting"):
            return "<TokenBucket, not created>"
        return f"TokenBucket(rate={self._full_rate:g}, capacity={self._capacity:g}, waiting={self.waiting})"

    @property
    def waiting(self) -> int:
        """How many tasks wait for a slot."""
        return self._waiting

    @property
    def rate(self) -> float:
        """Acquisitions a second as of the last use; after a 429 it is below the full rate for a while."""
        return self._rate

    async def acquire(self, timeout: float | None = None, *, priority: Priority = Priority.CALL) -> float:
        """Wait for a slot. If the calling task is cancelled, its slot goes to the next waiter.

        Args:
            timeout: Seconds to wait at most; None waits without a limit.
            priority: The queue to wait in.

        Returns:
            The seconds waited, 0.0 if a slot was available.

        Raises:
            DeadlineExceeded: No slot becomes available in time. It is raised at once if the queue already is too
                long, else when the timeout ends.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._refill(began)
        latest = began + _TIMER_TOLERANCE
        # as _slot_time(1) and _take_slot, without the calls: nearly every acquisition ends here
        if not self._waiting and self._empty_at + 1 / self._rate <= latest and self._paused_until <= latest:
            self._empty_at += 1 / self._rate
            self._slots_taken += 1
            return 0.0
        if timeout is not None and (wait := self._earliest_slot(priority) - began) > timeout:
            raise DeadlineExceeded(
                f"the rate limit has no slot within {timeout:.3g} s: the next one is {wait:.3g} s away "
                f"({self._rate:.3g} a second, {self.waiting} waiting)"
            )
        waiter = loop.create_future()
        self._queues[priority].append(waiter)
        self._change_waiting(priority, 1)
        self._start_timer(loop)
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except BaseException as error:
            self._abandon(waiter, priority, loop)
            if isinstance(error, TimeoutError):
                raise DeadlineExceeded(f"the rate limit had no slot within {timeout:.3g} s") from None
            raise
        return loop.time() - began

    def slot_in(self, priority: Priority = Priority.CALL) -> float:
        """Return the seconds until ``acquire`` would return, 0 for at once.

        This is exact if no other waiter joins or leaves the queues, and the rate stays.
        """
        now = asyncio.get_running_loop().time()
        self._refill(now)
        return max(self._earliest_slot(priority) - now - _TIMER_TOLERANCE, 0.0)

    def pause(self, seconds: float) -> None:
        """Release no slot for ``seconds`` from now. A pause that already lasts longer stays in effect."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)

    def slow_down(self, retry_after: float | None = None, *, sent_at: float = math.inf) -> float:
        """Pause after a 429 and continue at a lower rate, which recovers over 30 seconds.

        Args:
            retry_after: How long to pause, in seconds; None pauses for 1 second.
            sent_at: The time of the event loop at which the refused request was sent. If several requests that were
                under way together are refused, only the first lowers the rate.

        Returns:
            The length of the pause, in seconds.
        """
        now = asyncio.get_running_loop().time()
        self._refill(now)
        if sent_at > self._slowed_at:
            self._slowed_rate = max(self._rate * _SLOWDOWN_FACTOR, self._full_rate * _MIN_RATE_SHARE)
            self._slowed_at = now
        seconds = _DEFAULT_PAUSE_SECONDS if retry_after is None else retry_after
        self.pause(seconds)
        return seconds

    def _refill(self, now: float) -> None:
        """Update the rate and the tokens to ``now``; tokens beyond the capacity are discarded."""
        if self._slowed_rate != self._full_rate:
            self._rate = self._rate_at(now)
        full_since = now - self._capacity / self._rate
        self._empty_at = max(self._empty_at, full_since)

    def _rate_at(self, now: float) -> float:
        """Return the full rate, or after a 429 a lower one that rises linearly."""
        recovered = (now - max(self._slowed_at, self._paused_until)) / _RECOVERY_SECONDS
        if recovered >= 1:
            return self._full_rate
        return self._slowed_rate + (self._full_rate - self._slowed_rate) * max(recovered, 0.0)

    def _slot_time(self, n: int) -> float:
        """Return the time of the ``n``-th slot from now."""
        return max(self._empty_at + n / self._rate, self._paused_until)

    def _earliest_slot(self, priority: Priority) -> float:
        """Return the time at which a new waiter gets a slot if no other waiter joins or leaves the queues."""
        return self._slot_time(self._slots_until(priority) if self._waiting else 1)

    def _slots_until(self, priority: Priority) -> int:
        """Return how many slots are released up to that of a new waiter: many rounds of turns at a time."""
        waiting = self._waiting_by_priority.copy()
        waiting[priority] += 1
        slot = self._slots_taken
        while True:
            shares = {each: _WEIGHTS[each] for each in Priority if waiting[each]}
            highest = min(shares)
            shares[highest] += len(_TURNS) - sum(shares.values())
            # as many rounds as no queue runs empty in, and the new waiter is not yet served in
            rounds = min((waiting[each] - (each == priority)) // share for each, share in shares.items())
            for each, share in shares.items():
                waiting[each] -= rounds * share
            slot += rounds * len(_TURNS)
            while all(waiting[each] for each in shares):
                turn = _TURNS[slot % len(_TURNS)]
                served = turn if turn in shares else highest
                waiting[served] -= 1
                slot += 1
            if not waiting[priority]:
                return slot - self._slots_taken

    def _change_waiting(self, priority: int, change: int) -> None:
        self._waiting_by_priority[priority] += change
        self._waiting += change

    def _take_slot(self) -> None:
        self._empty_at += 1 / self._rate
        self._slots_taken += 1

    def _next_waiter(self) -> tuple[_Waiter, int] | None:
        """Remove and return the next waiter; None if all that are counted are cancelled and did not run since."""
        for priority in _SERVING_ORDERS[self._slots_taken % len(_TURNS)]:
            queue = self._queues[priority]
            while queue:
                waiter = queue.popleft()
                if not waiter.done():
                    return waiter, priority
        return None

    def _start_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None and self._waiting:
            self._timer = loop.call_at(self._slot_time(1), self._release_slots, loop)

    def _release_slots(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        self._refill(now)
        while self._waiting and self._slot_time(1) <= now + _TIMER_TOLERANCE:
            found = self._next_waiter()
            if found is None:
                return  # each cancelled waiter restarts the timer when it runs
            waiter, priority = found
            self._change_waiting(priority, -1)
            self._take_slot()
            waiter.set_result(None)
        self._start_timer(loop)

    def _abandon(self, waiter: _Waiter, priority: Priority, loop: asyncio.AbstractEventLoop) -> None:
        if waiter.cancelled() or waiter.cancel():
            self._change_waiting(priority, -1)
        else:
            # It got a slot and was cancelled before it ran: the slot is unused and goes back.
            self._empty_at -= 1 / self._rate
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._start_timer(loop)
