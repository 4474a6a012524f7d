"""Choosing many at once, in another dialect than the list's: ``{"field", "filter_type", "values"}``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, TypeVar

from edgegap_async.simulator.domain.rejection import Rejection

Item = TypeVar("Item")

_PASSES: Final[Mapping[str, Callable[[frozenset[str], Collection[str]], bool]]] = {
    "any": lambda wanted, has: not wanted.isdisjoint(has),
    "all": lambda wanted, has: wanted.issubset(has),
    "not": lambda wanted, has: wanted.isdisjoint(has),
}


def passing(
    filters: Iterable[Mapping[str, Any]], items: Iterable[Item], **fields: Callable[[Item], Collection[str]]
) -> list[Item]:
    """The items that pass every filter, by what they have in each field; a refusal when there is no filter."""
    tests = [(fields[each["field"]], _PASSES[each["filter_type"]], frozenset(each["values"])) for each in filters]
    if not tests:
        raise Rejection(400, "filters: without any, everything would stop")
    return [item for item in items if all(passes(wanted, values(item)) for values, passes, wanted in tests)]
