"""Cancellation at every await: a scenario is run again and again, and cancelled one step later each time.

A step is one resumption of any task that the scenario has started, its own included: also of those that it shields or
leaves in the background, and of the server that it speaks to. So every moment at which something of it waits is once
the moment of the cancellation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import attrs

T = TypeVar("T")

Scenario = Callable[[], Awaitable[Any]]

MOST: Final = 2000
"""A scenario that has more steps than this does not end."""


@attrs.define
class Steps:
    """Counts resumptions, and cancels a task at one of them."""

    at: int
    victim: asyncio.Task[Any] | None = None
    count: int = 0

    def step(self) -> None:
        self.count += 1
        if self.count == self.at and self.victim is not None:
            self.victim.cancel()


class _Counted(Coroutine[Any, Any, T]):
    """A coroutine whose every resumption is counted before it happens."""

    def __init__(self, inner: Coroutine[Any, Any, T], steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    def send(self, value: Any) -> Any:
        self._steps.step()
        return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        return self._inner.throw(*error)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, T]:
        return self._inner.__await__()


@asynccontextmanager
async def counting(steps: Steps) -> AsyncIterator[None]:
    """Have every task that is started in the block counted."""
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    loop.set_task_factory(lambda loop, work, **rest: asyncio.Task(_Counted(work, steps), loop=loop, **rest))  # type: ignore[arg-type]
    try:
        yield
    finally:
        loop.set_task_factory(before)


@attrs.frozen
class End:
    """How a scenario ended that was cancelled at a step, if it was not over by then."""

    step: int
    cancelled: bool
    returned: bool
    """Whether it had come to its end by itself: what it returned is its caller's, cancelled or not."""
    error: BaseException | None


async def cancelled_at(step: int, scenario: Scenario) -> End:
    """Run a scenario and cancel it at a step."""
    steps = Steps(at=step)
    returned = False

    async def play() -> None:
        nonlocal returned
        await scenario()
        returned = True

    async with counting(steps):
        steps.victim = task = asyncio.create_task(play(), name="victim")
        await asyncio.wait({task})
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    return End(step, steps.count >= step, returned, error)
