"""The compiled decoders return exactly what the walker returns, and accept the documented shapes themselves."""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import pkgutil
import re
import threading
import weakref
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, Literal, get_args, get_origin
from unittest.mock import patch

import attrs
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

import edgegap_async.models
from edgegap_async import Deployment, DeploymentRow, Port, State
from edgegap_async.decoding.compiled import body_decoder
from edgegap_async.decoding.decoder import decode, decode_page, parse, structure
from edgegap_async.decoding.scalars import SCALARS, is_optional
from edgegap_async.decoding.unknown_fields import MAX_NAMES, UNKNOWN_FIELDS
from edgegap_async.decoding.wire import NotCompilableError
from edgegap_async.errors import DecodeError
from edgegap_async.models.applications import Application
from edgegap_async.models.base import Count, Model, Number
from edgegap_async.models.deployments import BulkStopResponse, DeploymentRequestV1, StopResponse
from edgegap_async.models.ip import AddressesResponse
from edgegap_async.models.locations import Beacon, Location
from edgegap_async.models.matchmakers import MatchmakerComponent
from edgegap_async.models.metrics import Metrics
from edgegap_async.models.page import PageEnvelope
from edgegap_async.models.ports import NO_PORTS, Ports
from edgegap_async.models.private_fleets import Host
from edgegap_async.models.relays import RelayAuthorization
from edgegap_async.models.sessions import Session
from edgegap_async.models.tags import Tag
from edgegap_async.models.versions import Version
from edgegap_async.secret import Secret

OF_OPERATIONS = [
    Application,
    BulkStopResponse,
    Deployment,
    DeploymentRequestV1,
    DeploymentRow,
    Host,
    MatchmakerComponent,
    Metrics,
    RelayAuthorization,
    Session,
    StopResponse,
    Version,
    AddressesResponse,
]

STATUS = {
    "request_id": "61b1be8f54d9",
    "fqdn": "61b1be8f54d9.pr.edgegap.net",
    "public_ip": "203.0.113.48",
    "app_name": "kart",
    "current_status": "Status.READY",
    "running": True,
    "start_time": "2026-04-22 12:00:46.444265",
    "elapsed_time": "12",
    "removal_time": "",
    "ports": {"gameport": {"name": "gameport", "internal": 7777, "external": 30345, "tls_upgrade": False}},
    "location": {"city": "Montreal", "latitude": "45.508888", "longitude": -73.561668, "tags": None},
    "tags": ["match-42", "eg-1234567-0123abcd"],
    "sessions": [{"session_id": "s", "user_count": 2}],
}
ROW = {name: STATUS[name] for name in ("request_id", "fqdn", "public_ip", "start_time", "ports", "tags")} | {
    "ready": True
}
PAGINATION = {
    "number": 1,
    "next_page_number": None,
    "previous_page_number": None,
    "paginator": {"num_pages": 1},
    "has_next": False,
    "has_previous": False,
}


def models() -> list[type]:
    modules = [
        importlib.import_module(f"edgegap_async.models.{module.name}")
        for module in pkgutil.iter_modules(edgegap_async.models.__path__)
    ]
    found = {kind for module in modules for kind in vars(module).values() if inspect.isclass(kind)}
    return sorted(
        (kind for kind in found if issubclass(kind, Model) and not inspect.isabstract(kind)), key=lambda it: it.__name__
    )


def compiled(body: bytes, model: Any) -> Any:
    """What the compiled decoder itself makes of a body; raises if it refuses."""
    return body_decoder(model, UNKNOWN_FIELDS.version)(body)


def walked(body: bytes, model: Any) -> Any:
    return structure(parse(body, operation="test"), model, operation="test")


