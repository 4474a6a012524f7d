"""Measures work in pairs: each subject beside the floor, in short rounds, all in one process."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import attrs

from benchmarks.results import Figure

Clock: TypeAlias = Callable[[], float]
Work: TypeAlias = Callable[[], Awaitable[Any]]
Check: TypeAlias = Callable[[Any], None]

CPU: Final[Clock] = time.process_time
WALL: Final[Clock] = time.perf_counter

LOOPS: Final = ("asyncio", "uvloop")


def loop_factory(loop: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return the factory of an event loop, None if its package is not installed."""
    if loop == "asyncio":
        return asyncio.new_event_loop
    try:
        import uvloop  # noqa: PLC0415 - is not installed everywhere
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


@attrs.frozen(kw_only=True)
class Pairs:
    """Seconds of the same work, done by one subject and by the floor, in rounds.

    Attributes:
        subject: Seconds of the subject, by round.
        floor: Seconds of the floor next to them.
    """

    subject: tuple[float, ...]
    floor: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        return tuple(mine / floor for mine, floor in zip(self.subject, self.floor, strict=True))


def unchecked(_: object) -> None:
    """Accept any result of a piece of work."""


async def seconds_of(work: Work, clock: Clock, check: Check = unchecked) -> float:
    """Return how long a piece of work takes, with the garbage of what ran before collected.

    Args:
        work: The work.
        clock: What to measure, ``CPU`` or ``WALL``.
        check: Raises if the result of the work is wrong; its own time is not counted.
    """
    gc.collect()
    began = clock()
    result = await work()
    seconds = clock() - began
    check(result)
    return seconds


async def paired(
    works: Mapping[str, Work], *, floor: str, rounds: int, clock: Clock, check: Check = unchecked
) -> dict[str, Pairs]:
    """Run each subject's work next to the floor's, after a round that is not counted.

    The floor runs once for each subject, right before or right after it, in turns: what else the machine does changes
    from second to second, and so affects both.

    Args:
        works: The work of each subject, that of the floor among them.
        floor: The subject to compare with.
        rounds: How many rounds are counted.
        clock: What to measure, ``CPU`` or ``WALL``.
        check: Raises if the result of the work is wrong.
    """
    subjects = {name: work for name, work in works.items() if name != floor}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in subjects}
    gc.collect()
    gc.freeze()  # what exists by now is the same for all, and takes long to look through
    try:
        for number in range(rounds + 1):
            for name, work in subjects.items():
                both = [("subject", work), ("floor", works[floor])]
                seconds = {
                    which: await seconds_of(each, clock, check) for which, each in (both if number % 2 else both[::-1])
                }
                if number:
                    taken[name].append((seconds["subject"], seconds["floor"]))
    finally:
        gc.unfreeze()
    pairs = {
        name: Pairs(subject=tuple(mine for mine, _ in both), floor=tuple(base for _, base in both))
        for name, both in taken.items()
    }
    bases = tuple(base for each in pairs.values() for base in each.floor)
    return {floor: Pairs(subject=bases, floor=bases), **pairs}


def cpu_figures(pairs: Mapping[str, Pairs], operations: int, loop: str) -> list[Figure]:
    """Return the CPU time of each subject as a ratio to the floor, and in microseconds an operation.

    Args:
        pairs: What was measured, by subject.
        operations: How many operations each round did.
        loop: The name of the event loop.
    """
    figures = []
    for name, each in pairs.items():
        ratios = (1.0,) if each.subject is each.floor else each.ratios
        microseconds = [seconds / operations * 1e6 for seconds in each.subject]
        figures += [
            Figure(subject=name, quantity="CPU", unit="x", samples=ratios, loop=loop),
            Figure(subject=name, quantity="CPU each", unit="us", samples=tuple(microseconds), loop=loop),
        ]
    return figures
