"""Status calls, one after the other."""

from __future__ import annotations

from typing import Final

from benchmarks.bodies import REQUEST_ID
from benchmarks.measuring import LOOPS, Work
from benchmarks.peers import HAND_WRITTEN, Peer
from benchmarks.results import Figure, Goal
from benchmarks.workloads.base import Scale, Workload, compare_clients


async def measure(scale: Scale, loop: str) -> list[Figure]:
    calls = scale.choose(300, 3)

    def work_of(client: Peer) -> Work:
        async def work() -> None:
            for _ in range(calls):
                assert await client.status(REQUEST_ID) == REQUEST_ID

        return work

    return await compare_clients(work_of, loop=loop, operations=calls, rounds=scale.choose(21, 2))


WORKLOAD: Final = Workload(
    name="status",
    title="Status calls, one after the other",
    about="CPU time of the client's process for a status call: as a ratio to the floor, and in microseconds.",
    measure=measure,
    goals=(
        Goal(quantity="CPU", at_most=1.10),
        Goal(quantity="CPU", at_most=0.75, relative_to=HAND_WRITTEN),
    ),
    loops=LOOPS,
)
