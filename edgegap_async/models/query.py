"""The dialect in which the list of deployments is asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

import attrs

from edgegap_async.codec import dumps
from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.fields import State
from edgegap_async.validation import validate_list

_PLAIN: Final = frozenset({"eq", "neq"})
_LISTED: Final = _PLAIN | {"in", "nin"}
_NAMED: Final = _LISTED | {"ilike"}

OPERATORS: Final[Mapping[str, frozenset[str]]] = {
    "status": _PLAIN,
    "request_id": _LISTED,
    "tags": _LISTED,
    "application": _LISTED,
    "version": _LISTED,
    "fleet_name": _NAMED,
    "host_name": _NAMED,
    "created_at": frozenset({"eq", "gte", "lte"}),
}
"""The operators that each field takes."""

ORDERS: Final = frozenset({"created_at", "available_session_sockets"})


@attrs.frozen
class Condition:
    """An operator and a value; made by ``Filter.isnot``, ``Filter.among`` and their like."""

    operator: str
    value: str | tuple[str, ...]

    def as_json(self, field: str) -> JSON:
        """One entry of the query's ``filters``."""
        value: JSON = self.value if isinstance(self.value, str) else list(self.value)
        return {"field": field, "operator": self.operator, "value": value}


Value: TypeAlias = str | datetime | Collection[str] | Condition
"""One value, several (any of them), or a condition."""


def _text(field: str, value: object) -> str:
    if field == "status":
        return State(value).lower() if isinstance(value, str) else _refuse(field, value)
    if isinstance(value, datetime):
        # Without a zone it is UTC, as everything the service itself says.
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat()
    return value if isinstance(value, str) and value else _refuse(field, value)


def _refuse(field: str, value: object) -> str:
    raise ConfigurationError(f"a filter on {field} takes texts that are not empty, not {value!r}")


@attrs.frozen(init=False)
class Filter:
    """Which deployments to list: one condition a field, all of which have to hold.

    ``Filter(status="ready", tags="match-42")`` takes a value to be equal to, or several of which one is enough
    (``request_id=[...]``); for ``tags`` that means the tag is among the deployment's. The static methods make the
    other conditions: ``Filter(application=Filter.isnot("kart"), created_at=Filter.since(moment))``.
    """

    conditions: Mapping[str, Condition]

    def __init__(
        self,
        *,
        status: Value | None = None,
        request_id: Value | None = None,
        tags: Value | None = None,
        application: Value | None = None,
        version: Value | None = None,
        fleet_name: Value | None = None,
        host_name: Value | None = None,
        created_at: Value | None = None,
    ) -> None:
        """Raises ConfigurationError for a condition that the service does not take on that field."""
        asked: dict[str, Value | None] = {
            "status": status,
            "request_id": request_id,
            "tags": tags,
            "application": application,
            "version": version,
            "fleet_name": fleet_name,
            "host_name": host_name,
            "created_at": created_at,
        }
        conditions = {field: _condition(field, value) for field, value in asked.items() if value is not None}
        object.__setattr__(self, "conditions", conditions)

    @staticmethod
    def isnot(value: str) -> Condition:
        """Anything but ``value``."""
        return Condition("neq", value)

    @staticmethod
    def among(values: Collection[str]) -> Condition:
        """One of ``values``."""
        return Condition("in", tuple(values))

    @staticmethod
    def outside(values: Collection[str]) -> Condition:
        """None of ``values``."""
        return Condition("nin", tuple(values))

    @staticmethod
    def like(pattern: str) -> Condition:
        """Matches ``pattern``, ``%`` standing for anything, upper and lower case alike; fleet and host names only."""
        return Condition("ilike", pattern)

    @staticmethod
    def since(moment: datetime) -> Condition:
        """Created at ``moment`` or later; a moment without a zone is UTC."""
        return Condition("gte", _text("created_at", moment))

    @staticmethod
    def until(moment: datetime) -> Condition:
        """Created at ``moment`` or earlier; a moment without a zone is UTC."""
        return Condition("lte", _text("created_at", moment))


def _condition(field: str, value: Value) -> Condition:
    if isinstance(value, Condition):
        asked = value
    elif isinstance(value, (str, datetime)):
        asked = Condition("eq", value if isinstance(value, str) else _text(field, value))
    else:
        asked = Condition("in", tuple(validate_list(value, f"a filter on {field}")))
    if asked.operator not in OPERATORS[field]:
        raise ConfigurationError(
            f"the list takes no {asked.operator!r} on {field}, only {', '.join(sorted(OPERATORS[field]))}"
        )
    texts = (asked.value,) if isinstance(asked.value, str) else asked.value
    if not texts:
        raise ConfigurationError(f"the filter on {field} holds no value")
    checked = tuple(_text(field, text) for text in texts)
    return Condition(asked.operator, checked[0] if isinstance(asked.value, str) else checked)


def query_text(wanted: Filter | None, order_by: str | None) -> str | None:
    """The list's ``query`` parameter, None when nothing is asked.

    ``order_by`` is ``created_at`` or ``available_session_sockets``, with ``-`` before it for the other way round;
    several are separated by commas. Raises ConfigurationError for any other.
    """
    query: dict[str, JSON] = {}
    if wanted is not None and wanted.conditions:
        query["filters"] = [condition.as_json(field) for field, condition in wanted.conditions.items()]
    if order_by:
        query["order_by"] = [_order(part.strip()) for part in order_by.split(",")]
    return dumps(query).decode() if query else None


def _order(part: str) -> JSON:
    field = part.removeprefix("-")
    if field not in ORDERS:
        raise ConfigurationError(f"the list is ordered by {' or '.join(sorted(ORDERS))}, not by {field!r}")
    return {"field": field, "order": "desc" if part.startswith("-") else "asc"}
