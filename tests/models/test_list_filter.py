"""Filters and orders are encoded as the query parameter of the list of deployments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from edgegap_async import Filter, State
from edgegap_async.errors import ConfigurationError
from edgegap_async.models.list_filter import OPERATORS, Condition, query_text
from edgegap_async.simulator.handlers.query import parse

NOON = datetime(2026, 4, 22, 12, 0, tzinfo=UTC)
NAMES = ["request_id", "tags", "application", "version", "fleet_name", "host_name"]


def filters(wanted: Filter) -> list[dict[str, Any]]:
    text = query_text(wanted, None)
    assert text is not None
    parse(text)  # the local Edgegap accepts it
    encoded: list[dict[str, Any]] = orjson.loads(text)["filters"]
    return encoded


@pytest.mark.parametrize(
    ("wanted", "operator", "value"),
    [
        ("a", "eq", "a"),
        (Filter.not_equal("a"), "neq", "a"),
        (["a", "b"], "in", ["a", "b"]),
        (("a",), "in", ["a"]),
        ({"a"}, "in", ["a"]),
        (Filter.is_in(["a", "b"]), "in", ["a", "b"]),
        (Filter.not_in(["a", "b"]), "nin", ["a", "b"]),
    ],
)
@pytest.mark.parametrize("field", NAMES)
def test_conditions_on_names_are_encoded(field: str, wanted: Any, operator: str, value: object) -> None:
    assert filters(Filter(**{field: wanted})) == [{"field": field, "operator": operator, "value": value}]


@pytest.mark.parametrize("field", ["fleet_name", "host_name"])
def test_patterns_on_names_of_fleets_and_hosts_are_encoded(field: str) -> None:
    assert filters(Filter(**{field: Filter.like("alpha%")})) == [
        {"field": field, "operator": "ilike", "value": "alpha%"}
    ]


@pytest.mark.parametrize("status", ["ready", "READY", "Status.READY", "status.Ready"])
def test_a_status_is_sent_in_lower_case_without_prefix(status: str) -> None:
    assert filters(Filter(status=status)) == [{"field": "status", "operator": "eq", "value": "ready"}]
    assert filters(Filter(status=Filter.not_equal(status))) == [
        {"field": "status", "operator": "neq", "value": "ready"}
    ]


@pytest.mark.parametrize(
    ("wanted", "operator", "value"),
    [
        (NOON, "eq", "2026-04-22T12:00:00+00:00"),
        (NOON.replace(tzinfo=None), "eq", "2026-04-22T12:00:00+00:00"),
        (Filter.created_after(NOON), "gte", "2026-04-22T12:00:00+00:00"),
        (Filter.created_before(NOON.astimezone(timezone(timedelta(hours=5)))), "lte", "2026-04-22T12:00:00+00:00"),
    ],
)
def test_datetimes_are_sent_in_utc(wanted: Any, operator: str, value: str) -> None:
    assert filters(Filter(created_at=wanted)) == [{"field": "created_at", "operator": operator, "value": value}]


def test_conditions_on_several_fields_are_combined() -> None:
    assert {each["field"] for each in filters(Filter(status="ready", tags="a", created_at=NOON))} == {
        "status",
        "tags",
        "created_at",
    }


@pytest.mark.parametrize("field", OPERATORS)
@pytest.mark.parametrize("operator", ["eq", "neq", "in", "nin", "ilike", "gte", "lte", "gt", "like"])
def test_each_field_accepts_only_its_operators(field: str, operator: str) -> None:
    condition = Condition(operator, ("ready",) if operator in {"in", "nin"} else "ready")
    if operator in OPERATORS[field]:
        assert [
            each["operator"] for each in orjson.loads(query_text(Filter(**{field: condition}), None) or "")["filters"]
        ]
    else:
        with pytest.raises(ConfigurationError, match=f"the list takes no '{operator}' on {field}, only "):
            Filter(**{field: condition})


@pytest.mark.parametrize(
    ("order", "encoded"),
    [
        ("created_at", [("created_at", "asc")]),
        ("-created_at", [("created_at", "desc")]),
        ("-available_session_sockets, created_at", [("available_session_sockets", "desc"), ("created_at", "asc")]),
    ],
)
def test_orders_are_encoded(order: str, encoded: list[tuple[str, str]]) -> None:
    text = query_text(None, order)
    assert text is not None
    parse(text)
    assert orjson.loads(text) == {"order_by": [{"field": field, "order": direction} for field, direction in encoded]}


@pytest.mark.parametrize("wanted", [None, Filter()])
@pytest.mark.parametrize("order", [None, ""])
def test_without_filter_and_order_there_is_no_query(wanted: Filter | None, order: str | None) -> None:
    assert query_text(wanted, order) is None


def test_filters_are_compared_by_value() -> None:
    assert Filter(tags="a") == Filter(tags="a")
    assert Filter(tags="a") != Filter(tags="b")


def test_a_filter_iterates_its_values_once() -> None:
    values = iter(["a", "b"])
    wanted = Filter(tags=values)  # type: ignore[arg-type]
    assert filters(wanted) == filters(wanted) == [{"field": "tags", "operator": "in", "value": ["a", "b"]}]


@pytest.mark.parametrize("status", ["raedy", "Status.Raedy", State("raedy"), Filter.not_equal("raedy")])
def test_a_status_that_does_not_exist_is_refused_with_the_closest_one(status: Any) -> None:
    with pytest.raises(ConfigurationError, match="status cannot be 'raedy': did you mean 'ready'") as caught:
        Filter(status=status)
    assert "terminated" in str(caught.value)


@pytest.mark.parametrize("status", list(State))
def test_every_listed_state_is_accepted_as_a_status(status: State) -> None:
    assert filters(Filter(status=status)) == [{"field": "status", "operator": "eq", "value": status.lower()}]
