"""Start of the command line."""

from __future__ import annotations

from typing import Final

from benchmarks.children import run_in_turns
from benchmarks.results import Figure
from benchmarks.workloads.base import Scale, Workload

PROGRAMS: Final = {
    "python": ("-c", "pass"),
    "import cyclopts": ("-c", "import cyclopts"),
    "edgegap-async --version": ("-m", "edgegap_async.cli", "--version"),
    "edgegap-async --help": ("-m", "edgegap_async.cli", "--help"),
    "edgegap-async serve --help": ("-m", "edgegap_async.cli", "serve", "--help"),
}


async def measure(scale: Scale, loop: str) -> list[Figure]:
    figures: list[Figure] = []
    for name, seconds in run_in_turns(PROGRAMS, scale.choose(11, 1)).items():
        wall, cpu = (tuple(getattr(each, clock) * 1e3 for each in seconds) for clock in ("wall", "cpu"))
        figures += [
            Figure(subject=name, quantity="wall", unit="ms", samples=wall, loop=loop),
            Figure(subject=name, quantity="CPU", unit="ms", samples=cpu, loop=loop),
        ]
    return figures


WORKLOAD: Final = Workload(
    name="command-line",
    title="Start of the command line",
    about="A process that starts, prints and ends, in milliseconds.",
    measure=measure,
)