def every_detail(value: Any) -> Any:
    """A decoded value with the types of all that is in it, ``extra`` too; ``==`` ignores these."""
    if isinstance(value, Ports):
        return (Ports, {name: every_detail(port) for name, port in value.items()})
    if isinstance(value, Secret):
        return (Secret, value.reveal())
    if attrs.has(type(value)):
        return (
            type(value),
            {field.name: every_detail(getattr(value, field.name)) for field in attrs.fields(type(value))},
        )
    if isinstance(value, (dict, list, tuple, Mapping)):
        items = dict(value) if isinstance(value, Mapping) else dict(enumerate(value))
        return (type(value), {name: every_detail(item) for name, item in items.items()})
    zone = value.tzinfo if isinstance(value, datetime) else None
    return (type(value), repr(value), zone is UTC, isinstance(value, State) and value.known)


def outcome(decoded: Any) -> Any:
    try:
        return every_detail(decoded())
    except DecodeError as error:
        return (str(error), error.path, error.operation)


# bodies: the documented shapes, with odd values here and there

DATES = [
    "2026-04-22 12:00:46.444265",
    "2021-07-14 14:17:37.711",
    "2025-11-26T16:32:30.825138Z",
    "2022-01-01 00:00:00",
    "",
]
ODD_DATES = [
    "2025-11-26T16:32:30.1234567Z",
    "2025-11-26T18:32:30.5+02:00",
    "2022-01-01",
    "0001-01-01T00:00+14:00",
    "soon",
    "20",
]
NUMBERS = ["0", "7", "-3", "30345"]
ODD_NUMBERS = ["7.0", "7.5", "1e2", "-0", "-0.0", "1e400", "9223372036854775808", str(10**40), "-1e-320"]
STRINGS = ["kart", "eg-1234567-0123abcd", "Status.READY", "HIBERNATING", "é\u2028", "x" * 300, "", " 7 ", "7", "nan"]
ODD = [
    "null",
    "true",
    "false",
    '"7"',
    '"7.0"',
    '""',
    '"45.5"',
    "[]",
    "{}",
    "[null]",
    '{"a": 1}',
    '[{"a": [1]}]',
    *ODD_NUMBERS,
]

CHARACTERS = 'aZ7 \u00e9\u2028\U0001f3ae"\\/\n'


