"""``Filter`` and the order of the list of deployments: the ``query`` parameter of ``GET /v1/deployments``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

import attrs

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.json_codec import dumps
from edgegap_async.models.states import State
from edgegap_async.validation import suggestion, validate_choice, validate_list

_EQUALITY: Final = frozenset({"eq", "neq"})
_MEMBERSHIP: Final = _EQUALITY | {"in", "nin"}
_PATTERN: Final = _MEMBERSHIP | {"ilike"}

OPERATORS: Final[Mapping[str, frozenset[str]]] = {
    "status": _EQUALITY,
    "request_id": _MEMBERSHIP,
    "tags": _MEMBERSHIP,
    "application": _MEMBERSHIP,
    "version": _MEMBERSHIP,
    "fleet_name": _PATTERN,
    "host_name": _PATTERN,
    "created_at": frozenset({"eq", "gte", "lte"}),
}
"""The operators that the service supports for each field."""

ORDERS: Final = frozenset({"created_at", "available_session_sockets"})
"""The fields by which the service can order the list."""


@attrs.frozen
class Condition:
    """An operator and a value; created by ``Filter.not_equal``, ``Filter.is_in`` and the other static methods."""

    operator: str
    value: str | tuple[str, ...]

    def as_json(self, field: str) -> JSON:
        """Return one entry of the query's ``filters``."""
        value: JSON = self.value if isinstance(self.value, str) else list(self.value)
        return {"field": field, "operator": self.operator, "value": value}


FilterValue: TypeAlias = str | datetime | Collection[str] | Condition
"""What a field of a Filter takes: one value, several values of which one must match, or a condition."""


@attrs.frozen(init=False)
class Filter:
    """Selects rows of the list of deployments. All conditions must hold, at most one for each field.

    A plain value must be equal. Of several values one must be equal. The static methods create all other conditions::

        Filter(status="ready", tags="match-42")
        Filter(request_id=[first.request_id, second.request_id])
        Filter(application=Filter.not_equal("kart"), created_at=Filter.created_after(yesterday))
    """

    conditions: Mapping[str, Condition]

    def __init__(
        self,
        *,
        status: FilterValue | None = None,
        request_id: FilterValue | None = None,
        tags: FilterValue | None = None,
        application: FilterValue | None = None,
        version: FilterValue | None = None,
        fleet_name: FilterValue | None = None,
        host_name: FilterValue | None = None,
        created_at: FilterValue | None = None,
    ) -> None:
        """Create a filter.

        Args:
            status: A state such as ``"ready"`` or ``State.ERROR``; takes one value or ``not_equal``.
            request_id: The deployment's id; takes also several values, ``is_in`` and ``not_in``.
            tags: A tag that must be among the deployment's tags; takes the same as ``request_id``.
            application: The application's name; takes the same as ``request_id``.
            version: The version's name; takes the same as ``request_id``.
            fleet_name: The private fleet's name; takes the same as ``request_id``, and ``like``.
            host_name: The host's name; takes the same as ``request_id``, and ``like``.
            created_at: When the deployment was created; takes a datetime, ``created_after`` or ``created_before``.

        Raises:
            ConfigurationError: A value is empty, is not a string, or is a status that does not exist; or the service
                does not support the condition for that field.
        """
        values: dict[str, FilterValue | None] = {
            "status": status,
            "request_id": request_id,
            "tags": tags,
            "application": application,
            "version": version,
            "fleet_name": fleet_name,
            "host_name": host_name,
            "created_at": created_at,
        }
        conditions = {field: _condition(field, value) for field, value in values.items() if value is not None}
        object.__setattr__(self, "conditions", conditions)

    @staticmethod
    def not_equal(value: str) -> Condition:
        """Match every value except ``value``."""
        return Condition("neq", value)

    @staticmethod
    def is_in(values: Collection[str]) -> Condition:
        """Match one of ``values``; the same as passing them as a list."""
        return Condition("in", tuple(values))

    @staticmethod
    def not_in(values: Collection[str]) -> Condition:
        """Match every value except ``values``."""
        return Condition("nin", tuple(values))

    @staticmethod
    def like(pattern: str) -> Condition:
        """Match a pattern, ignoring case: ``%`` matches any characters; for ``fleet_name`` and ``host_name`` only."""
        return Condition("ilike", pattern)

    @staticmethod
    def created_after(moment: datetime) -> Condition:
        """Match deployments created at ``moment`` or later; a datetime without a zone is UTC."""
        return Condition("gte", _encode("created_at", moment))

    @staticmethod
    def created_before(moment: datetime) -> Condition:
        """Match deployments created at ``moment`` or earlier; a datetime without a zone is UTC."""
        return Condition("lte", _encode("created_at", moment))


def _encode(field: str, value: object) -> str:
    """Return a value as the query takes it; raises ConfigurationError for a value that the field cannot have."""
    if field == "status" and isinstance(value, str) and value:
        return validate_choice(State(value).lower(), [state.lower() for state in State], "a filter's status")
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat()
    if isinstance(value, str) and value:
        return value
    raise ConfigurationError(f"a filter on {field} takes strings that are not empty, not {value!r}")


def _condition(field: str, value: FilterValue) -> Condition:
    if isinstance(value, Condition):
        condition = value
    elif isinstance(value, (str, datetime)):
        condition = Condition("eq", value if isinstance(value, str) else _encode(field, value))
    else:
        condition = Condition("in", tuple(validate_list(value, f"a filter on {field}")))
    if condition.operator not in OPERATORS[field]:
        raise ConfigurationError(
            f"the list takes no {condition.operator!r} on {field}, only {', '.join(sorted(OPERATORS[field]))}"
        )
    values = (condition.value,) if isinstance(condition.value, str) else condition.value
    if not values:
        raise ConfigurationError(f"the filter on {field} holds no value: it would match nothing")
    encoded = tuple(_encode(field, each) for each in values)
    return Condition(condition.operator, encoded[0] if isinstance(condition.value, str) else encoded)


def query_text(filter: Filter | None, order_by: str | None) -> str | None:
    """Return the list's ``query`` parameter, None without a filter and an order.

    Args:
        filter: Which deployments to list.
        order_by: ``created_at`` or ``available_session_sockets``, with ``-`` before it for descending order; several
            are separated by commas.

    Raises:
        ConfigurationError: ``order_by`` names another field.
    """
    query: dict[str, JSON] = {}
    if filter is not None and filter.conditions:
        query["filters"] = [condition.as_json(field) for field, condition in filter.conditions.items()]
    if order_by:
        query["order_by"] = [_order(part.strip()) for part in order_by.split(",")]
    return dumps(query).decode() if query else None


def _order(part: str) -> JSON:
    field = part.removeprefix("-")
    if field not in ORDERS:
        raise ConfigurationError(
            f"the list is ordered by {' or '.join(sorted(ORDERS))}, not by {field!r}: {suggestion(field, ORDERS)}"
        )
    return {"field": field, "order": "desc" if part.startswith("-") else "asc"}
