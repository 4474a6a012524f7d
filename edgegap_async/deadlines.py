"""What remains until a deadline, and what happens at its end."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, final

from edgegap_async.errors import DeadlineExceeded, Outcome

SHORTEST_TIMEOUT: Final = 0.001
"""Seconds that a call gets at least. If its deadline has passed already, it then raises the usual error."""


def seconds_until(deadline: float) -> float:
    """Return the seconds until a moment of the loop's clock, but not less than a call gets."""
    return max(deadline - asyncio.get_running_loop().time(), SHORTEST_TIMEOUT)


@asynccontextmanager
async def time_limit(
    seconds: float, problem: str, *, outcome: Outcome = Outcome.NOT_SENT, operation: str | None = None
) -> AsyncGenerator[None]:
    """End a block after some seconds.

    Args:
        seconds: How long it may take.
        problem: The message of the error.
        outcome: Whether what the block did may have had an effect.
        operation: The operation's id, if the block is part of a call.

    Raises:
        DeadlineExceeded: The block was not done by then, or raised it itself.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except DeadlineExceeded:
        raise
    except TimeoutError:
        raise DeadlineExceeded(problem, outcome=outcome, operation=operation) from None


@final
class SharedTimer:
    """The timer of any number of ``TaskTimeout`` blocks in one event loop.

    Nearly every request ends long before its timeout, and to start and cancel a timer for each costs as much CPU time
    as a tenth of the request. This timer runs until the first of the timeouts that it had when it was started, and is
    started again only if a request is then still under way.
    """

    __slots__ = ("_ends", "_fires_at", "_handle")

    def __init__(self) -> None:
        self._ends: dict[TaskTimeout, float] = {}
        self._fires_at = math.inf
        self._handle: asyncio.TimerHandle | None = None

    def add(self, timeout: TaskTimeout, end: float) -> None:
        """Have a block expire at a time of the event loop, unless it is removed by then."""
        self._ends[timeout] = end
        if end < self._fires_at:
            self._start(end)

    def remove(self, timeout: TaskTimeout) -> None:
        """Remove a block that has ended, in time or not."""
        self._ends.pop(timeout, None)

    def _start(self, at: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._fires_at = at
        self._handle = asyncio.get_running_loop().call_at(at, self._fire)

    def _fire(self) -> None:
        due = [timeout for timeout, end in self._ends.items() if end <= self._fires_at]
        self._fires_at, self._handle = math.inf, None
        for timeout in due:
            del self._ends[timeout]
            timeout.expire()
        if self._ends:
            self._start(min(self._ends.values()))


@final
class TaskTimeout:
    """``asyncio.timeout`` for a fraction of its CPU time, which counts where every request has one.

    ::

        timer = SharedTimer()
        with TaskTimeout(seconds, timer):
            await send()  # raises TimeoutError when the time is over
    """

    __slots__ = ("_cancelling", "_has_expired", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float, timer: SharedTimer) -> None:
        self._seconds = seconds
        self._timer = timer
        self._has_expired = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._task = task
        self._cancelling = task.cancelling()
        self._timer.add(self, loop.time() + self._seconds)

    def expire(self) -> None:
        """Cancel the task, since the time is over; called by the timer."""
        self._has_expired = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.remove(self)
        # as asyncio.timeout: if others have cancelled the task as well, it stays cancelled
        if self._has_expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
