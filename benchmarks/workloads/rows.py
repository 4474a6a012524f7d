"""A list of 10,000 deployments, streamed."""

from __future__ import annotations

from typing import Final

from benchmarks.measuring import LOOPS
from benchmarks.results import Figure, Goal
from benchmarks.workloads.base import Scale, Workload, compare_clients, row_check, stream_of


async def measure(scale: Scale, loop: str) -> list[Figure]:
    rows = scale.choose(10_000, 250)

    rounds = scale.choose(11, 2)
    return await compare_clients(stream_of, loop=loop, operations=rows, rounds=rounds, rows=rows, check=row_check(rows))


WORKLOAD: Final = Workload(
    name="rows",
    title="10,000 rows, streamed",
    about=(
        "A list of 10,000 deployments, read row by row from 100 pages: CPU time of the client's process for a row, as "
        "a ratio to the floor and in microseconds. The request id of each row is read."
    ),
    measure=measure,
    goals=(Goal(quantity="CPU", at_most=1.3),),
    loops=LOOPS,
)
