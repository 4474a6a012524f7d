"""The client's calls and models against the service's own documents, operation by operation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from urllib.parse import unquote

import attrs
import pytest
from aiohttp import web
from documents import EVERY, PUBLISHED, Schema, answer, fields_of, merged, query_names, request_fields
from documents import success as documented_success
from samples import all_calls

from edgegap_async import EdgegapClient, errors
from edgegap_async.models.ports import Port, Ports
from edgegap_async.operations import OPERATIONS, Operation
from edgegap_async.pagination import PageStream
from edgegap_async.simulator.specification import request_validator, violations
from edgegap_async.transport import pipeline

CALLS = all_calls()
PAGING = {"page", "limit"}


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


def test_every_row_has_its_calls_and_every_call_its_row() -> None:
    assert set(CALLS) == set(OPERATIONS)


# what is sent


@attrs.frozen
class Sent:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    authorization: str | None
    body: Any


class Recorder:
    """A service that keeps what arrives and answers what it is told."""

    def __init__(self, status: int, answer: Any) -> None:
        self.status = status
        self.answer = answer
        self.sent: list[Sent] = []

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        path, _, _ = request.raw_path.partition("?")
        query = dict(request.query)
        self.sent.append(Sent(request.method, path, query, request.headers.get("Authorization"), body))
        if self.answer is None:
            return web.Response(status=self.status)
        return web.json_response(self.answer, status=self.status)


@asynccontextmanager
async def recorded(status: int, answer: Any) -> AsyncIterator[tuple[Recorder, EdgegapClient]]:
    recorder = Recorder(status, answer)
    runner = web.ServerRunner(web.Server(recorder.handle), shutdown_timeout=0.05)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        async with EdgegapClient("secret", base_url=f"http://{host}:{port}", rate_limits=None) as edgegap:
            yield recorder, edgegap
    finally:
        await runner.cleanup()


def matches(operation: Operation, path: str) -> bool:
    """Whether a path is the operation's, its parameters filled (those with slashes keep them)."""
    pattern = re.sub(r"\\{[^}]+\\}", "[^/]+(?:/[^/]+)*", re.escape(operation.path))
    return re.fullmatch(pattern, unquote(path)) is not None


@pytest.mark.parametrize("operation_id", EVERY)
async def test_a_call_sends_what_the_document_says(operation_id: str, checked: Counter[str]) -> None:
    operation = OPERATIONS[operation_id]
    status, schema = documented_success(operation)
    async with recorded(status, answer(schema, whole=True)) as (recorder, edgegap):
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
    wanted = {name for spec in (operation.spec, "v1-legacy") for name in request_fields(operation, spec)}
    checked["request fields"] += len(wanted)
    given = {name for sent in recorder.sent if isinstance(sent.body, dict) for name in sent.body}
    assert wanted <= given, "fields of the documents that no call can send"
    queried = {name for sent in recorder.sent for name in sent.query}
    assert documented <= queried | paging, "parameters that no call can send"


# what comes back


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Which model each operation's answer is decoded to, as calls are made."""
    seen: dict[str, Any] = {}
    decode, start = pipeline.decode, PageStream.__init__

    def decoding(body: bytes, model: Any, *, operation: str) -> Any:
        seen[operation] = model
        return decode(body, model, operation=operation)

    def starting(stream: Any, transport: Any, operation: str, item: Any, **rest: Any) -> None:
        seen[operation] = item
        start(stream, transport, operation, item, **rest)

    monkeypatch.setattr(pipeline, "decode", decoding)
    monkeypatch.setattr(PageStream, "__init__", starting)
    return seen


@pytest.mark.parametrize("whole", [True, False], ids=["everything", "what is required"])
@pytest.mark.parametrize("operation_id", EVERY)
async def test_documented_answers_are_decoded_field_by_field(
    operation_id: str, whole: bool, models: dict[str, Any], checked: Counter[str]
) -> None:
    operation = OPERATIONS[operation_id]
    status, schema = documented_success(operation)
    shown = answer(schema, whole=whole)
    if operation.items_key and isinstance(shown, dict):
        shown.setdefault(operation.items_key, [])
    refusal = None
    async with recorded(status, shown) as (_, edgegap):
        try:
            await CALLS[operation_id][0](edgegap)
        except errors.DecodeError as error:
            refusal = str(error)
    # The one thing a model insists on is what identifies the thing.
    assert refusal is None or (not whole and " no '" in refusal)
    if schema is None:
        return
    model = models.get(operation_id)
    assert model is not None, f"the answer of {operation_id} is documented and not read"
    for spec in dict.fromkeys((operation.spec, "v1-legacy")):
        _, documented = documented_success(operation, spec)
        one = _of_one(documented or {}, operation)
        checked["response fields"] += whole * _count(one)
        assert [*unread(one, model)] == []


def _count(schema: Schema) -> int:
    """The documented fields of a schema, nested ones too."""
    schema = merged(schema)
    inner = _count(schema["items"]) if "items" in schema else 0
    return inner + sum(1 + _count(field) for field in fields_of(schema).values())


def _of_one(schema: Schema, operation: Operation) -> Schema:
    """The schema of what is decoded: of a list, one item."""
    if operation.items_key:
        schema = fields_of(schema).get(operation.items_key, {})
    return schema.get("items", schema) if schema.get("type") == "array" else schema


def unread(schema: Schema, model: Any, where: str = "$") -> Iterable[str]:
    """The documented fields that a model has no place for, nested ones too."""
    model = _alone(model)
    schema = merged(schema)
    if get_origin(model) is tuple:
        yield from unread(schema.get("items", {}), get_args(model)[0], f"{where}[]")
        return
    if model is Ports:
        for name, field in fields_of(schema).items():
            yield from unread(field, Port, f"{where}.{name}")
        return
    if not attrs.has(model):
        return
    types = {field.name: field.type for field in attrs.fields(attrs.resolve_types(model, include_extras=True))}
    for name, field in fields_of(schema).items():
        if name in types:
            yield from unread(field, types[name], f"{where}.{name}")
        else:
            yield f"{where}.{name} ({model.__name__})"


def _alone(kind: Any) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        parts = [part for part in get_args(kind) if part is not NoneType]
        return parts[0] if len(parts) == 1 else kind
    return kind
