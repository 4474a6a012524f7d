"""The decoder converts JSON to models strictly, and its errors name the path and never the value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegap_async import Deployment, DeploymentRow, State
from edgegap_async.decoding.decoder import decode, parse, structure
from edgegap_async.errors import DecodeError
from edgegap_async.models.base import Model
from edgegap_async.models.deployments import (
    BulkStopResponse,
    ContainerLogs,
    DeploymentRequest,
    DeploymentRequestV1,
    StopResponse,
)
from edgegap_async.models.locations import Beacon, Location
from edgegap_async.models.metrics import Metrics, Series
from edgegap_async.models.private_fleets import Host
from edgegap_async.models.tags import Tag

ID = "0123456789ab"

MODELS = [
    Deployment,
    DeploymentRow,
    DeploymentRequest,
    DeploymentRequestV1,
    StopResponse,
    BulkStopResponse,
    ContainerLogs,
    Metrics,
    Tag,
    Host,
    Location,
    Beacon,
]


def deployment(**fields: Any) -> Deployment:
    return structure({"request_id": ID, **fields}, Deployment, operation="test")


def wrong(**fields: Any) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        deployment(**fields)
    return caught.value


# dates and times


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-04-22 12:00:46.444265", datetime(2026, 4, 22, 12, 0, 46, 444265, UTC)),
        ("2021-07-14 14:17:37.711", datetime(2021, 7, 14, 14, 17, 37, 711000, UTC)),
        ("2025-11-26T16:32:30.825138Z", datetime(2025, 11, 26, 16, 32, 30, 825138, UTC)),
        ("2022-01-01 00:00:00.000000", datetime(2022, 1, 1, tzinfo=UTC)),
        ("2022-01-01 00:00:00", datetime(2022, 1, 1, tzinfo=UTC)),
        ("2025-11-26T18:32:30+02:00", datetime(2025, 11, 26, 16, 32, 30, tzinfo=UTC)),
        ("2025-11-26T11:32:30.5-05:00", datetime(2025, 11, 26, 16, 32, 30, 500000, UTC)),
        ("", None),
        (None, None),
    ],
)
def test_dates_become_utc_datetimes_with_a_zone(value: str | None, moment: datetime | None) -> None:
    read = deployment(start_time=value).start_time
    assert read == moment
    if read is not None:
        assert read.tzinfo is UTC


@pytest.mark.parametrize("value", ["soon", "2026-13-01 00:00:00", "12:00", 1_766_000_000, True, [], {}])
def test_an_invalid_date_is_a_decode_error(value: object) -> None:
    assert wrong(start_time=value).path == "$.start_time"


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_dates_that_overflow_in_utc_are_decode_errors(value: str) -> None:
    assert wrong(start_time=value).path == "$.start_time"


# numbers


@pytest.mark.parametrize("value", [7, 7.0, "7", "7.0", " 7 "])
def test_a_count_is_accepted_as_a_number_or_a_string(value: object) -> None:
    read = deployment(sockets=value).sockets
    assert read == 7
    assert type(read) is int


@pytest.mark.parametrize("value", ["x", "", "7.5", 7.5, True, "true", [], "nan", "inf", "1e400"])
def test_an_invalid_count_is_a_decode_error(value: object) -> None:
    assert wrong(sockets=value).path == "$.sockets"


def test_a_large_float_without_a_fraction_is_a_count() -> None:
    assert deployment(sockets=float(2**70)).sockets == 2**70


@pytest.mark.parametrize(("value", "number"), [(45.5, 45.5), (45, 45.0), ("45.5", 45.5), ("-73", -73.0), (None, None)])
def test_degrees_are_accepted_as_a_number_or_a_string(value: object, number: float | None) -> None:
    location = deployment(location={"latitude": value}).location
    assert location is not None
    assert location.latitude == number
    assert type(location.latitude) in {float, type(None)}


def test_a_long_count_in_a_string_keeps_every_digit() -> None:
    """Relay tokens exceed 2^31, and others may exceed what a float holds exactly."""
    assert deployment(sockets="9007199254740993").sockets == 9_007_199_254_740_993


# unexpected values


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"fqdn": 1}, "$.fqdn"),
        ({"fqdn": True}, "$.fqdn"),
        ({"fqdn": ["x"]}, "$.fqdn"),
        ({"running": 1}, "$.running"),
        ({"running": 0}, "$.running"),
        ({"running": "true"}, "$.running"),
        ({"tags": {"a": 1}}, "$.tags"),
        ({"tags": "abc"}, "$.tags"),
        ({"tags": [1]}, "$.tags[0]"),
        ({"location": {"city": 5}}, "$.location.city"),
        ({"location": {"tags": [{"key": "a"}]}}, "$.location.tags[0].value"),
        ({"sessions": [{}]}, "$.sessions[0].session_id"),
        ({"current_status": True}, "$.current_status"),
    ],
)
def test_values_are_not_coerced(fields: dict[str, Any], path: str) -> None:
    error = wrong(**fields)
    assert error.path == path
    assert error.operation == "test"
    assert str(error).endswith(f" at {path}")


@pytest.mark.parametrize("external", ["30095", True, 30095.5, [30095]])
def test_the_number_of_a_port_must_be_a_number(external: object) -> None:
    assert wrong(ports={"gameport": {"external": external}}).path == "$.ports['gameport'].external"


@pytest.mark.parametrize("secret", ["s3cr3t", "203.0.113.7"])
@pytest.mark.parametrize(
    "field",
    ["running", "start_time", "elapsed_time", "tags", "ports", "location", "sessions", "error"],
)
def test_an_error_never_contains_the_value(field: str, secret: str) -> None:
    assert secret not in str(wrong(**{field: secret}))
    assert secret not in str(wrong(**{field: [{"deep": secret}]}))


def test_an_error_never_contains_a_key_of_an_unexpected_object() -> None:
    assert "s3cr3t" not in str(wrong(tags={"s3cr3t": 1}))


def test_the_message_says_what_was_expected_and_what_was_found() -> None:
    assert str(wrong(fqdn=None, running="yes")).endswith("expected a boolean, found a string at $.running")
    assert str(wrong(location=[])).endswith("expected an object, found a list at $.location")
    assert str(wrong(ports=[])).endswith("expected an object, found a list at $.ports")


def test_of_several_unexpected_values_the_first_is_reported() -> None:
    assert wrong(running=1, fqdn=1).path == "$.running"
    assert wrong(fqdn=1, running=1).path == "$.fqdn"
    assert wrong(tags=["a", 1, 2]).path == "$.tags[1]"


def test_the_path_of_a_list_starts_with_the_index() -> None:
    with pytest.raises(DecodeError) as caught:
        structure([{"request_id": ID}, {"request_id": 5}], tuple[DeploymentRow, ...], operation="test")
    assert caught.value.path == "$[1].request_id"


def test_a_long_key_in_a_path_is_shortened() -> None:
    assert len(wrong(ports={"x" * 10_000: 1}).path) < 200


def _refuse(_instance: object, _field: object, value: object) -> None:
    raise RuntimeError(f"refused: {value}")


@attrs.frozen(kw_only=True)
class Refusing(Model):
    name: str = attrs.field(validator=_refuse)


@attrs.frozen(kw_only=True)
class Parent(Model):
    kind: Literal["a", "b"] = "a"
    children: tuple[Refusing, ...] = ()
    by_name: Mapping[str, Refusing] | None = None


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"children": [{"name": "s3cr3t"}]}, "$.children[0]"),
        ({"by_name": {"first": {"name": "s3cr3t"}}}, "$.by_name['first']"),
        ({"kind": "s3cr3t"}, "$.kind"),
    ],
)
def test_any_error_of_a_model_becomes_a_decode_error_without_the_value(value: dict[str, Any], path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        structure(value, Parent, operation="test")
    assert caught.value.path == path
    assert str(caught.value).endswith(f"a value of the wrong kind at {path}")
    assert "s3cr3t" not in str(caught.value)


def test_an_error_keeps_no_reference_to_what_caused_it() -> None:
    """A traceback or a log of the error would show the value."""
    for error in (wrong(start_time="s3cr3t"), wrong(sockets="s3cr3t")):
        assert error.__context__ is None
        assert error.__cause__ is None


# null, missing, unknown


@pytest.mark.parametrize(
    "name", [field.name for field in attrs.fields(Deployment) if field.name not in {"request_id", "extra"}]
)
def test_null_and_missing_decode_to_the_same(name: str) -> None:
    assert getattr(deployment(**{name: None}), name) == getattr(deployment(), name)
    assert deployment(**{name: None}) == deployment()


def test_a_missing_required_field_is_named_with_its_path() -> None:
    with pytest.raises(DecodeError, match=r"no 'request_id' at \$\.request_id$") as caught:
        structure({}, Deployment, operation="test")
    assert caught.value.path == "$.request_id"
    assert wrong(request_id=None).path == "$.request_id"
    assert str(wrong(sessions=[{"session_id": "s"}, {}])).endswith("no 'session_id' at $.sessions[1].session_id")


def test_unknown_fields_are_kept_in_extra_and_ignored_by_equality_and_repr() -> None:
    read = deployment(novelty={"a": [1, None]}, other=None)
    assert read.extra == {"novelty": {"a": [1, None]}, "other": None}
    assert read == deployment()
    assert "novelty" not in repr(read)


def test_a_field_named_extra_is_an_unknown_field() -> None:
    assert deployment(extra={"a": 1}).extra == {"extra": {"a": 1}}


def test_the_parsed_json_is_not_changed() -> None:
    fields = {"request_id": ID, "novelty": 1}
    structure(fields, Deployment, operation="test")
    assert fields == {"request_id": ID, "novelty": 1}


def test_known_and_unknown_states_are_decoded() -> None:
    read = deployment(current_status="Status.Ready", last_status="Status.WARMING")
    assert read.current_status is State.READY
    assert read.last_status == "WARMING"


def test_a_series_keeps_missing_samples_as_none() -> None:
    body = {"labels": ["a", "b", "c"], "datasets": [1, None, "2.5"], "timestamps": ["2026-04-22 12:00:46", None, ""]}
    read = structure(body, Series, operation="test")
    assert read.datasets == (1.0, None, 2.5)
    assert read.timestamps == (datetime(2026, 4, 22, 12, 0, 46, tzinfo=UTC), None, None)


# arbitrary input


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def shaped(model: type) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the fields of a model and arbitrary values."""
    names = [field.name for field in attrs.fields(model)]
    strings = st.sampled_from(["2026-04-22 12:00:46", "Status.READY", "7", "nan", "inf", "1e999", "-0"])
    return st.dictionaries(st.sampled_from(names), json | strings, max_size=6)


def decoded(read: Callable[[], object]) -> object:
    """The result, or the DecodeError; any other error fails the test."""
    try:
        return read()
    except DecodeError as error:
        return error


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=15)
@given(data=st.data())
def test_arbitrary_json_is_decoded_or_raises_a_decode_error(model: type, data: st.DataObject) -> None:
    value = data.draw(json | shaped(model) | shaped(model).map(lambda it: {"request_id": ID, "host_id": "h", **it}))
    read = decoded(lambda: structure(value, model, operation="test"))
    if isinstance(read, DecodeError):
        assert read.path.startswith("$")
        assert read.operation == "test"
        assert len(str(read)) < 2000
    else:
        assert isinstance(read, model)


@given(st.binary())
def test_arbitrary_bytes_are_decoded_or_raise_a_decode_error(body: bytes) -> None:
    assert isinstance(decoded(lambda: decode(body, Deployment, operation="test")), (DecodeError, Deployment))


def test_very_deep_nesting_is_a_decode_error() -> None:
    with pytest.raises(DecodeError):
        parse(b"[" * 100_000, operation="test")


@given(json)
def test_json_written_by_orjson_is_parsed_unchanged(value: Any) -> None:
    assert parse(orjson.dumps(value), operation="test") == value
