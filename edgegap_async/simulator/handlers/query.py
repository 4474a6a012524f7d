"""The query of ``GET /v1/deployments``: filters and sort keys, in JSON.

``{"filters": [{"field", "operator", "value"}], "order_by": [{"field", "order"}]}``. A query applies to any rows with
the attributes of ``QueryableRow``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeAlias, TypeGuard, TypeVar

import attrs

from edgegap_async.json_codec import loads
from edgegap_async.simulator.domain.states import DeploymentState


class QueryableRow(Protocol):
    """The attributes of a deployment that a query can filter and sort by."""

    @property
    def request_id(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def tags(self) -> Collection[str]: ...  # noqa: D102
    @property
    def created(self) -> datetime: ...  # noqa: D102
    @property
    def application(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> str: ...  # noqa: D102
    @property
    def fleet_name(self) -> str | None: ...  # noqa: D102
    @property
    def host_name(self) -> str | None: ...  # noqa: D102
    @property
    def available_session_sockets(self) -> int: ...  # noqa: D102


Row = TypeVar("Row", bound=QueryableRow)

ParseValue: TypeAlias = Callable[[str, Any], Any]
"""Parses the value of a filter on a field; raises ``QueryError`` for an invalid one."""

TestValue: TypeAlias = Callable[[Any, Any], bool]
"""Whether a row's value passes a filter's parsed value."""


class QueryError(ValueError):
    """An invalid query, with a message that says why."""


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


# parsing values


def _parse_string(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise QueryError(f"the value of the filter on {field} must be a string")
    return value


def _parse_strings(field: str, value: Any) -> frozenset[str]:
    if not _is_list(value):
        raise QueryError(f"the value of the filter on {field} must be a list of strings")
    return frozenset(_parse_string(field, each) for each in value)


_STATUSES: Final = frozenset(state.lower() for state in DeploymentState)


def _parse_status(field: str, value: Any) -> str:
    if _parse_string(field, value) not in _STATUSES:
        raise QueryError(f"the value of the filter on {field} must be one of {', '.join(sorted(_STATUSES))}")
    return str(value)


def _parse_date(field: str, value: Any) -> datetime:
    try:
        date = datetime.fromisoformat(_parse_string(field, value))
    except ValueError:
        raise QueryError(f"the value of the filter on {field} must be a date in ISO 8601") from None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _parse_pattern(field: str, value: Any) -> re.Pattern[str]:
    wildcards = {"%": ".*", "_": "."}
    pattern = "".join(wildcards.get(character) or re.escape(character) for character in _parse_string(field, value))
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


@attrs.frozen
class FilterOperator:
    """How an operator parses a filter's value and tests a row's value."""

    parse: ParseValue
    passes: TestValue


_EQUALITY: Final[dict[str, FilterOperator]] = {
    "eq": FilterOperator(_parse_string, lambda has, value: has == value),
    "neq": FilterOperator(_parse_string, lambda has, value: has != value),
}
_MEMBERSHIP: Final[dict[str, FilterOperator]] = {
    "in": FilterOperator(_parse_strings, lambda has, value: has in value),
    "nin": FilterOperator(_parse_strings, lambda has, value: has not in value),
}
_PATTERN: Final[dict[str, FilterOperator]] = {
    # as in SQL: % matches any string, _ any one character, and the pattern the entire value
    "ilike": FilterOperator(_parse_pattern, lambda has, value: has is not None and value.fullmatch(has) is not None),
}
_STATUS: Final[dict[str, FilterOperator]] = {
    name: FilterOperator(_parse_status, operator.passes) for name, operator in _EQUALITY.items()
}
_DATES: Final[dict[str, FilterOperator]] = {
    "eq": FilterOperator(_parse_date, lambda has, value: has == value),
    "gte": FilterOperator(_parse_date, lambda has, value: has >= value),
    "lte": FilterOperator(_parse_date, lambda has, value: has <= value),
}
_TAGS: Final[dict[str, FilterOperator]] = {
    "eq": FilterOperator(_parse_string, lambda has, value: value in has),
    "neq": FilterOperator(_parse_string, lambda has, value: value not in has),
    "in": FilterOperator(_parse_strings, lambda has, value: not value.isdisjoint(has)),
    "nin": FilterOperator(_parse_strings, lambda has, value: value.isdisjoint(has)),
}


@attrs.frozen
class FilterField:
    """A field that can be filtered: how to get its value from a row, and its operators."""

    value_of: Callable[[QueryableRow], Any]
    operators: Mapping[str, FilterOperator]


FIELDS: Final[Mapping[str, FilterField]] = {
    "status": FilterField(lambda row: row.status, _STATUS),
    "request_id": FilterField(lambda row: row.request_id, _EQUALITY | _MEMBERSHIP),
    "tags": FilterField(lambda row: row.tags, _TAGS),
    "created_at": FilterField(lambda row: row.created, _DATES),
    "application": FilterField(lambda row: row.application, _EQUALITY | _MEMBERSHIP),
    "version": FilterField(lambda row: row.version, _EQUALITY | _MEMBERSHIP),
    "fleet_name": FilterField(lambda row: row.fleet_name, _EQUALITY | _MEMBERSHIP | _PATTERN),
    "host_name": FilterField(lambda row: row.host_name, _EQUALITY | _MEMBERSHIP | _PATTERN),
}

SORT_FIELDS: Final[Mapping[str, Callable[[QueryableRow], Any]]] = {
    "created_at": lambda row: row.created,
    "available_session_sockets": lambda row: row.available_session_sockets,
}


@attrs.frozen
class QueryCondition:
    """A filter of a query.

    Attributes:
        field: The name of the filtered field.
        operator: The name of the operator.
        value: The value, parsed by the operator.
    """

    field: str
    operator: str
    value: Any
    _value_of: Callable[[QueryableRow], Any] = attrs.field(alias="value_of", eq=False, repr=False)
    _test: TestValue = attrs.field(alias="test", eq=False, repr=False)

    @classmethod
    def on(cls, field: str, operator: str, value: Any) -> QueryCondition:
        """Return a condition on a field.

        Args:
            field: The name of a field in ``FIELDS``.
            operator: The name of one of its operators.
            value: The value, as in the query's JSON.

        Raises:
            QueryError: If the operator cannot parse the value.
        """
        filter_field = FIELDS[field]
        rule = filter_field.operators[operator]
        return cls(field, operator, rule.parse(field, value), filter_field.value_of, rule.passes)

    def passes(self, row: QueryableRow) -> bool:
        """Whether a row meets the condition."""
        return self._test(self._value_of(row), self.value)


@attrs.frozen
class SortKey:
    """A field to sort rows by, and the direction."""

    field: str
    descending: bool


@attrs.frozen
class DeploymentQuery:
    """A parsed query.

    Attributes:
        filters: The conditions, all of which a row must meet.
        order_by: The sort keys, the most significant first.
    """

    filters: tuple[QueryCondition, ...] = ()
    order_by: tuple[SortKey, ...] = ()

    @property
    def request_ids(self) -> frozenset[str] | None:
        """The only ids that can match, if a filter names them, so that other rows need not be tested; None if not."""
        for condition in self.filters:
            if condition.field == "request_id" and condition.operator in {"eq", "in"}:
                return frozenset([condition.value]) if isinstance(condition.value, str) else condition.value
        return None

    def matches(self, row: QueryableRow) -> bool:
        """Whether a row meets every condition."""
        for condition in self.filters:  # noqa: SIM110 - a loop takes half the time of all() here, for every row
            if not condition.passes(row):
                return False
        return True

    def ordered(self, newest_first: list[Row]) -> list[Row]:
        """Return rows in the order of the sort keys; equal rows, or all without keys, stay the newest first."""
        rows = newest_first
        for key in reversed(self.order_by):
            if len(self.order_by) == 1 and key.field == "created_at" and key.descending:
                break  # the rows are in this order already
            rows = sorted(rows, key=SORT_FIELDS[key.field], reverse=key.descending)
        return rows


def parse(text: str | None) -> DeploymentQuery:
    """Parse a query. None selects every deployment.

    Raises:
        QueryError: If the query is not valid JSON, or has an unknown field, operator, order or value.
    """
    if text is None:
        return DeploymentQuery()
    try:
        content = loads(text)
    except ValueError:
        raise QueryError("it is not valid JSON") from None
    if not _is_object(content):
        raise QueryError("it must be a JSON object")
    filters = tuple(_parse_filter(each) for each in _objects(content, "filters"))
    repeated = _first_repeated(each.field for each in filters)
    if repeated is not None:
        raise QueryError(f"there is more than one filter on {repeated}")
    return DeploymentQuery(filters, tuple(_parse_sort_key(each) for each in _objects(content, "order_by")))


def _objects(query: Mapping[str, Any], key: str) -> Iterable[dict[str, Any]]:
    items = query.get(key)
    if items is None:
        return
    if not _is_list(items):
        raise QueryError(f"{key} must be a list")
    for each in items:
        if not _is_object(each):
            raise QueryError(f"each of {key} must be an object")
        yield each


def _first_repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _parse_filter(item: Mapping[str, Any]) -> QueryCondition:
    name = _parse_choice(item, "field", FIELDS, "a filter")
    operators = FIELDS[name].operators
    operator = _parse_choice(item, "operator", operators, f"the filter on {name}")
    if "value" not in item:
        raise QueryError(f"the filter on {name} has no value")
    return QueryCondition.on(name, operator, item["value"])


def _parse_sort_key(item: Mapping[str, Any]) -> SortKey:
    name = _parse_choice(item, "field", SORT_FIELDS, "order_by")
    return SortKey(name, _parse_choice(item, "order", ("asc", "desc"), f"order_by {name}") == "desc")


def _parse_choice(item: Mapping[str, Any], key: str, choices: Collection[str], where: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or value not in choices:
        raise QueryError(f"the {key} of {where} must be one of {', '.join(choices)}")
    return value
