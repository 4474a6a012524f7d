"""What remains until a deadline, and what happens at its end."""

from __future__ import annotations

import asyncio
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
class TaskTimeout:
    """``asyncio.timeout`` for a fraction of its CPU time, which counts where every request has one.

    ::

        with TaskTimeout(seconds):
            await send()  # raises TimeoutError when the time is over
    """

    __slots__ = ("_cancelling", "_has_expired", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._has_expired = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._task = task
        self._cancelling = task.cancelling()
        self._timer = loop.call_at(loop.time() + self._seconds, self._expire)

    def _expire(self) -> None:
        self._has_expired = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        # as asyncio.timeout: if others have cancelled the task as well, it stays cancelled
        if self._has_expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
