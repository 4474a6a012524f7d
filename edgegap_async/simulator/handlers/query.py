"""The dialect in which ``GET /v1/deployments`` is asked for some of the deployments, in some order.

A query is JSON: ``{"filters": [{"field", "operator", "value"}], "order_by": [{"field", "order"}]}``.
Everything here is a function of a query and rows; nothing knows where the rows come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeAlias, TypeGuard, TypeVar

import attrs

from edgegap_async.codec import loads
from edgegap_async.simulator.domain.states import DeploymentState


class Listed(Protocol):
    """What a query can ask of a row."""

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


Row = TypeVar("Row", bound=Listed)
Test: TypeAlias = Callable[[Any, Any], bool]
Reader: TypeAlias = Callable[[str, Any], Any]


class QueryError(ValueError):
    """A query that the service would refuse."""


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


# the values a filter may hold, by kind of operator


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise QueryError(f"the value of the filter on {field} must be a text")
    return value


def _texts(field: str, value: Any) -> frozenset[str]:
    if not _is_list(value):
        raise QueryError(f"the value of the filter on {field} must be a list of texts")
    return frozenset(_text(field, each) for each in value)


_STATUSES: Final = frozenset(state.lower() for state in DeploymentState)


def _status(field: str, value: Any) -> str:
    if _text(field, value) not in _STATUSES:
        raise QueryError(f"a {field} is one of {', '.join(sorted(_STATUSES))}")
    return str(value)


def _date(field: str, value: Any) -> datetime:
    try:
        date = datetime.fromisoformat(_text(field, value))
    except ValueError:
        raise QueryError(f"the value of the filter on {field} must be a date in ISO 8601") from None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _pattern(field: str, value: Any) -> re.Pattern[str]:
    wild = {"%": ".*", "_": "."}
    pattern = "".join(wild.get(letter) or re.escape(letter) for letter in _text(field, value))
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


@attrs.frozen
class Operator:
    """How the value of a filter is read, and when a field's value passes it."""

    read: Reader
    passes: Test


_EQUALITY: Final[dict[str, Operator]] = {
    "eq": Operator(_text, lambda has, value: has == value),
    "neq": Operator(_text, lambda has, value: has != value),
}
_MEMBERSHIP: Final[dict[str, Operator]] = {
    "in": Operator(_texts, lambda has, value: has in value),
    "nin": Operator(_texts, lambda has, value: has not in value),
}
_LIKENESS: Final[dict[str, Operator]] = {
    # as in SQL: % is any text, _ any one character, and the whole must match
    "ilike": Operator(_pattern, lambda has, value: has is not None and value.fullmatch(has) is not None),
}
_STATUS: Final[dict[str, Operator]] = {name: Operator(_status, operator.passes) for name, operator in _EQUALITY.items()}
_DATES: Final[dict[str, Operator]] = {
    "eq": Operator(_date, lambda has, value: has == value),
    "gte": Operator(_date, lambda has, value: has >= value),
    "lte": Operator(_date, lambda has, value: has <= value),
}
_TAGS: Final[dict[str, Operator]] = {
    "eq": Operator(_text, lambda has, value: value in has),
    "neq": Operator(_text, lambda has, value: value not in has),
    "in": Operator(_texts, lambda has, value: not value.isdisjoint(has)),
    "nin": Operator(_texts, lambda has, value: value.isdisjoint(has)),
}


@attrs.frozen
class Field:
    """A field that can be filtered: where its value is, and the operators it knows."""

    of: Callable[[Listed], Any]
    operators: Mapping[str, Operator]


FIELDS: Final[Mapping[str, Field]] = {
    "status": Field(lambda row: row.status, _STATUS),
    "request_id": Field(lambda row: row.request_id, _EQUALITY | _MEMBERSHIP),
    "tags": Field(lambda row: row.tags, _TAGS),
    "created_at": Field(lambda row: row.created, _DATES),
    "application": Field(lambda row: row.application, _EQUALITY | _MEMBERSHIP),
    "version": Field(lambda row: row.version, _EQUALITY | _MEMBERSHIP),
    "fleet_name": Field(lambda row: row.fleet_name, _EQUALITY | _MEMBERSHIP | _LIKENESS),
    "host_name": Field(lambda row: row.host_name, _EQUALITY | _MEMBERSHIP | _LIKENESS),
}

