"""10,000 tasks that wait for one rate limiter."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final

import attrs

from benchmarks.results import Figure, Goal, Unit, not_measured
from benchmarks.workloads.base import Scale, Workload
from edgegap_async.limits import TokenBucket

_SLEEPS: Final = "asyncio.sleep"
_BUCKET: Final = "TokenBucket"
_AIOLIMITER: Final = "aiolimiter"
_RATE: Final = 5_000.0
_WAKE_UPS: Final = "wake-ups at most"
_DISORDER: Final = "order violations"
_QUANTITIES: Final[list[tuple[str, Unit]]] = [(_WAKE_UPS, ""), (_DISORDER, ""), ("CPU each", "us")]

Acquire = Callable[[int], Awaitable[object]]


@attrs.define
class CountedAwait:
    """Awaits, and counts how often the task that awaits it was woken."""

    awaitable: Awaitable[object]
    wake_ups: int = 0

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self.awaitable.__await__()
        for suspended in steps:
            yield suspended
            self.wake_ups += 1


async def measure(scale: Scale, loop: str) -> list[Figure]:
    waiters = scale.choose(10_000, 50)
    subjects: dict[str, Callable[[], Acquire]] = {_SLEEPS: _sleeps, _BUCKET: _token_bucket}
    figures: list[Figure] = []
    if importlib.util.find_spec("aiolimiter") is None:
        figures += not_measured(_AIOLIMITER, _QUANTITIES, loop, "not installed (aiolimiter)")
    else:
        subjects[_AIOLIMITER] = _aiolimiter
    counts: dict[str, list[tuple[float, float, float]]] = {name: [] for name in subjects}
    for _ in range(scale.choose(3, 1)):
        for name, create in subjects.items():
            counts[name].append(await _count(create(), waiters))
    for name, rounds in counts.items():
        figures += [
            Figure(subject=name, quantity=quantity, unit=unit, samples=samples, loop=loop)
            for (quantity, unit), samples in zip(_QUANTITIES, zip(*rounds, strict=True), strict=True)
        ]
    return figures


async def _count(acquire: Acquire, waiters: int) -> tuple[float, float, float]:
    """Return the most wake-ups of a waiter, how many were served before one that came earlier, and the CPU of each."""
    served: list[int] = []
    waits: list[CountedAwait] = []

    async def wait(index: int) -> None:
        counted = CountedAwait(acquire(index))
        waits.append(counted)
        await counted
        served.append(index)

    began = time.process_time()
    await asyncio.gather(*(wait(index) for index in range(waiters)))
    cpu = time.process_time() - began
    disorder = sum(later < earlier for earlier, later in itertools.pairwise(served))
    return float(max(each.wake_ups for each in waits)), float(disorder), cpu / waiters * 1e6


def _sleeps() -> Acquire:
    loop = asyncio.get_running_loop()
    began = loop.time()
    return lambda index: asyncio.sleep(began + index / _RATE - loop.time())


def _token_bucket() -> Acquire:
    bucket = TokenBucket(_RATE)
    return lambda _: bucket.acquire()


def _aiolimiter() -> Acquire:
    from aiolimiter import AsyncLimiter  # noqa: PLC0415 - is not installed everywhere

    limiter = AsyncLimiter(1, 1 / _RATE)
    return lambda _: limiter.acquire()


WORKLOAD: Final = Workload(
    name="limiter-waiters",
    title="10,000 waiters of one rate limiter",
    about=(
        "10,000 tasks wait for slots at 5,000 a second: how often one of them was woken at most, how many were served "
        "before one that waited longer, and the CPU time of each. Beside it, as many calls of asyncio.sleep."
    ),
    measure=measure,
    goals=(
        Goal(quantity=_WAKE_UPS, at_most=1.0, subject=_BUCKET),
        Goal(quantity=_DISORDER, at_most=0.0, subject=_BUCKET),
    ),
)
