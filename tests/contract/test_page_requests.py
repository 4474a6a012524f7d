"""Every example request of the provider's pages and specifications: sent by a call, taken by the local Edgegap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from documents import example_response, success
from page_bodies import NOTES, readable, variants
from page_calls import send
from page_world import page_world
from provider_pages import REQUESTS, ExamplePayload
from recorder import recorded

from edgegap_async.operations import OPERATIONS


@pytest.mark.parametrize("example", REQUESTS, ids=lambda example: example.key)
async def test_a_request_is_sent_by_a_call(example: ExamplePayload, checked: Counter[str]) -> None:
    operation = OPERATIONS[example.operation]
    status, schema = success(operation)
    bodies = [*variants(example.operation, readable(example))]
    async with recorded(status, example_response(schema, complete=True)) as (recorder, edgegap):
        for body in bodies:
            await send(edgegap, example.operation, body)
    assert [(sent.method, sent.body is None) for sent in recorder.sent] == [(operation.method, False)] * len(bodies)
    found = {path for body, sent in zip(bodies, recorder.sent, strict=True) for path in differences(body, sent.body)}
    noted = {note["path"] for note in NOTES["differs"] if example.key in note["examples"]}
    assert found == noted
    checked["example requests sent"] += 1


def differences(example: Any, sent: Any, where: str = "") -> Iterator[str]:
    """Yield what a sent body has less (``-``), more (``+``) or other (``!``) than an example."""
    match example, sent:
        case dict(), dict():
            for name in sorted(example.keys() | sent.keys()):
                path = f"{where}.{name}" if where else name
                if name not in sent:
                    yield f"-{path}"
                elif name not in example:
                    yield f"+{path}"
                else:
                    yield from differences(example[name], sent[name], path)
        case list(), list() if len(example) == len(sent):
            for one, other in zip(example, sent, strict=True):
                yield from differences(one, other, f"{where}[]")
        case _ if example != sent:
            yield f"!{where}"


@pytest.mark.parametrize("example", REQUESTS, ids=lambda example: example.key)
async def test_the_local_edgegap_takes_a_request(example: ExamplePayload, checked: Counter[str]) -> None:
    async with page_world(example.operation) as world:
        for body in variants(example.operation, readable(example)):
            reply = await world.send(body)
            assert reply.status == success(OPERATIONS[example.operation])[0], reply
            assert [*_not_stored(world.referring(body), reply.body)] == []
    checked["example requests taken by the local Edgegap"] += 1


def _not_stored(body: dict[str, Any], reply: Any) -> Iterator[str]:
    """Yield the strings and numbers of a body that are others in the response, which repeats most of them."""
    if not isinstance(reply, dict):
        return
    reply = reply.get("version") or reply.get("whitelist_entry") or reply
    computed = {note["field"] for note in NOTES["computed"]}
    for name, value in body.items():
        if name in reply and not isinstance(value, list | dict) and reply[name] != value and name not in computed:
            yield f"{name}: {value!r} became {reply[name]!r}"


def test_the_number_of_example_requests() -> None:
    written = Counter(example.source for example in REQUESTS if example.written)
    composed = Counter(example.source for example in REQUESTS if not example.written)
    assert written == {
        "page-v1-2024": 29,
        "page-dedicated-servers": 8,
        "page-integration": 8,
        "v1-2024": 41,
        "v1-2026": 3,
        "v2-2026": 1,
    }
    assert composed == {"page-versioning": 8, "v1-2024": 6, "v1-2026": 14, "v2-2026": 1}
    assert len({example.key for example in REQUESTS}) == len(REQUESTS) == 119


def test_each_note_is_about_an_example() -> None:
    keys = {example.key for example in REQUESTS}
    assert all(note["reason"] and {*note["examples"]} <= keys for note in NOTES["differs"])
