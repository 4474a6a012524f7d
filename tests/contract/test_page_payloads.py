"""Every example response of the provider's pages and specifications decodes over HTTP, and loses no field."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from documents import success
from provider_pages import RESPONSES, ExamplePayload, completed
from recorder import recorded
from samples import all_calls

from edgegap_async import Secret, State, client
from edgegap_async.decoding import decoder
from edgegap_async.models.ports import Ports
from edgegap_async.operations import OPERATIONS
from edgegap_async.pagination import fetcher

CALLS: Final = all_calls()

NOTES: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("pages").joinpath("payload-notes.toml").read_text()
)
"""The examples that are no complete responses, and the fields that no method returns, each with the reason."""

BY_KEY: Final = {example.key: example for example in RESPONSES}


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What responses are decoded to, in the order in which they arrive: a list is its rows and then its envelope."""
    found: list[Any] = []

    def decode(*arguments: Any, **options: Any) -> Any:
        found.append(decoder.decode(*arguments, **options))
        return found[-1]

    def decode_page(*arguments: Any, **options: Any) -> Any:
        rows, envelope = decoder.decode_page(*arguments, **options)
        found.extend([rows, envelope])
        return rows, envelope

    monkeypatch.setattr(client, "decode", decode)
    monkeypatch.setattr(fetcher, "decode_page", decode_page)
    return found


@pytest.mark.parametrize("example", RESPONSES, ids=lambda example: example.key)
async def test_a_payload_is_decoded_and_loses_no_field(
    example: ExamplePayload, decoded: list[Any], checked: Counter[str]
) -> None:
    operation = OPERATIONS[example.operation]
    payload = _readable(example)
    async with recorded(success(operation)[0], payload) as (_, edgegap):
        await CALLS[example.operation][0](edgegap)
    checked["example payloads decoded"] += 1
    if example.operation in NOTES["confirmations"]["operations"]:
        assert decoded == []
    elif operation.items_key and isinstance(payload, dict):
        rows, envelope = decoded
        rest = {name: value for name, value in payload.items() if name != operation.items_key}
        assert {*lost(payload[operation.items_key], rows)} == set()
        assert {path for path, _ in lost(rest, envelope)} <= not_returned(example.operation)
    else:
        assert {*lost(payload, decoded[0])} == set()


def not_returned(operation_id: str) -> set[str]:
    return {note["path"] for note in NOTES["not_returned"] if note.get("operation", operation_id) == operation_id}


def _readable(example: ExamplePayload) -> Any:
    """Return the payload with what the page leaves out, and with the values that are none replaced."""
    replaced = {note["example"]: note for note in NOTES["replaced"]}
    if f"v1-2024/{example.operation}" not in replaced:
        return completed(example, "response")
    if example.key not in replaced:
        return example.payload
    note = replaced[example.key]
    by = [BY_KEY[f"v1-2024/{note['rows_of']}"].payload] if "rows_of" in note else note["by"]
    return {**example.payload, note["field"]: by}


def lost(value: Any, decoded: Any, where: str = "$") -> Iterator[tuple[str, str]]:
    """Yield the path of each value of a payload that a decoded object does not have, and what it has instead."""
    match value:
        case dict() if isinstance(decoded, Ports):
            for name, each in value.items():
                yield from lost(each, decoded[name], f"{where}.{name}")
        case dict() if attrs.has(type(decoded)):
            for name, each in value.items():
                if name in {field.name for field in attrs.fields(type(decoded))}:
                    yield from lost(each, getattr(decoded, name), f"{where}.{name}")
                else:
                    yield f"{where}.{name}", f"no attribute of {type(decoded).__name__}"
        case list() if isinstance(decoded, tuple) and len(decoded) == len(value):
            for each, one in zip(value, decoded, strict=True):
                yield from lost(each, one, f"{where}[]")
        case [] | {} | None:  # nothing to lose
            return
        case _ if not _same(value, decoded):
            yield where, f"{value!r} became {decoded!r}"


def _same(value: Any, decoded: Any) -> bool:
    match decoded:
        case datetime():
            return datetime.fromisoformat(value).replace(tzinfo=UTC) == decoded
        case State():
            return State(value) is decoded or State(value) == decoded
        case Secret():
            return decoded.reveal() == value
        case bool():
            return value is decoded
        case int() | float() if isinstance(value, str):
            return float(value) == decoded
        case _:
            return bool(value == decoded)


def test_the_number_of_example_payloads() -> None:
    written = Counter(example.source for example in RESPONSES if example.written)
    composed = Counter(example.source for example in RESPONSES if not example.written)
    assert written == {
        "page-v1-2024": 73,
        "page-dedicated-servers": 24,
        "page-integration": 20,
        "v1-2024": 85,
        "v1-2026": 1,
    }
    assert composed == {"v1-2024": 18, "v1-2026": 39, "v2-2026": 3}
    assert len({example.key for example in RESPONSES}) == len(RESPONSES) == 263


def test_each_note_is_about_an_example() -> None:
    operations = {example.operation for example in RESPONSES}
    assert {note["example"] for note in NOTES["replaced"]} <= BY_KEY.keys()
    assert {*NOTES["confirmations"]["operations"]} <= operations
    assert all(note["reason"] and note.get("operation", "fleets") in operations for note in NOTES["not_returned"])


async def test_the_pagination_example_is_decoded(decoded: list[Any], checked: Counter[str]) -> None:
    """The introduction of the page of 2024 has an example of what every list has beside its rows."""
    pages = {"number": 1, "next_page_number": 2, "previous_page_number": None, "paginator": {"num_pages": 10}}
    rest = {"count": 100, "success": True, "pagination": {**pages, "has_next": True, "has_previous": False}}
    async with recorded(200, {"data": [], **rest}) as (_, edgegap):
        await edgegap.sessions.list().first()
    rows, envelope = decoded
    assert rows == ()
    assert (envelope.total, envelope.has_next, envelope.page_count) == (100, True, 10)
    assert {path for path, _ in lost(rest, envelope)} == {"$.success"}
    checked["example payloads decoded"] += 1