ORDERS: Final[Mapping[str, Callable[[Listed], Any]]] = {
    "created_at": lambda row: row.created,
    "available_session_sockets": lambda row: row.available_session_sockets,
}


@attrs.frozen
class QueryCondition:
    """One condition on a row."""

    field: str
    operator: str
    value: Any
    """The value as the operator reads it."""
    _of: Callable[[Listed], Any] = attrs.field(alias="of", eq=False, repr=False)
    _test: Test = attrs.field(alias="test", eq=False, repr=False)

    @classmethod
    def on(cls, field: str, operator: str, value: Any) -> QueryCondition:
        """A filter on a field of the table; raises ``QueryError`` for a value the operator cannot read."""
        row = FIELDS[field]
        rule = row.operators[operator]
        return cls(field, operator, rule.read(field, value), row.of, rule.passes)

    def passes(self, row: Listed) -> bool:
        """Whether a row meets it."""
        return self._test(self._of(row), self.value)


@attrs.frozen
class Ordering:
    """One key to sort rows by."""

    field: str
    descending: bool


@attrs.frozen
class Query:
    """Filters that must all pass, and the keys to sort by, the weightiest first."""

    filters: tuple[QueryCondition, ...] = ()
    order_by: tuple[Ordering, ...] = ()

    @property
    def request_ids(self) -> frozenset[str] | None:
        """The only ids that can pass, if the query names them: there is no need to look at other rows."""
        for each in self.filters:
            if each.field == "request_id" and each.operator in {"eq", "in"}:
                return frozenset([each.value]) if isinstance(each.value, str) else each.value
        return None

    def matches(self, row: Listed) -> bool:
        """Whether a row passes every filter."""
        for each in self.filters:  # noqa: SIM110 - a loop costs half of all() here, on every row there is
            if not each.passes(row):
                return False
        return True

    def ordered(self, newest_first: list[Row]) -> list[Row]:
        """Rows that come newest first, in the order wanted; rows that are equal in it stay as they come."""
        rows = newest_first
        for key in reversed(self.order_by):
            if len(self.order_by) == 1 and key.field == "created_at" and key.descending:
                break  # so they come
            rows = sorted(rows, key=ORDERS[key.field], reverse=key.descending)
        return rows


def parse(text: str | None) -> Query:
    """The query a text holds, none meaning everything; raises ``QueryError`` saying what is wrong."""
    if text is None:
        return Query()
    try:
        content = loads(text)
    except ValueError:
        raise QueryError("it is not valid JSON") from None
    if not _is_object(content):
        raise QueryError("it must be a JSON object")
    filters = tuple(_filter(each) for each in _objects(content, "filters"))
    doubled = _first_double(each.field for each in filters)
    if doubled is not None:
        raise QueryError(f"there is more than one filter on {doubled}")
    return Query(filters, tuple(_ordering(each) for each in _objects(content, "order_by")))


def _objects(query: Mapping[str, Any], key: str) -> Iterable[dict[str, Any]]:
    given = query.get(key)
    if given is None:
        return
    if not _is_list(given):
        raise QueryError(f"{key} must be a list")
    for each in given:
        if not _is_object(each):
            raise QueryError(f"each of {key} must be an object")
        yield each


def _first_double(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _filter(given: Mapping[str, Any]) -> QueryCondition:
    name = _one_of(given, "field", FIELDS, "a filter")
    operators = FIELDS[name].operators
    operator = _one_of(given, "operator", operators, f"the filter on {name}")
    if "value" not in given:
        raise QueryError(f"the filter on {name} has no value")
    return QueryCondition.on(name, operator, given["value"])


def _ordering(given: Mapping[str, Any]) -> Ordering:
    name = _one_of(given, "field", ORDERS, "order_by")
    return Ordering(name, _one_of(given, "order", ("asc", "desc"), f"order_by {name}") == "desc")


def _one_of(given: Mapping[str, Any], key: str, known: Collection[str], where: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or value not in known:
        raise QueryError(f"the {key} of {where} must be one of {', '.join(known)}")
    return value
