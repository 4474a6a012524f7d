"""Memory while a long list is streamed. ``python -m benchmarks.workloads.memory PEER URL`` streams it."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from benchmarks.machine import ROOT, resident_bytes
from benchmarks.peers import PEERS
from benchmarks.processes import served
from benchmarks.results import Figure, Goal
from benchmarks.workloads.base import Scale, Workload, absent, installed

_WARM_UP: Final = 2_000
"""Rows after which the memory is measured for the first time: by then all code has run, and all buffers exist."""

_EVERY: Final = 500
"""Rows between two measurements."""

_GROWTH: Final = "growth"


async def measure(scale: Scale, loop: str) -> list[Figure]:
    rows = scale.choose(200_000, 3_000)
    figures = []
    async with served("loopback", str(rows)) as (url,):
        for peer in installed():
            samples = [await _stream_in_child(peer.name, url, rows) for _ in range(scale.choose(3, 1))]
            figures.append(Figure(subject=peer.name, quantity=_GROWTH, unit="MB", samples=tuple(samples), loop=loop))
    return figures + absent([(_GROWTH, "MB")], loop)


async def _stream_in_child(name: str, url: str, rows: int) -> float:
    """Stream the list in a new process, and return by how many MB its memory grew."""
    program = (sys.executable, "-m", "benchmarks.workloads.memory", name, url)
    process = await asyncio.create_subprocess_exec(*program, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    streamed, growth = output.decode().split()
    assert int(streamed) == rows
    return float(growth) / 2**20


async def stream(name: str, url: str) -> None:
    """Stream the list, and print the number of rows and the growth in bytes."""
    (peer,) = (peer for peer in PEERS if peer.name == name)
    rows = 0
    taken: list[int] = []

    def see(_: str) -> None:
        nonlocal rows
        rows += 1
        if rows >= _WARM_UP and rows % _EVERY == 0:
            taken.append(resident_bytes())

    async with peer.load().open(url) as client:
        await client.rows(see)
    sys.stdout.write(f"{rows} {max(taken) - taken[0]}\n")


WORKLOAD: Final = Workload(
    name="memory",
    title="Memory while 200,000 rows are streamed",
    about=(
        "By how much the resident memory of a process that streams 200,000 deployments grows after the first 2,000, at "
        "most. No row is kept."
    ),
    measure=measure,
    goals=(Goal(quantity=_GROWTH, at_most=4.0),),
)

if __name__ == "__main__":
    asyncio.run(stream(*sys.argv[1:]))
