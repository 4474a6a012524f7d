"""The bucket behind every rate: one timestamp, a queue, and one timer for all who wait."""

from __future__ import annotations

import asyncio
import enum
import math
from collections import deque
from typing import Final, TypeAlias

from edgegap_async.errors import ConfigurationError, DeadlineExceeded

_LOWEST_CLASS_TURN: Final = 4
"""Every fourth slot goes to the lowest class that waits: it comes last and is never starved."""

# After a 429: how much slower, never below which part of the full rate, back to it after how long, and how
# long to rest where the answer does not say (the documented rates are by the second).
_SLOWER: Final = 0.7
_SLOWEST: Final = 0.1
_RECOVERY_SECONDS: Final = 30.0
_REST_SECONDS: Final = 1.0

_HAIR: Final = 1e-6
"""Loops fire timers up to a clock tick early: a slot this close is there."""

_Waiter: TypeAlias = "asyncio.Future[None]"


class Priority(enum.IntEnum):
    """Who goes first when several wait for the same bucket."""

    URGENT = 0
    """Starting and stopping servers."""
    CALL = 1
    """Whatever else a caller asks for."""
    POLL = 2
    """Looking again at something that is awaited."""


class TokenBucket:
    """Lets at most ``capacity + rate x seconds`` acquisitions through in any span of time.

    ``rate`` is in acquisitions a second (``math.inf``: no limit), ``capacity`` is how many may go at once after a
    rest, at least 1. Waiters go in the order they came, a higher priority first, and each is woken once. The bucket
    keeps one timestamp and one timer, for the head of the queue, instead of telling each waiter a moment to sleep
    until: so a pause, a new rate and a cancelled waiter count for all who are behind, and a loop that stalled
    does not let all whose moment passed through at once. A bucket belongs to one event loop.
    """

    def __init__(self, rate: float, capacity: float = 1.0) -> None:
        """Raises ConfigurationError for a rate that is not above 0 and a capacity that is not at least 1."""
        if not rate > 0:
            raise ConfigurationError(f"a bucket's rate must be above 0 a second, not {rate}")
        if not (math.isfinite(capacity) and capacity >= 1):
            raise ConfigurationError(f"a bucket's capacity must be finite and at least 1, not {capacity}")
        self._full_rate = float(rate)
        self._capacity = float(capacity)
        self._rate = self._full_rate
        self._slowed_rate = self._full_rate
        self._slowed_at = -math.inf
        self._paused_until = -math.inf
        self._empty_at = -math.inf  # the moment at which the bucket held, or will hold, exactly nothing
        self._queues: tuple[deque[_Waiter], ...] = tuple(deque() for _ in Priority)
        self._waiting = [0 for _ in Priority]  # the cancelled leave the queues late, and this at once
        self._all_waiting = 0
        self._given = 0
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"TokenBucket(rate={self._full_rate:g}, capacity={self._capacity:g}, waiting={self.waiting})"

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return self._all_waiting

    @property
    def rate(self) -> float:
        """Acquisitions a second when last used: for a while after a 429 less than the bucket was made with."""
        return self._rate

    async def acquire(self, timeout: float | None = None, *, priority: Priority = Priority.CALL) -> float:
        """Wait for a slot; returns the seconds waited.

        ``timeout`` is in seconds, None waits for ever. Raises DeadlineExceeded: at once when no slot can come in
        time, else when the time is over. A waiter that is cancelled leaves its slot to the next.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._refill(began)
        if not self._all_waiting and self._slot(1) <= began + _HAIR:
            self._take()
            return 0.0
        if timeout is not None and (wait := self._earliest(priority) - began) > timeout:
            raise DeadlineExceeded(
                f"no rate slot within {timeout:.3g} s: the next one is {wait:.3g} s away, "
                f"at {self._rate:.3g} a second with {self.waiting} waiting"
            )
        slot = loop.create_future()
        self._queues[priority].append(slot)
        self._count(priority, 1)
        self._set_timer(loop)
        try:
            async with asyncio.timeout(timeout):
                await slot
        except BaseException as error:
            self._give_up(slot, priority, loop)
            if isinstance(error, TimeoutError):
                raise DeadlineExceeded(f"no rate slot within {timeout:.3g} s") from None
            raise
        return loop.time() - began

    def slot_in(self, priority: Priority = Priority.CALL) -> float:
        """Seconds until ``acquire`` would return, 0 for at once: a bound, since others may still come and go."""
        now = asyncio.get_running_loop().time()
        self._refill(now)
        return max(self._earliest(priority) - now - _HAIR, 0.0)

    def pause(self, seconds: float) -> None:
        """Let nobody through for ``seconds`` from now; a longer pause that runs already stays."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)

    def slow_down(self, retry_after: float | None = None, *, sent_at: float = math.inf) -> float:
        """The service answered 429: rest, then go on slower, back to the full rate over half a minute.

        ``retry_after`` is in seconds, None where the answer does not say. ``sent_at`` is the loop's time at which
        the refused request left: of several that were under way together only one lowers the rate. Returns the
        seconds of rest.
        """
        now = asyncio.get_running_loop().time()
        self._refill(now)
        if sent_at > self._slowed_at:
            self._slowed_rate = max(self._rate * _SLOWER, self._full_rate * _SLOWEST)
            self._slowed_at = now
        rest = _REST_SECONDS if retry_after is None else retry_after
        self.pause(rest)
        return rest

    def _refill(self, now: float) -> None:
        """Bring the rate and the contents up to ``now``: what nobody took beyond the capacity is lost."""
        self._rate = self._rate_at(now)
        self._empty_at = max(self._empty_at, now - self._capacity / self._rate)

    def _rate_at(self, now: float) -> float:
        """The full rate, but for a while after a 429, over which it rises evenly."""
        quiet = (now - max(self._slowed_at, self._paused_until)) / _RECOVERY_SECONDS
        if quiet >= 1 or self._slowed_rate == self._full_rate:
            return self._full_rate
        return self._slowed_rate + (self._full_rate - self._slowed_rate) * max(quiet, 0.0)

    def _slot(self, n: int) -> float:
        """The moment of the ``n``-th slot from now on."""
        return max(self._empty_at + n / self._rate, self._paused_until)

    def _earliest(self, priority: Priority) -> float:
        """The soonest a newcomer can go: a bound, since others may still leave or come before it."""
        same = self._waiting[priority]
        higher = min(sum(self._waiting[:priority]), (same + 1) * (_LOWEST_CLASS_TURN - 1))
        return self._slot(same + higher + 1)

    def _count(self, place: int, change: int) -> None:
        self._waiting[place] += change
        self._all_waiting += change

    def _take(self) -> None:
        self._empty_at += 1 / self._rate
        self._given += 1

    def _next(self) -> tuple[_Waiter, int] | None:
        """Whose turn it is; None where all who are counted are cancelled, and have yet to say so."""
        order = range(len(self._queues))
        for place in reversed(order) if self._given % _LOWEST_CLASS_TURN == 0 else order:
            queue = self._queues[place]
            while queue:
                waiter = queue.popleft()
                if not waiter.done():
                    return waiter, place
        return None

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None and self._all_waiting:
            self._timer = loop.call_at(self._slot(1), self._let_through, loop)

    def _let_through(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        self._refill(now)
        while self._all_waiting and self._slot(1) <= now + _HAIR:
            found = self._next()
            if found is None:
                return  # each of them sets the timer anew when it gives up
            waiter, place = found
            self._count(place, -1)
            self._take()
            waiter.set_result(None)
        self._set_timer(loop)

    def _give_up(self, slot: _Waiter, priority: Priority, loop: asyncio.AbstractEventLoop) -> None:
        if slot.cancelled() or slot.cancel():
            self._count(priority, -1)
        else:
            # Let through and cancelled before it could run: nobody used the slot, the next may have it.
            self._empty_at -= 1 / self._rate
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._set_timer(loop)