class Bodies:
    """Draws JSON of the documented shapes, seldom with something else in it."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def string(self) -> str:
        random = self.random
        return random.choice([*STRINGS, "".join(random.choices(CHARACTERS, k=random.randrange(6)))])

    def date(self) -> str:
        moment = datetime.fromtimestamp(self.random.uniform(0, 4e9), UTC)
        return self.random.choice([*DATES, str(moment.replace(tzinfo=None)), moment.isoformat(), f"{moment:%FT%TZ}"])

    def number(self) -> str:
        return self.random.choice([*NUMBERS, str(self.random.randrange(-(2**70), 2**70))])

    def float(self) -> str:
        return self.random.choice(
            [self.number(), repr(self.random.uniform(-180, 180)), repr(self.random.random() ** 99)]
        )

    def odd(self) -> str:
        return self.random.choice([*ODD, *map(json.dumps, ODD_DATES), json.dumps(self.string())])

    def value(self, kind: Any) -> str:
        return self.odd() if self.random.random() < 0.03 else self.documented(kind)

    def documented(self, kind: Any) -> str:
        if is_optional(kind):
            (inner,) = (it for it in get_args(kind) if it is not type(None))
            return "null" if self.random.random() < 0.2 else self.documented(inner)
        if kind is Ports:
            return self.object([self.random.choice(["gameport", "7777"]) for _ in range(2)], Port)
        if get_origin(kind) is Mapping:
            return self.object([self.string() for _ in range(self.random.randrange(3))], get_args(kind)[1])
        if get_origin(kind) is tuple:
            items = [self.value(get_args(kind)[0]) for _ in range(self.random.randrange(3))]
            return f"[{','.join(items)}]"
        return self.scalar(kind) if kind in SCALARS or kind is Any or get_origin(kind) is Literal else self.model(kind)

    def scalar(self, kind: Any) -> str:
        if kind is Any:
            return self.odd()
        if get_origin(kind) is Literal:
            return json.dumps(self.random.choice(get_args(kind)))
        if kind is bool:
            return self.random.choice(["true", "false"])
        if kind in {int, Count}:
            number = self.number()
        elif kind in {float, Number}:
            number = self.float()
        else:
            return json.dumps(self.date() if kind is datetime else self.string())
        return json.dumps(number) if kind in {Count, Number} and self.random.random() < 0.3 else number

    def object(self, names: list[str], kind: Any) -> str:
        return f"{{{','.join(f'{json.dumps(name)} : {self.value(kind)}' for name in names)}}}"

    def model(self, model: type) -> str:
        """An object with the fields of a model, sometimes with unknown ones, and with fields twice."""
        members = []
        for field in attrs.fields(attrs.resolve_types(model, include_extras=True)):
            if field.name != "extra" and self.random.random() < (0.95 if field.default is attrs.NOTHING else 0.6):
                members += [
                    f'"{field.name}": {self.value(field.type)}' for _ in range(1 + (self.random.random() < 0.02))
                ]
        if self.random.random() < 0.1:
            name = self.random.choice(["novelty", "extra", "unknown_0", "with space", "_x"])
            members.append(f'"{name}": {self.odd()}')
        self.random.shuffle(members)
        return "{" + ", ".join(members) + "}"


bodies = st.randoms(use_true_random=True).map(Bodies)


@pytest.mark.parametrize("model", OF_OPERATIONS)
@settings(max_examples=100)
@given(bodies=bodies)
def test_a_body_decodes_to_the_same_in_both_ways(model: type, bodies: Bodies) -> None:
    body = bodies.model(model).encode()
    note(body)
    expected = outcome(lambda: walked(body, model))
    assert outcome(lambda: decode(body, model, operation="test")) == expected
    assert outcome(lambda: decode(body, model, operation="test")) == expected  # after unknown fields are known


@settings(max_examples=100)
@given(bodies=bodies)
def test_a_page_decodes_to_the_same_in_both_ways(bodies: Bodies) -> None:
    members = [
        f'"data": {bodies.value(tuple[DeploymentRow, ...])}',
        *filter(None, [bodies.model(PageEnvelope).strip("{}")]),
    ]
    bodies.random.shuffle(members)
    body = f"{{{', '.join(members)}}}".encode()
    note(body)

    def decoded() -> Any:
        items, envelope = decode_page(body, DeploymentRow, items_key="data", operation="test")
        return items, *(getattr(envelope, field.name) for field in attrs.fields(PageEnvelope))

    with patch("edgegap_async.decoding.decoder.body_decoder", side_effect=NotCompilableError):
        expected = outcome(decoded)
    assert outcome(decoded) == expected


NO_JSON = [b"", b" ", b"[" * 10_000, b'{"request_id": "\xff"}', b'{"request_id": "a"} 1', b'{"request_id": "\\ud800"}']


@given(body=st.binary(max_size=40) | st.sampled_from(NO_JSON))
def test_what_is_no_json_raises_the_same_error(body: bytes) -> None:
    assert outcome(lambda: decode(body, Deployment, operation="test")) == outcome(lambda: walked(body, Deployment))


# documented shapes need no walker


@pytest.mark.parametrize("model", models())
def test_every_model_is_compiled(model: type) -> None:
    with pytest.raises(ValueError, match="truncated"):
        compiled(b"", model)


@pytest.mark.parametrize(
    "change", [{}, {"start_time": None}, {"tags": None, "ports": None}, {"sockets": "5", "sockets_usage": 2.0}]
)
def test_documented_values_are_accepted(change: dict[str, Any]) -> None:
    for document, model in ((STATUS | change, Deployment), (ROW | change, DeploymentRow)):
        body = json.dumps(document).encode()
        assert every_detail(compiled(body, model)) == every_detail(walked(body, model))


def test_a_documented_page_is_decoded_without_the_walker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("edgegap_async.decoding.decoder.structure")
    body = json.dumps({"data": [ROW, ROW], "total_count": 2, "pagination": PAGINATION}).encode()
    items, envelope = decode_page(body, DeploymentRow, items_key="data", operation="test")
    assert [item.request_id for item in items] == [ROW["request_id"]] * 2
    assert (envelope.total, envelope.page_count, envelope.has_next) == (2, 1, False)


# what is created


def received_ports() -> Ports:
    ports: Ports = compiled(json.dumps(STATUS).encode(), Deployment).ports
    return ports


def test_ports_are_created_when_they_are_first_read() -> None:
    ports = received_ports()
    with pytest.raises(AttributeError):
        object.__getattribute__(ports, "_by_name")
    assert ports["gameport"] is ports["gameport"]
    assert dict(object.__getattribute__(ports, "_by_name")) == {"gameport": ports["gameport"]}
    assert ports._received is None


@pytest.mark.parametrize("ports", [received_ports(), Ports(), Ports.__new__(Ports)])
def test_ports_have_no_other_attributes(ports: Ports) -> None:
    with pytest.raises(AttributeError, match=re.escape("'Ports' object has no attribute 'gameport'")):
        ports.gameport  # type: ignore[attr-defined]  # noqa: B018


def test_threads_may_read_the_same_ports_first() -> None:
    ports = received_ports()
    create, in_thread = ports._create, []

    def read_in_another_thread(received: Any) -> Mapping[str, Port]:
        object.__setattr__(ports, "_create", create)
        thread = threading.Thread(target=lambda: in_thread.append(ports["gameport"]))
        thread.start()
        thread.join()
        return create(received)

    object.__setattr__(ports, "_create", read_in_another_thread)
    assert [ports["gameport"]] == in_thread


def test_a_decoded_model_is_like_one_that_was_created() -> None:
    decoded = compiled(json.dumps(STATUS).encode(), Deployment)
    created = walked(json.dumps(STATUS).encode(), Deployment)
    assert decoded == created
    assert hash(decoded) == hash(created)
    assert repr(decoded) == repr(created)
    assert (type(decoded), type(decoded.ports), type(decoded.ports["gameport"])) == (Deployment, Ports, Port)
    assert copy.copy(decoded) == created
    assert attrs.evolve(decoded, fqdn="other").ports == created.ports
    assert attrs.asdict(decoded) == attrs.asdict(created)
    assert weakref.ref(decoded)() is decoded
    for model in (decoded, decoded.ports, decoded.location):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            model.fqdn = "other"
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            del model.fqdn


def test_without_ports_the_same_empty_object_is_used() -> None:
    assert compiled(b'{"request_id": "a"}', DeploymentRow).ports is NO_PORTS


def test_an_unknown_field_that_is_ignored_must_be_json() -> None:
    """msgspec does not check what it skips, and the walker refuses the whole body."""
    for value in (b"1e400", b'"\xff"', b'"\\ud800"'):
        for _ in range(2):
            with pytest.raises(DecodeError, match="is not JSON"):
                decode_page(
                    b'{"novelty": ' + value + b', "data": []}', DeploymentRow, items_key="data", operation="test"
                )
        decode_page(b'{"novelty": 1, "data": []}', DeploymentRow, items_key="data", operation="test")


# unknown fields


@attrs.frozen(kw_only=True)
class Inner(Model):
    name: str | None = None


@attrs.frozen(kw_only=True)
class Outer(Model):
    inner: Inner | None = None
    items: tuple[Inner, ...] = ()


def test_an_unknown_field_is_left_to_the_walker_once() -> None:
    body = b'{"inner": {"new": [1]}, "items": [{"new": null}, {}], "brand-new": {"a": 1}}'
    with pytest.raises(ValueError, match="unknown field"):
        compiled(body, Outer)
    first = decode(body, Outer, operation="test")
    second = compiled(body, Outer)
    assert every_detail(second) == every_detail(first)
    assert second.extra == {"brand-new": {"a": 1}}
    assert second.inner.extra == {"new": [1]}
    assert [item.extra for item in second.items] == [{"new": None}, {}]
    assert compiled(b'{"inner": {}}', Outer).extra == {}


@attrs.frozen(kw_only=True)
class Wider(Inner):
    kind: int | None = None


def test_a_field_that_is_unknown_to_a_base_class_is_a_field_of_its_subclass() -> None:
    decode(b'{"kind": "a", "shape": "b"}', Inner, operation="test")
    assert compiled(b'{"kind": 1}', Wider).kind == 1
    assert compiled(b'{"shape": 2}', Wider).extra == {"shape": 2}


def test_an_unknown_field_of_a_page_is_left_to_the_walker_once(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"data": [ROW], "total_count": 1, "generated_at": "now"}).encode()
    decode_page(body, DeploymentRow, items_key="data", operation="test")
    monkeypatch.delattr("edgegap_async.decoding.decoder.structure")
    assert decode_page(body, DeploymentRow, items_key="data", operation="test")[1].total == 1


@attrs.frozen(kw_only=True)
class Crowded(Model):
    name: str | None = None


def test_the_names_of_unknown_fields_are_bounded() -> None:
    body = json.dumps({f"field_{index}": index for index in range(10 * MAX_NAMES)}).encode()
    for _ in range(2):
        assert len(decode(body, Crowded, operation="test").extra) == 10 * MAX_NAMES
    assert len(UNKNOWN_FIELDS.of(Crowded)) == MAX_NAMES
    version = UNKNOWN_FIELDS.version
    decode(b'{"another": 1}', Crowded, operation="test")
    assert UNKNOWN_FIELDS.version == version


@pytest.mark.parametrize("name", ["x" * 65, "with space", "é", 'a"b', "a\\b", "\n", ""])
def test_unusual_names_are_not_compiled_and_kept_all_the_same(name: str) -> None:
    body = json.dumps({name: 1, "request_id": "a"}).encode()
    for _ in range(2):
        assert decode(body, Deployment, operation="test").extra == {name: 1}
    assert name not in UNKNOWN_FIELDS.of(Deployment)


# what is left to the walker


def double(value: Any) -> Any:
    return value * 2


@attrs.frozen(kw_only=True)
class Defaults(Model):
    count: Count = 3
    moments: tuple[datetime | None, ...] = (None,)
    state: State = State.READY
    doubled: str = attrs.field(default="a", converter=double)
    by_name: Mapping[str, datetime | None] | None = None
    ratio: Number = 3
    location: Location = attrs.field(default=Location(city="Montreal"))
    tags: tuple[Tag, ...] | None = None


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"count": "4", "moments": ["", null], "state": "x", "doubled": "b"}',
        b'{"by_name": {"a": "2022-01-01", "b": null}}',
        b'{"moments": null, "location": {}, "tags": [{"name": "t", "create_time": ""}]}',
        b'{"tags": null, "by_name": null}',
    ],
)
def test_defaults_and_converters_of_a_model_are_applied(body: bytes) -> None:
    assert every_detail(compiled(body, Defaults)) == every_detail(walked(body, Defaults))


@attrs.frozen(kw_only=True)
class Validated(Model):
    name: str = attrs.field(validator=attrs.validators.min_len(2))


@attrs.frozen(kw_only=True)
class Checked(Model):
    name: str

    def __attrs_post_init__(self) -> None:
        if not self.name:
            raise ValueError


@attrs.frozen(kw_only=True)
class Listing(Model):
    names: tuple[str, ...] = attrs.field(factory=tuple)


@attrs.frozen(kw_only=True)
class WithBeacon(Model):
    beacon: Beacon | None = None
    checked: Checked | None = None


@pytest.mark.parametrize("model", [Validated, Checked, Listing, WithBeacon, set[str]])
def test_models_with_other_features_are_left_to_the_walker(model: Any) -> None:
    with pytest.raises(NotCompilableError):
        compiled(b"{}", model)


def test_the_error_of_a_validator_is_the_walkers() -> None:
    with pytest.raises(DecodeError, match="a value of the wrong kind"):
        decode(b'{"name": ""}', Checked, operation="test")
