"""Each rule of a field that the pages and specifications state, in the client and in the local Edgegap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from documents import example_response, success
from page_calls import send
from page_limits import (
    CHOSEN,
    LIMITS,
    NOTES,
    OPERATIONS_WITH_LIMITS,
    STATED,
    PageLimit,
    body_with,
    invalid,
    limits_of,
    valid,
)
from page_world import page_world
from recorder import recorded

from edgegap_async.errors import ConfigurationError
from edgegap_async.operations import OPERATIONS


@pytest.mark.parametrize("operation_id", OPERATIONS_WITH_LIMITS)
async def test_the_local_edgegap_rejects_what_violates_a_rule(operation_id: str, checked: Counter[str]) -> None:
    async with page_world(operation_id) as world:
        accepted = []
        for limit in limits_of(operation_id):
            body = invalid(limit, body_with(operation_id, limit.field))
            if body is None:
                continue
            reply = await world.send(body)
            name = limit.field.rpartition(".")[2]
            if reply.status != 400 or name not in str(reply.body):
                accepted.append((limit.key, reply.status, reply.body))
            checked["rules of the local Edgegap"] += 1
    assert accepted == []


BOUNDS = [
    pytest.param(limit, body, id=f"{limit.key} {number}")
    for limit in LIMITS
    for number, body in enumerate(valid(limit, body_with(limit.operation, limit.field)))
]


@pytest.mark.parametrize(("limit", "body"), BOUNDS)
async def test_the_local_edgegap_accepts_what_a_rule_allows(
    limit: PageLimit, body: dict[str, Any], checked: Counter[str]
) -> None:
    async with page_world(limit.operation) as world:
        reply = await world.send(body)
        assert reply.status == success(OPERATIONS[limit.operation])[0], reply
        if limit.rule == "default":
            found = [*_values(reply.body, limit.field)]
            assert all(each == limit.value for each in found), found
    checked["bounds of the local Edgegap"] += 1


def _values(body: Any, field: str) -> Iterator[Any]:
    """Yield the values of a field in a response; none if the response does not repeat it."""
    body = body.get("version", body) if isinstance(body, dict) else body
    step, _, rest = field.partition(".")
    name = step.removesuffix("[]")
    if not isinstance(body, dict) or name not in body:
        return
    for each in body[name] if step.endswith("[]") else [body[name]]:
        yield from _values(each, rest) if rest else [each]


@pytest.mark.parametrize("operation_id", OPERATIONS_WITH_LIMITS)
async def test_the_client_refuses_what_violates_a_rule(operation_id: str, checked: Counter[str]) -> None:
    status, schema = success(OPERATIONS[operation_id])
    async with recorded(status, example_response(schema, complete=True)) as (recorder, edgegap):
        sent = []
        for limit in limits_of(operation_id):
            example = body_with(operation_id, limit.field)
            body = invalid(limit, example)
            if body is None:
                continue
            await send(edgegap, operation_id, example)
            recorder.sent.clear()
            try:
                await send(edgegap, operation_id, body)
            except (ConfigurationError, TypeError, KeyError):
                assert recorder.sent == []
            else:
                name = limit.field.partition(".")[0].removesuffix("[]")
                if not (limit.rule == "required" and name in recorder.sent[0].body):
                    sent.append(limit.key)
            checked["rules of the client"] += 1
    assert sent == []


def test_where_two_sources_disagree_one_is_chosen() -> None:
    disputed = {key for key, sources in STATED.items() if len({repr(value) for value in sources.values()}) > 1}
    assert disputed <= CHOSEN.keys() <= STATED.keys()
    assert all(note["reason"] for note in NOTES["choice"])


def test_the_number_of_rules() -> None:
    assert Counter(limit.rule for limit in LIMITS) == {
        "required": 139,
        "minimum": 38,
        "default": 26,
        "enum": 18,
        "maximum": 12,
        "nullable": 9,
        "min_length": 8,
        "max_length": 8,
        "min_items": 4,
    }
