"""What remains until a deadline, and what happens at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

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
