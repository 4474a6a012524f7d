"""The client on the local Edgegap: the lifecycle of each resource, and scenarios of each service.

Together they use every operation, and each response is validated against its document.
"""

from __future__ import annotations

from collections import Counter
from itertools import filterfalse
from typing import Any

import pytest
from documents import NULL_UNTIL_READY
from lifecycles import LIFECYCLES, MISSING, run_lifecycle
from scenarios import SCENARIOS

from edgegap_async.json_codec import loads
from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.simulator.specification import Violation, response_validator, violations
from edgegap_async.transport import pipeline

USED: set[str] = set()
"""The operations that had a response, in all tests of this module."""


def is_null_until_ready(violation: Violation) -> bool:
    return violation.field.rpartition(".")[2] in NULL_UNTIL_READY


@pytest.fixture
def validate_responses(monkeypatch: pytest.MonkeyPatch, checked: Counter[str]) -> None:
    """Validate each response that the client receives against its document."""
    carry_out = pipeline.Pipeline._execute

    async def checking(client: Any, call: Any) -> Any:
        response = await carry_out(client, call)
        validator = response_validator(call.operation.operation_id, response.status)
        if validator is not None:
            body = loads(response.body)
            found = violations(validator, body)
            if call.operation.operation_id == "deployment-get" and not body["running"]:
                found = filterfalse(is_null_until_ready, found)
            assert [*map(str, found)] == []
            checked["responses of the local Edgegap"] += 1
        USED.add(call.operation.operation_id)
        return response

    monkeypatch.setattr(pipeline.Pipeline, "_execute", checking)


@pytest.mark.usefixtures("validate_responses")
@pytest.mark.parametrize("name", LIFECYCLES)
async def test_a_resource_lives_from_creation_to_deletion(name: str) -> None:
    async with LocalEdgegap(seed=1) as local, local.client() as edgegap:
        await run_lifecycle(edgegap, name)


@pytest.mark.looptime
@pytest.mark.usefixtures("validate_responses")
@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_scenario_succeeds(name: str) -> None:
    async with LocalEdgegap(seed=1) as local, local.client() as edgegap:
        await SCENARIOS[name](edgegap, local)


def test_every_operation_was_used() -> None:
    if len(USED) > 100:  # all tests of this module have run, not a selection
        assert set(OPERATIONS) - USED == set()


async def test_a_renamed_resource_has_only_its_new_name(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        await edgegap.fleets.create("north")
        await edgegap.fleets.update("north", new_name="far-north")
        assert [fleet.name async for fleet in edgegap.fleets.list()] == ["far-north"]
        with pytest.raises(MISSING):
            await edgegap.fleets.get("north")
