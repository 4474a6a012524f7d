"""The client's calls and models against the service's own documents, operation by operation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from urllib.parse import unquote

import attrs
import pytest
from documents import (
    OPERATION_IDS,
    PUBLISHED,
    Schema,
    example_response,
    fields_of,
    merged,
    query_names,
    request_fields,
)
from documents import success as documented_success
from recorder import recorded
from samples import all_calls

from edgegap_async import client, errors
from edgegap_async.models.ports import Port, Ports
from edgegap_async.operations import OPERATIONS, Operation
from edgegap_async.pagination import PageStream
from edgegap_async.simulator.specification import request_validator, violations

CALLS = all_calls()
PAGING = {"page", "limit"}

# their responses only confirm what was requested, so the methods return None
CONFIRMATIONS = {
    "app-version-delete",
    "app-version-whitelist-entry-delete",
    "delete-custom-session",
    "fleet-delete",
    "session-delete",
}


# the table


def test_every_row_is_a_published_operation() -> None:
    published = {row["operation_id"]: row for row in PUBLISHED}
    assert set(OPERATIONS) == set(published)
    for operation in OPERATIONS.values():
        row = published[operation.operation_id]
        assert (row["method"], row["path"], row["spec"]) == (operation.method, operation.path, operation.spec)
        assert row["deprecated"] == operation.deprecated
        assert row["items_key"] in {operation.items_key, None}
        if operation.items_key:
            assert operation.paged == ("page" in row["query"])


def test_every_operation_has_sample_calls() -> None:
    assert set(CALLS) == set(OPERATIONS)


# requests


def matches(operation: Operation, path: str) -> bool:
    """Whether a path is the operation's with values for its parameters, some of which hold slashes."""
    pattern = re.sub(r"\\{[^}]+\\}", "[^/]+(?:/[^/]+)*", re.escape(operation.path))
    return re.fullmatch(pattern, unquote(path)) is not None


@pytest.mark.parametrize("operation_id", OPERATION_IDS)
async def test_requests_are_as_documented(operation_id: str, checked: Counter[str]) -> None:
    operation = OPERATIONS[operation_id]
    status, schema = documented_success(operation)
    async with recorded(status, example_response(schema, complete=True)) as (recorder, edgegap):
        for call in CALLS[operation_id]:
            await call(edgegap)
    assert recorder.sent
    validator = request_validator(operation_id)
    documented = query_names(operation) | query_names(operation, "v1-legacy")
    paging = PAGING if operation.items_key else set()
    for sent in recorder.sent:
        assert sent.method == operation.method
        assert matches(operation, sent.path), sent.path
        assert set(sent.query) <= documented | (paging if operation.paged else set())
        assert sent.authorization is not None
        if validator is None:
            assert sent.body is None
        else:
            assert [*map(str, violations(validator, sent.body))] == []
    checked["operations"] += 1
    checked["requests"] += len(recorder.sent)
    fields = {name for spec in (operation.spec, "v1-legacy") for name in request_fields(operation, spec)}
    checked["request fields"] += len(fields)
    sent_fields = {name for sent in recorder.sent if isinstance(sent.body, dict) for name in sent.body}
    assert fields <= sent_fields, "documented fields that no call can send"
    sent_parameters = {name for sent in recorder.sent for name in sent.query}
    assert documented <= sent_parameters | paging, "documented parameters that no call can send"


# responses


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The model that each operation's response is decoded to, filled as calls are made."""
    found: dict[str, Any] = {}
    decode, start = client.decode, PageStream.__init__

    def decoding(body: bytes, model: Any, *, operation: str) -> Any:
        found[operation] = model
        return decode(body, model, operation=operation)

    def starting(stream: Any, transport: Any, operation: str, item: Any, **rest: Any) -> None:
        found[operation] = item
        start(stream, transport, operation, item, **rest)

    monkeypatch.setattr(client, "decode", decoding)
    monkeypatch.setattr(PageStream, "__init__", starting)
    return found


@pytest.mark.parametrize("complete", [True, False], ids=["all fields", "required fields"])
@pytest.mark.parametrize("operation_id", OPERATION_IDS)
async def test_every_documented_response_field_is_decoded(
    operation_id: str, complete: bool, models: dict[str, Any], checked: Counter[str]
) -> None:
    operation = OPERATIONS[operation_id]
    status, schema = documented_success(operation)
    response = example_response(schema, complete=complete)
    if operation.items_key and isinstance(response, dict):
        response.setdefault(operation.items_key, [])
    refusal = None
    async with recorded(status, response) as (_, edgegap):
        try:
            await CALLS[operation_id][0](edgegap)
        except errors.DecodeError as error:
            refusal = str(error)
    # The only fields that models require are those that identify the object.
    assert refusal is None or (not complete and " no '" in refusal)
    if schema is None:
        return
    model = models.get(operation_id)
    if model is None and operation_id in CONFIRMATIONS:
        return
    assert model is not None, f"the response of {operation_id} is documented, but not decoded"
    for spec in dict.fromkeys((operation.spec, "v1-legacy")):
        _, documented = documented_success(operation, spec)
        row = _row_schema(documented or {}, operation)
        checked["response fields"] += complete * _count(row)
        assert [*undecoded(row, model)] == []


def _count(schema: Schema) -> int:
    """Count the documented fields of a schema, nested ones included."""
    schema = merged(schema)
    inner = _count(schema["items"]) if "items" in schema else 0
    return inner + sum(1 + _count(field) for field in fields_of(schema).values())


def _row_schema(schema: Schema, operation: Operation) -> Schema:
    """Return the schema of what is decoded to a model: of a list, one row."""
    if operation.items_key:
        schema = fields_of(schema).get(operation.items_key, {})
    return schema.get("items", schema) if schema.get("type") == "array" else schema


def undecoded(schema: Schema, model: Any, where: str = "$") -> Iterable[str]:
    """Yield the documented fields that a model has no attribute for, nested ones included."""
    model = _without_none(model)
    schema = merged(schema)
    if get_origin(model) is tuple:
        yield from undecoded(schema.get("items", {}), get_args(model)[0], f"{where}[]")
        return
    if model is Ports:
        for name, field in fields_of(schema).items():
            yield from undecoded(field, Port, f"{where}.{name}")
        return
    if not attrs.has(model):
        return
    types = {field.name: field.type for field in attrs.fields(attrs.resolve_types(model, include_extras=True))}
    for name, field in fields_of(schema).items():
        if name in types:
            yield from undecoded(field, types[name], f"{where}.{name}")
        else:
            yield f"{where}.{name} ({model.__name__})"


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        parts = [part for part in get_args(kind) if part is not NoneType]
        return parts[0] if len(parts) == 1 else kind
    return kind
