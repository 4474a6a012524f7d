"""The client on the local Edgegap: walks, in which a thing is created, lives and is missing afterwards, and tours.

Together they come by every operation, and every answer on the way is held to its document.
"""

from __future__ import annotations

from collections import Counter
from itertools import filterfalse
from typing import Any

import pytest
from documents import KNOWN_LATER
from tours import TOURS
from walks import MISSING, WALKS, walk

from edgegap_async.codec import loads
from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.simulator.specification import Complaint, complaints, response_validator
from edgegap_async.transport import pipeline

SEEN: set[str] = set()
"""The operations that were answered, in all tests of this module."""


def is_known_later(complaint: Complaint) -> bool:
    return complaint.field.rpartition(".")[2] in KNOWN_LATER


@pytest.fixture
def held_to_the_document(monkeypatch: pytest.MonkeyPatch, checked: Counter[str]) -> None:
    """Every answer that the client takes is what its document says."""
    carry_out = pipeline.Pipeline._execute

    async def checking(client: Any, call: Any) -> Any:
        answer = await carry_out(client, call)
        validator = response_validator(call.operation.operation_id, answer.status)
        if validator is not None:
            body = loads(answer.body)
            found = complaints(validator, body)
            if call.operation.operation_id == "deployment-get" and not body["running"]:
                found = filterfalse(is_known_later, found)
            assert [*map(str, found)] == []
            checked["answers of the local Edgegap"] += 1
        SEEN.add(call.operation.operation_id)
        return answer

    monkeypatch.setattr(pipeline.Pipeline, "_execute", checking)


@pytest.mark.usefixtures("held_to_the_document")
@pytest.mark.parametrize("name", WALKS)
async def test_a_thing_lives_and_is_gone(name: str) -> None:
    async with LocalEdgegap(seed=1) as local, local.client() as edgegap:
        await walk(edgegap, name)


@pytest.mark.looptime
@pytest.mark.usefixtures("held_to_the_document")
@pytest.mark.parametrize("tour", TOURS)
async def test_a_tour_ends_well(tour: str) -> None:
    async with LocalEdgegap(seed=1) as local, local.client() as edgegap:
        await TOURS[tour](edgegap, local)


def test_no_operation_was_passed_by() -> None:
    if len(SEEN) > 100:  # all tests of this module have run, not some that were chosen
        assert set(OPERATIONS) - SEEN == set()


async def test_what_is_changed_is_changed(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        await edgegap.fleets.create("north")
        await edgegap.fleets.update("north", new_name="far-north")
        assert [fleet.name async for fleet in edgegap.fleets.list()] == ["far-north"]
        with pytest.raises(MISSING):
            await edgegap.fleets.get("north")
