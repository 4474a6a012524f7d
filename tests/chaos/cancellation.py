"""Cancellation at every await: runs a scenario again and again, and cancels it one step later each time.

A step is one resumption of any task started by the scenario. That includes its own task, the tasks that it shields or
spawns in the background, and those of the server that it sends requests to. So each moment at which any part of the
scenario waits is once the moment of the cancellation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import attrs

T = TypeVar("T")

Scenario = Callable[[], Awaitable[Any]]

MAX_STEPS: Final = 2000
"""A scenario with more steps than this is taken to run forever."""


@attrs.define
class StepCounter:
    """Counts resumptions, and cancels a task at one of them."""

    cancel_at: int
    victim: asyncio.Task[Any] | None = None
    count: int = 0

    def step(self) -> None:
        self.count += 1
        if self.count == self.cancel_at and self.victim is not None:
            self.victim.cancel()


class _CountedCoroutine(Coroutine[Any, Any, T]):
    """A coroutine whose every resumption is counted before it happens."""

    def __init__(self, inner: Coroutine[Any, Any, T], counter: StepCounter) -> None:
        self._inner = inner
        self._counter = counter

    def send(self, value: Any) -> Any:
        self._counter.step()
        return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        return self._inner.throw(*error)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, T]:
        return self._inner.__await__()


@asynccontextmanager
async def counting(counter: StepCounter) -> AsyncIterator[None]:
    """Count the resumptions of every task that is started in the block."""
    loop = asyncio.get_running_loop()
    previous = loop.get_task_factory()

    def counted_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        return asyncio.Task(_CountedCoroutine(work, counter), loop=loop, **options)

    loop.set_task_factory(counted_task)  # type: ignore[arg-type]
    try:
        yield
    finally:
        loop.set_task_factory(previous)


@attrs.frozen
class Result:
    """How a scenario ended.

    Attributes:
        step: The step at which it was to be cancelled.
        cancelled: Whether it ran as far as that step.
        returned: Whether it returned before the cancellation took effect. What it returned then belongs to its
            caller, cancelled or not.
        error: What it raised, if anything.
    """

    step: int
    cancelled: bool
    returned: bool
    error: BaseException | None


async def cancelled_at(step: int, scenario: Scenario) -> Result:
    """Run a scenario and cancel it at a step."""
    counter = StepCounter(cancel_at=step)
    returned = False

    async def run() -> None:
        nonlocal returned
        await scenario()
        returned = True

    async with counting(counter):
        counter.victim = task = asyncio.create_task(run(), name="victim")
        await asyncio.wait({task})
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    return Result(step, counter.count >= step, returned, error)
