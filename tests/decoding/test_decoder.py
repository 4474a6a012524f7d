"""From JSON to models, strictly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegap_async import Deployment, DeploymentRow, State
from edgegap_async.decoding.decoder import decode, parse, structure
from edgegap_async.errors import DecodeError
from edgegap_async.models.deployments import (
    BulkStop,
    ContainerLogs,
    DeploymentRequest,
    DeploymentRequestV1,
    Metrics,
    Series,
    Stopped,
)
from edgegap_async.models.locations import Beacon, Location
from edgegap_async.models.private_fleets import Host
from edgegap_async.models.tags import Tag

ID = "0123456789ab"

MODELS = [
    Deployment,
    DeploymentRow,
    DeploymentRequest,
    DeploymentRequestV1,
    Stopped,
    BulkStop,
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


# times


@pytest.mark.parametrize(
    ("text", "moment"),
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
def test_times_are_utc_and_say_so(text: str | None, moment: datetime | None) -> None:
    read = deployment(start_time=text).start_time
    assert read == moment
    if read is not None:
        assert read.tzinfo is UTC


@pytest.mark.parametrize("value", ["soon", "2026-13-01 00:00:00", "12:00", 1_766_000_000, True, [], {}])
def test_what_is_no_time_is_an_error(value: object) -> None:
    assert wrong(start_time=value).path == "$.start_time"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_at_the_ends_of_time_do_no_harm(text: str) -> None:
    assert wrong(start_time=text).path == "$.start_time"


# numbers


@pytest.mark.parametrize("value", [7, 7.0, "7", "7.0", " 7 "])
def test_counts_come_as_numbers_or_texts(value: object) -> None:
    read = deployment(sockets=value).sockets
    assert read == 7
    assert type(read) is int


@pytest.mark.parametrize("value", ["x", "", "7.5", 7.5, True, "true", [], "nan", "inf", "1e400", float(2**70) + 0.0])
def test_what_is_no_count_is_an_error(value: object) -> None:
    if value == float(2**70):
        assert deployment(sockets=value).sockets == 2**70
    else:
        assert wrong(sockets=value).path == "$.sockets"


@pytest.mark.parametrize(("value", "number"), [(45.5, 45.5), (45, 45.0), ("45.5", 45.5), ("-73", -73.0), (None, None)])
def test_degrees_come_as_numbers_or_texts(value: object, number: float | None) -> None:
    location = deployment(location={"latitude": value}).location
    assert location is not None
    assert location.latitude == number
    assert type(location.latitude) in {float, type(None)}


def test_long_counts_as_text_keep_every_digit() -> None:
    """Relay tokens exceed 2^31, and others may exceed what a float holds exactly."""
    assert deployment(sockets="9007199254740993").sockets == 9_007_199_254_740_993


# strictness


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
def test_nothing_is_coerced(fields: dict[str, Any], path: str) -> None:
    error = wrong(**fields)
    assert error.path == path
    assert error.operation == "test"
    assert str(error).endswith(f" at {path}")


@pytest.mark.parametrize("external", ["30095", True, 30095.5, [30095]])
def test_ports_are_numbers(external: object) -> None:
    assert "external" in wrong(ports={"gameport": {"external": external}}).path


@pytest.mark.parametrize("secret", ["s3cr3t", "203.0.113.7"])
@pytest.mark.parametrize(
    "field",
    ["running", "start_time", "elapsed_time", "tags", "ports", "location", "sessions", "error"],
)
def test_an_error_never_shows_the_value(field: str, secret: str) -> None:
    assert secret not in str(wrong(**{field: secret}))
    assert secret not in str(wrong(**{field: [{"deep": secret}]}))


def test_an_error_never_shows_a_key_of_a_mapping_that_is_a_value() -> None:
    assert "s3cr3t" not in str(wrong(tags={"s3cr3t": 1}))


# null, missing, unknown


@pytest.mark.parametrize(
    "name", [field.name for field in attrs.fields(Deployment) if field.name not in {"request_id", "extra"}]
)
def test_null_is_the_same_as_missing(name: str) -> None:
    assert getattr(deployment(**{name: None}), name) == getattr(deployment(), name)
    assert deployment(**{name: None}) == deployment()


def test_what_is_required_is_required() -> None:
    with pytest.raises(DecodeError, match="no 'request_id'"):
        structure({}, Deployment, operation="test")
    assert wrong(request_id=None).path == "$.request_id"


def test_unknown_fields_are_kept_and_do_not_matter() -> None:
    read = deployment(novelty={"a": [1, None]}, other=None)
    assert read.extra == {"novelty": {"a": [1, None]}, "other": None}
    assert read == deployment()
    assert "novelty" not in repr(read)


def test_a_field_that_is_called_extra_is_unknown_like_any_other() -> None:
    assert deployment(extra={"a": 1}).extra == {"extra": {"a": 1}}


def test_the_fields_given_are_left_as_they_were() -> None:
    fields = {"request_id": ID, "novelty": 1}
    structure(fields, Deployment, operation="test")
    assert fields == {"request_id": ID, "novelty": 1}


def test_states_of_both_kinds() -> None:
    read = deployment(current_status="Status.Ready", last_status="Status.WARMING")
    assert read.current_status is State.READY
    assert read.last_status == "WARMING"


def test_a_measurement_keeps_its_gaps() -> None:
    body = {"labels": ["a", "b", "c"], "datasets": [1, None, "2.5"], "timestamps": ["2026-04-22 12:00:46", None, ""]}
    read = structure(body, Series, operation="test")
    assert read.datasets == (1.0, None, 2.5)
    assert read.timestamps == (datetime(2026, 4, 22, 12, 0, 46, tzinfo=UTC), None, None)


# anything


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
    """Objects with the fields of a model, holding anything."""
    names = [field.name for field in attrs.fields(model)]
    texts = st.sampled_from(["2026-04-22 12:00:46", "Status.READY", "7", "nan", "inf", "1e999", "-0"])
    return st.dictionaries(st.sampled_from(names), json | texts, max_size=6)


def decoded(read: Callable[[], object]) -> object:
    """What is read, or the error: a DecodeError or the test fails."""
    try:
        return read()
    except DecodeError as error:
        return error


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=15)
@given(data=st.data())
def test_arbitrary_json_is_decoded_or_is_a_decode_error(model: type, data: st.DataObject) -> None:
    value = data.draw(json | shaped(model) | shaped(model).map(lambda it: {"request_id": ID, "host_id": "h", **it}))
    read = decoded(lambda: structure(value, model, operation="test"))
    if isinstance(read, DecodeError):
        assert read.path.startswith("$")
        assert read.operation == "test"
        assert len(str(read)) < 2000
    else:
        assert isinstance(read, model)


@given(st.binary())
def test_arbitrary_bytes_are_decoded_or_are_a_decode_error(body: bytes) -> None:
    assert isinstance(decoded(lambda: decode(body, Deployment, operation="test")), (DecodeError, Deployment))


def test_nesting_without_end_is_a_decode_error() -> None:
    with pytest.raises(DecodeError):
        parse(b"[" * 100_000, operation="test")


@given(json)
def test_what_orjson_writes_is_parsed_again(value: Any) -> None:
    assert parse(orjson.dumps(value), operation="test") == value
