"""The filters of bulk operations: ``{"field", "filter_type", "values"}``, another dialect than the list's query."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, TypeVar

from edgegap_async.simulator.domain.rejection import Rejection

Item = TypeVar("Item")

_FILTER_TYPES: Final[Mapping[str, Callable[[frozenset[str], Collection[str]], bool]]] = {
    "any": lambda wanted, values: not wanted.isdisjoint(values),
    "all": lambda wanted, values: wanted.issubset(values),
    "not": lambda wanted, values: wanted.isdisjoint(values),
}


def select_items(
    filters: Iterable[Mapping[str, Any]], items: Iterable[Item], **fields: Callable[[Item], Collection[str]]
) -> list[Item]:
    r"""Return the items that pass every filter.

    Args:
        filters: The filters of the request.
        items: The items to choose from.
        **fields: Functions that return an item's values of a field, by the field's name.

    Raises:
        Rejection: If there are no filters, which would select every item.
    """
    tests = [(fields[each["field"]], _FILTER_TYPES[each["filter_type"]], frozenset(each["values"])) for each in filters]
    if not tests:
        raise Rejection(400, "filters: at least one filter is required, or the request would stop everything")
    return [item for item in items if all(passes(wanted, values(item)) for values, passes, wanted in tests)]
