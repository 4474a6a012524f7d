"""What callers give, as the service wants it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async import EnvironmentVariable, User
from edgegap_async.errors import ConfigurationError
from edgegap_async.models.encoding import string_values
from edgegap_async.models.environment import environment_json
from edgegap_async.models.users import users_v1, users_v2
from edgegap_async.validation import validate_name

IP = "203.0.113.7"


@pytest.mark.parametrize(
    ("user", "data"),
    [
        (IP, {"ip_address": IP}),
        (User.ip(IP), {"ip_address": IP}),
        ("2001:DB8:0:0::7", {"ip_address": "2001:db8::7"}),
        ((45.5, -73.6), {"latitude": 45.5, "longitude": -73.6}),
        ([45, -73], {"latitude": 45.0, "longitude": -73.0}),
        (User.at(0, 0), {"latitude": 0.0, "longitude": 0.0}),
        (User.at(-90, 180, ip_address=IP), {"latitude": -90.0, "longitude": 180.0}),
    ],
)
def test_every_form_of_a_user(user: Any, data: dict[str, Any]) -> None:
    kind = "ip_address" if "ip_address" in data else "geo_coordinates"
    assert users_v2([user]) == [{"user_type": kind, "user_data": data}]


def test_users_may_be_any_iterable() -> None:
    assert users_v2(iter([IP, IP])) == users_v2((IP, IP))  # type: ignore[arg-type]


def test_users_of_v1() -> None:
    assert users_v1([IP, User.ip(IP)]) == {"ip_list": [IP, IP]}
    assert users_v1([User.at(0, 1, ip_address=IP)]) == {"geo_ip_list": [{"ip": IP, "latitude": 0, "longitude": 1}]}


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_place_on_earth_is_one(latitude: float, longitude: float) -> None:
    assert User.at(latitude, longitude).has_position


@given(st.floats(min_value=90, exclude_min=True) | st.floats(max_value=-90, exclude_max=True) | st.just(float("nan")))
def test_no_other_place_is(latitude: float) -> None:
    with pytest.raises(ConfigurationError, match="between -90 and 90"):
        User.at(latitude, 0)


@given(st.text())
def test_a_name_that_is_taken_cannot_leave_its_segment(name: str) -> None:
    with suppress(ConfigurationError):
        assert validate_name(name, "the name") == name
        assert not set("/\\\r\n\0") & set(name)
        assert name not in {"", ".", ".."}


def test_environment_in_both_forms() -> None:
    assert environment_json({"A": "1"}) == environment_json([EnvironmentVariable(key="A", value="1")])
    assert environment_json({}) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 4, 22, 12, 0, 46, 444265), "2026-04-22 12:00:46.444"),
        (datetime(2026, 4, 22, 12, 0, 46, tzinfo=UTC), "2026-04-22 12:00:46.000"),
        (datetime(2026, 4, 22, 14, 0, tzinfo=timezone(timedelta(hours=2))), "2026-04-22 12:00:00.000"),
        (True, "true"),
        (False, "false"),
        ("30s", "30s"),
    ],
)
def test_parameters_as_text(value: Any, text: str) -> None:
    assert string_values(name=value, other=None) == {"name": text}


def test_parameters_that_are_none_are_left_out() -> None:
    assert string_values(a=None, b="") == {"b": ""}
