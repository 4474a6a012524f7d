"""100 pages of a service that takes 50 ms for each, without rate limits."""

from __future__ import annotations

from typing import Final

from benchmarks.bodies import PAGE_SIZE
from benchmarks.measuring import WALL, seconds_of
from benchmarks.processes import served
from benchmarks.results import Figure, Goal
from benchmarks.workloads.base import Scale, Workload, absent, installed, opened, row_check, stream_of

_TIME: Final = "time"


async def measure(scale: Scale, loop: str) -> list[Figure]:
    rows = PAGE_SIZE * scale.choose(100, 3)
    delay = scale.choose(0.05, 0.005)
    taken: dict[str, list[float]] = {}
    async with served("loopback", str(rows), str(delay)) as (url,), opened(url, installed()) as clients:
        for _ in range(scale.choose(3, 1)):
            for name, client in clients.items():
                seconds = await seconds_of(stream_of(client), WALL, row_check(rows))
                taken.setdefault(name, []).append(seconds)
    figures = [
        Figure(subject=name, quantity=_TIME, unit="s", samples=tuple(seconds), loop=loop)
        for name, seconds in taken.items()
    ]
    return figures + absent([(_TIME, "s")], loop)


WORKLOAD: Final = Workload(
    name="slow-pages",
    title="100 pages at 50 ms each",
    about=(
        "Wall-clock time to stream 10,000 deployments from a service that responds after 50 ms. There are no rate "
        "limits."
    ),
    measure=measure,
    goals=(Goal(quantity=_TIME, at_most=0.8),),
)
