"""Import time of the package."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Final

from benchmarks.children import ChildTime, run_in_turns
from benchmarks.results import OURS, Figure, Goal, Unit, not_measured
from benchmarks.workloads.base import Scale, Workload

_BARE: Final = "python"
_AIOHTTP: Final = "aiohttp"

IMPORTS: Final = {
    _BARE: (),
    _AIOHTTP: ("aiohttp",),
    OURS: ("edgegap_async",),
    "aiohttp, orjson, cattrs, aiolimiter, tenacity": ("aiohttp", "orjson", "cattrs", "aiolimiter", "tenacity"),
    "httpx, pydantic": ("httpx", "pydantic"),
}

_QUANTITIES: Final[list[tuple[str, Unit]]] = [
    ("wall over Python", "x"),
    ("CPU over Python", "x"),
    ("wall", "ms"),
    ("CPU", "ms"),
]


async def measure(scale: Scale, loop: str) -> list[Figure]:
    missing = {
        name: absent
        for name, modules in IMPORTS.items()
        if (absent := [each for each in modules if importlib.util.find_spec(each) is None])
    }
    programs = {
        name: ("-c", f"import {', '.join(modules)}" if modules else "pass")
        for name, modules in IMPORTS.items()
        if name not in missing
    }
    taken = run_in_turns(programs, scale.choose(21, 2))
    figures: list[Figure] = []
    for name, seconds in taken.items():
        if name != _BARE:
            figures += [
                Figure(subject=name, quantity=quantity, unit="x", samples=_over_bare(taken, name, clock), loop=loop)
                for quantity, clock in (("wall over Python", _wall), ("CPU over Python", _cpu))
            ]
        figures += [
            Figure(subject=name, quantity=quantity, unit="ms", samples=tuple(clock(each) * 1e3 for each in seconds))
            for quantity, clock in (("wall", _wall), ("CPU", _cpu))
        ]
    for name, absent in missing.items():
        figures += not_measured(name, _QUANTITIES, loop, f"not installed ({', '.join(absent)})")
    return figures


def _wall(seconds: ChildTime) -> float:
    return seconds.wall


def _cpu(seconds: ChildTime) -> float:
    return seconds.cpu


def _over_bare(taken: dict[str, list[ChildTime]], name: str, clock: Callable[[ChildTime], float]) -> tuple[float, ...]:
    """Return what an import adds to bare Python, as a ratio to what aiohttp adds, by round."""
    bare, aiohttp, subject = ([clock(each) for each in taken[who]] for who in (_BARE, _AIOHTTP, name))
    rounds = zip(bare, aiohttp, subject, strict=True)
    # the clock of a quick run on a busy machine may show nothing for an import
    return tuple((mine - least) / max(floor - least, 1e-3) for least, floor, mine in rounds)


WORKLOAD: Final = Workload(
    name="imports",
    title="Import",
    about=(
        "A process that imports and ends: in milliseconds, and what the import adds to bare Python as a ratio to what "
        "aiohttp adds."
    ),
    measure=measure,
    goals=(
        Goal(quantity="wall over Python", at_most=1.15),
        Goal(quantity="CPU over Python", at_most=1.15),
    ),
)
