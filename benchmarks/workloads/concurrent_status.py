"""Status calls, 100 at a time."""

from __future__ import annotations

import asyncio
from typing import Final

from benchmarks.bodies import REQUEST_ID
from benchmarks.measuring import LOOPS, Work
from benchmarks.peers import GENERATED, Peer
from benchmarks.results import Figure, Goal
from benchmarks.workloads.base import Scale, Workload, compare_clients


async def measure(scale: Scale, loop: str) -> list[Figure]:
    at_once = scale.choose(100, 5)
    times = scale.choose(4, 1)

    def work_of(client: Peer) -> Work:
        async def work() -> None:
            for _ in range(times):
                ids = await asyncio.gather(*(client.status(REQUEST_ID) for _ in range(at_once)))
                assert ids == [REQUEST_ID] * at_once

        return work

    return await compare_clients(work_of, loop=loop, operations=at_once * times, rounds=scale.choose(15, 2))


WORKLOAD: Final = Workload(
    name="concurrent-status",
    title="Status calls, 100 at a time",
    about="As above, for 100 calls that are awaited together.",
    measure=measure,
    goals=(
        Goal(quantity="CPU", at_most=1.15),
        Goal(quantity="CPU", at_most=0.10, relative_to=GENERATED),
    ),
    loops=LOOPS,
)
