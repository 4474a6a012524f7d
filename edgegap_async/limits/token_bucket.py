"""The token bucket behind every rate limit: one timestamp, a queue for each priority, and one timer."""

from __future__ import annotations

import asyncio
import math
from typing import Final

from edgegap_async.errors import ConfigurationError, DeadlineExceeded
from edgegap_async.limits.adaptive_rate import AdaptiveRate
from edgegap_async.limits.slot_queue import Priority, SlotQueue
from edgegap_async.validation import validate_number, validate_positive

TIMER_TOLERANCE: Final = 1e-6
"""Seconds: event loops fire timers up to a clock tick early, so a slot this close counts as available."""


class TokenBucket:
    """An asyncio rate limiter: at most ``capacity + rate * seconds`` acquisitions in any span of time.

    ::

        bucket = TokenBucket(rate=10, capacity=2)  # 10 a second, 2 at once after a pause
        await bucket.acquire(timeout=5)

    Waiters are served by priority, and first come, first served within one (see ``SlotQueue``).

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
        self._adaptive = AdaptiveRate(float(validate_positive(rate, "the rate of a TokenBucket (a second)")))
        self._capacity = float(validate_number(capacity, "the capacity of a TokenBucket", minimum=1))
        if math.isinf(self._capacity):
            raise ConfigurationError("the capacity of a TokenBucket must be finite: pass rate=math.inf for no limit")
        self._rate = self._adaptive.full
        self._empty_at = -math.inf  # the time at which the bucket held, or will hold, exactly no token
        self._timer: asyncio.TimerHandle | None = None
        self._queue = SlotQueue(on_joined=self._start_timer, on_left=self._restart_timer)

    def __repr__(self) -> str:
        if not hasattr(self, "_queue"):
            return "<TokenBucket, not created>"
        return f"TokenBucket(rate={self._adaptive.full:g}, capacity={self._capacity:g}, waiting={self.waiting})"

    @property
    def waiting(self) -> int:
        """How many tasks wait for a slot."""
        return self._queue.waiting

    @property
    def capacity(self) -> float:
        """How many acquisitions may follow at once after a pause."""
        return self._capacity

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
        queue, interval, latest = self._queue, 1 / self._rate, began + TIMER_TOLERANCE
        # as _slot_time(1), without the call: nearly every acquisition ends here
        if not queue.waiting and self._empty_at + interval <= latest and self._adaptive.paused_until <= latest:
            self._empty_at += interval
            queue.slots_taken += 1
            return 0.0
        if timeout is not None and (wait := self._slot_time(queue.slots_until(priority)) - began) > timeout:
            raise DeadlineExceeded(
                f"the rate limit has no slot within {timeout:.3g} s: the next one is {wait:.3g} s away "
                f"({self._rate:.3g} a second, {self.waiting} waiting)"
            )
        try:
            async with asyncio.timeout(timeout):
                await queue.wait(priority)
        except TimeoutError:
            raise DeadlineExceeded(f"the rate limit had no slot within {timeout:.3g} s") from None
        return loop.time() - began

    def slot_in(self, priority: Priority = Priority.CALL) -> float:
        """Return the seconds until ``acquire`` would return, 0 for at once.

        This is exact if no other waiter joins or leaves the queues, and the rate stays.
        """
        now = asyncio.get_running_loop().time()
        self._refill(now)
        return max(self._slot_time(self._queue.slots_until(priority)) - now - TIMER_TOLERANCE, 0.0)

    def pause(self, seconds: float) -> None:
        """Release no slot for ``seconds`` from now. A pause that already lasts longer stays in effect."""
        self._adaptive.pause(asyncio.get_running_loop().time() + seconds)

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
        return self._adaptive.slow_down(now, retry_after, sent_at=sent_at)

    def _refill(self, now: float) -> None:
        """Update the rate and the tokens to ``now``; tokens beyond the capacity are discarded."""
        if self._adaptive.is_slowed:
            self._rate = self._adaptive.at(now)
        full_since = now - self._capacity / self._rate
        self._empty_at = max(self._empty_at, full_since)

    def _slot_time(self, n: int) -> float:
        """Return the time of the ``n``-th slot from now."""
        return max(self._empty_at + n / self._rate, self._adaptive.paused_until)

    def _start_timer(self) -> None:
        if self._timer is None and self._queue.waiting:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._slot_time(1), self._release_slots, loop)

    def _restart_timer(self, has_slot: bool) -> None:
        if has_slot:  # the slot is unused and goes back
            self._empty_at -= 1 / self._rate
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._start_timer()

    def _release_slots(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        self._refill(now)
        while self._queue.waiting and self._slot_time(1) <= now + TIMER_TOLERANCE:
            if not self._queue.serve():
                return  # each cancelled waiter restarts the timer when it runs
            self._empty_at += 1 / self._rate
        self._start_timer()
