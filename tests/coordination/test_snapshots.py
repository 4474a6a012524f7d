"""Snapshots of deployments arrive at other processes as they were decoded."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.coordination.messages import SnapshotShown, decode_message, encode
from edgegap_async.coordination.snapshots import snapshot_message, snapshot_of
from edgegap_async.decoding.decoder import structure
from edgegap_async.errors import DecodeError
from edgegap_async.models.deployments import Deployment, DeploymentRow, DeploymentSnapshot

PAGES = pathlib.Path(__file__).parent.parent / "contract" / "pages"

MODELS = pytest.mark.parametrize("model", [Deployment, DeploymentRow])

FULL: dict[str, Any] = {
    "request_id": "0123456789ab",
    "fqdn": "a.example",
    "public_ip": "192.0.2.1",
    "start_time": "2026-01-02 03:04:05.678901",
    "removal_time": "2026-01-02T04:04:05+02:00",
    "ports": {
        "game port": {"external": 31000, "internal": 7777, "protocol": "UDP", "name": "g", "link": "x:1", "new": 1}
    },
    "location": {"city": "Montréal", "latitude": "45.5", "longitude": -73.5, "unlisted": [1, {"a": None}]},
    "tags": ["ours", "", "\U0001f600"],
    "sockets": "7",
    "current_status": "Status.HIBERNATING",
    "last_status": "Status.READY",
    "status": "Status.HIBERNATING",
    "running": False,
    "ready": False,
    "error": False,
    "sessions": [{"session_id": "s", "status": "Ready", "ready": True, "linked": False, "more": "x"}],
    "whitelisting_active": True,
    "something_new": {"deep": [1.5, "x", None, {"a": [True]}]},
}


def sent(snapshot: DeploymentSnapshot) -> DeploymentSnapshot:
    """A snapshot as another process receives it."""
    message = decode_message(encode(snapshot_message("id", 7, snapshot)))
    assert isinstance(message, SnapshotShown)
    assert (message.id, message.term) == ("id", 7)
    return snapshot_of(message)


def everything(value: object) -> object:
    """All fields, those of ``extra`` too, which ``==`` ignores."""
    match value:
        case _ if attrs.has(type(value)):
            fields = attrs.fields(type(value))
            return type(value), {each.name: everything(getattr(value, each.name)) for each in fields}
        case dict():
            return {key: everything(item) for key, item in value.items()}
        case tuple():
            return [everything(item) for item in value]
        case _:
            return value if not hasattr(value, "items") else {key: everything(item) for key, item in value.items()}


def payloads(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in an example that have the id of a deployment."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            value = json.loads(value)
        except ValueError:
            return
    if isinstance(value, dict):
        if isinstance(value.get("request_id"), str):
            yield value
        for each in value.values():
            yield from payloads(each)
    elif isinstance(value, list):
        for each in value:
            yield from payloads(each)


EXAMPLES = [
    payload
    for path in sorted(PAGES.glob("*.json"))
    for payload in payloads(json.loads(path.read_text(encoding="utf-8")))
]


@MODELS
def test_every_example_of_the_documents_arrives_as_it_is(model: type[DeploymentSnapshot]) -> None:
    decoded = 0
    for payload in [*EXAMPLES, FULL]:
        try:
            snapshot = structure(payload, model, operation="test")
        except DecodeError:
            continue
        decoded += 1
        assert sent(snapshot) == snapshot
        assert everything(sent(snapshot)) == everything(snapshot)
    assert decoded >= 5


@MODELS
def test_unlisted_states_fields_dates_and_ports_arrive(model: type[DeploymentSnapshot]) -> None:
    snapshot = sent(structure(FULL, model, operation="test"))
    assert snapshot.state == "HIBERNATING"
    assert snapshot.state is not None
    assert not snapshot.state.known
    assert snapshot.start_time is not None
    assert snapshot.start_time.isoformat() == "2026-01-02T03:04:05.678901+00:00"
    assert snapshot.ports["game port"].external == 31000
    assert snapshot.ports["game port"].extra == {"new": 1}
    assert snapshot.tags == ("ours", "", "\U0001f600")
    assert snapshot.extra["something_new"] == FULL["something_new"]
    assert snapshot.location is not None
    assert snapshot.location.extra == {"unlisted": [1, {"a": None}]}


TEXTS = st.none() | st.text(max_size=12)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PORTS = st.dictionaries(
    st.text(max_size=10),
    st.fixed_dictionaries(
        {"internal": st.integers(1, 65535), "protocol": st.sampled_from(["UDP", "TCP", "new"])},
        optional={"external": st.none() | st.integers(1, 65535), "name": TEXTS, "unlisted": JSON_VALUES},
    ),
    max_size=3,
)
STATES = st.sampled_from(["READY", "Status.READY", "Status.ERROR", "TERMINATED", "new.State"]) | st.none()
DATES = st.datetimes().map(str) | st.none()


@MODELS
@given(
    known=st.fixed_dictionaries(
        {"request_id": st.text(max_size=12)},
        optional={
            "fqdn": TEXTS,
            "public_ip": TEXTS,
            "start_time": DATES,
            "removal_time": DATES,
            "ports": PORTS | st.none(),
            "tags": st.lists(st.text(max_size=8), max_size=3) | st.none(),
            "sockets": st.integers(0, 99) | st.none(),
            "current_status": STATES,
            "last_status": STATES,
            "status": STATES,
            "running": st.booleans() | st.none(),
            "ready": st.booleans() | st.none(),
            "error": st.booleans() | st.none(),
            "error_detail": TEXTS,
            "elapsed_time": st.integers(0, 99) | st.integers(0, 99).map(str),
        },
    ),
    unlisted=st.dictionaries(st.text(max_size=8).map("new_{}".format), JSON_VALUES, max_size=3),
)
def test_whatever_can_be_decoded_arrives_as_it_is(
    model: type[DeploymentSnapshot], known: dict[str, Any], unlisted: dict[str, Any]
) -> None:
    try:
        snapshot = structure({**unlisted, **known}, model, operation="test")
    except DecodeError:
        return
    assert everything(sent(snapshot)) == everything(snapshot)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown model 'Model'"):
        snapshot_of(SnapshotShown(id="id", term=1, model="Model", fields={"request_id": "id"}))


@pytest.mark.parametrize("fields", [None, [], "x", {}, {"request_id": 7}, {"request_id": "id", "ports": [1]}])
def test_fields_that_are_not_those_of_the_model_are_refused(fields: Any) -> None:
    with pytest.raises(DecodeError, match="a message of another process"):
        snapshot_of(SnapshotShown(id="id", term=1, model="Deployment", fields=fields))
