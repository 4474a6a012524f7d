"""An acquisition of the rate limiter that does not wait."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable
from typing import Final

from benchmarks.measuring import CPU, Work, paired
from benchmarks.results import Figure, Goal, Unit, not_measured
from benchmarks.workloads.base import Scale, Workload
from edgegap_async.limits import TokenBucket

_FLOOR: Final = "empty coroutine"
_AIOLIMITER: Final = "aiolimiter"
_BUCKET: Final = "TokenBucket"
_OVER: Final = "over an empty coroutine"
_QUANTITIES: Final[list[tuple[str, Unit]]] = [(_OVER, "us"), ("CPU", "x")]


async def _nothing() -> float:
    return 0.0


async def measure(scale: Scale, loop: str) -> list[Figure]:
    times = scale.choose(20_000, 100)
    acquires: dict[str, Callable[[], Awaitable[object]]] = {
        _FLOOR: _nothing,
        _BUCKET: TokenBucket(1e9, 1e6).acquire,
    }
    figures: list[Figure] = []
    if importlib.util.find_spec("aiolimiter") is None:
        figures += not_measured(_AIOLIMITER, _QUANTITIES, loop, "not installed (aiolimiter)")
    else:
        from aiolimiter import AsyncLimiter  # noqa: PLC0415 - is not installed everywhere

        acquires[_AIOLIMITER] = AsyncLimiter(1e9, 1).acquire

    def work_of(acquire: Callable[[], Awaitable[object]]) -> Work:
        async def work() -> None:
            for _ in range(times):
                await acquire()

        return work

    works = {name: work_of(acquire) for name, acquire in acquires.items()}
    for name, each in (await paired(works, floor=_FLOOR, rounds=scale.choose(21, 2), clock=CPU)).items():
        if name == _FLOOR:
            continue
        both = zip(each.subject, each.floor, strict=True)
        over = tuple((mine - floor) / times * 1e6 for mine, floor in both)
        figures += [
            Figure(subject=name, quantity=_OVER, unit="us", samples=over, loop=loop),
            Figure(subject=name, quantity="CPU", unit="x", samples=each.ratios, loop=loop),
        ]
    return figures


WORKLOAD: Final = Workload(
    name="acquire",
    title="An acquisition that does not wait",
    about=(
        "CPU time of `acquire()` while the rate limiter has slots: in microseconds over an awaited coroutine that does "
        "nothing, and as a ratio to it."
    ),
    measure=measure,
    goals=(Goal(quantity=_OVER, at_most=0.6, subject=_BUCKET),),
)
