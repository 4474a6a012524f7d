"""Makes a scenario that breaks a guarantee as short as it can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import attrs

from benchmarks.simulated.run import run
from benchmarks.simulated.scenario import Caller, Scenario

T = TypeVar("T")

_PARTICULARS: Final = re.compile(r"[0-9a-f]{12}|eg-[\w-]+|(deploy|create|running|many|list|watch) \d+|[\d.]+")

_SIMPLEST: Final = {
    "has_webhooks": False,
    "has_journal": False,
    "is_shuffled": False,
    "list_lag": 0.0,
    "closing": "at the end",
}


def kinds(violations: Sequence[str]) -> frozenset[str]:
    """What kinds of violations these are: their words without ids, names and numbers."""
    return frozenset(_PARTICULARS.sub("#", each)[:40] for each in violations)


def shrink(scenario: Scenario) -> Scenario:
    """Return a scenario that breaks one of the guarantees that this one breaks, with as little as possible in it."""
    wanted = kinds(run(scenario).violations)

    def still_fails(candidate: Scenario) -> bool:
        return not wanted.isdisjoint(kinds(run(candidate).violations))

    while True:
        smaller = _pass(scenario, still_fails)
        if smaller == scenario:
            return scenario
        scenario = smaller


def _with(scenario: Scenario, field: str, items: Sequence[Any]) -> Scenario:
    return attrs.evolve(scenario, **{field: tuple(items)})


def _pass(scenario: Scenario, still_fails: Callable[[Scenario], bool]) -> Scenario:
    for field in ("callers", "faults", "weather", "pauses", "store_faults"):
        fewest = _fewest(getattr(scenario, field), partial(_still_fails_with, scenario, field, still_fails))
        scenario = _with(scenario, field, fewest)
    for field, value in _SIMPLEST.items():
        if getattr(scenario, field) != value and still_fails(simpler := attrs.evolve(scenario, **{field: value})):
            scenario = simpler
    for place, caller in enumerate(scenario.callers):
        for simpler_caller in _simpler(caller):
            callers = (*scenario.callers[:place], simpler_caller, *scenario.callers[place + 1 :])
            if still_fails(candidate := attrs.evolve(scenario, callers=callers)):
                scenario = candidate
                break
    return scenario


def _still_fails_with(
    scenario: Scenario, field: str, still_fails: Callable[[Scenario], bool], items: Sequence[Any]
) -> bool:
    return still_fails(_with(scenario, field, items))


def _fewest(items: Sequence[T], still_fails: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """Leave out items, half of them at first, then fewer, for as long as it still fails."""
    size = len(items)
    while size:
        start = 0
        while start < len(items):
            fewer = [*items[:start], *items[start + size :]]
            if still_fails(fewer):
                items = fewer
            else:
                start += size
        size //= 2
    return items


def _simpler(caller: Caller) -> Iterator[Caller]:
    if caller.count > 2:
        yield attrs.evolve(caller, count=caller.count // 2)
    if caller.cancelled:
        yield attrs.evolve(caller, cancelled=caller.cancelled[: len(caller.cancelled) // 2])
    if caller.attempts > 1:
        yield attrs.evolve(caller, attempts=1)
    if caller.hold:
        yield attrs.evolve(caller, hold=0.0)
    if caller.ending != "stop":
        yield attrs.evolve(caller, ending="stop")
