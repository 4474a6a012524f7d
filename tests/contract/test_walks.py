"""What is created can be got, listed, changed and deleted, and is missing afterwards: the client on the local Edgegap.

Every answer on the way is held to its document.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import pytest
from samples import all_calls

from edgegap_async.codec import loads
from edgegap_async.errors import BadRequest, Conflict, NotFound
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.simulator.specification import complaints, response_validator
from edgegap_async.transport import pipeline

CALLS = all_calls()

MISSING: Final = (NotFound, BadRequest)
TAKEN: Final = (Conflict, BadRequest)

# a thing, what happens to it while it is there, and how it is asked for when it is not
WALKS: Final = {
    "storage": [
        "endpoint-create", "endpoint-get", "endpoints-list", "endpoint-update", "-endpoint-delete", "endpoint-get",
    ],
    "pull profile": [
        "endpoint-create", "pull-profile-create", "pull-profile-get", "pull-profile-list", "pull-profile-update",
        "-pull-profile-delete", "pull-profile-get",
    ],
    "what a storage holds": ["endpoint-create", "pull-profile-create", "-endpoint-delete", "pull-profile-get"],
    "fleet": ["fleet-create", "fleet-get", "fleets", "fleet-update", "-fleet-delete", "fleet-get"],
    "policy": [
        "fleet-create", "fleet-policies-create", "fleet-policies-get", "fleet-policies-list", "fleet-policies-update",
        "-fleet-policies-delete", "fleet-policies-get",
    ],
    "what a fleet holds": ["fleet-create", "fleet-policies-create", "-fleet-delete", "fleet-policies-get"],
    "matchmaker": [
        "post-matchmaker", "get-matchmaker", "get-matchmaker-list", "patch-matchmaker", "-delete-matchmaker",
        "get-matchmaker",
    ],
    "component": [
        "post-matchmaker-component", "get-matchmaker-component", "get-component-list", "patch-matchmaker-component",
        "-delete-matchmaker-component", "get-matchmaker-component",
    ],
    "variable": [
        "post-matchmaker-component", "post-matchmaker-component-env", "get-matchmaker-component-env", "get-envs-list",
        "patch-matchmaker-component-env", "-delete-matchmaker-component-env", "get-matchmaker-component-env",
    ],
    "release": [
        "post-matchmaker", "post-matchmaker-release", "get-matchmaker-release", "get-release-list",
        "patch-matchmaker-release", "-delete-matchmaker-release", "get-matchmaker-release",
    ],
    "managed release": [
        "post-matchmaker", "post-matchmaker-managed-release", "get-matchmaker-managed-release",
        "patch-matchmaker-managed-release", "-delete-matchmaker-managed-release", "get-matchmaker-managed-release",
    ],
    "what a matchmaker holds": [
        "post-matchmaker", "post-matchmaker-release", "-delete-matchmaker", "get-matchmaker-release",
    ],
    "release configuration": [
        "post-matchmaker-release-config", "get-matchmaker-release-config", "get-release-configs-list",
        "patch-matchmaker-release-config", "-delete-matchmaker-release-config", "get-matchmaker-release-config",
    ],
}  # fmt: skip


@pytest.fixture
def held_to_the_document(monkeypatch: pytest.MonkeyPatch, checked: Counter[str]) -> None:
    """Every answer that the client takes is what its document says."""
    carry_out = pipeline.Pipeline._carry_out

    async def checking(client: Any, call: Any) -> Any:
        answer = await carry_out(client, call)
        validator = response_validator(call.operation.operation_id, answer.status)
        if validator is not None:
            assert [*map(str, complaints(validator, loads(answer.body)))] == []
            checked["answers of the local Edgegap"] += 1
        return answer

    monkeypatch.setattr(pipeline.Pipeline, "_carry_out", checking)


@pytest.mark.usefixtures("held_to_the_document")
@pytest.mark.parametrize("walk", WALKS)
async def test_a_thing_lives_and_is_gone(walk: str) -> None:
    *steps, deletion, after = WALKS[walk]
    async with LocalEdgegap(seed=1) as local, local.client() as edgegap:
        for operation_id in steps:
            found = await CALLS[operation_id][0](edgegap)
            assert found is not None, f"{operation_id} finds nothing"
        created = next(operation_id for operation_id in reversed(steps) if _creates(operation_id))
        with pytest.raises(TAKEN):
            await CALLS[created][0](edgegap)
        await CALLS[deletion.removeprefix("-")][0](edgegap)
        with pytest.raises(MISSING):
            await CALLS[after][0](edgegap)


def _creates(operation_id: str) -> bool:
    return operation_id.endswith("-create") or operation_id.startswith("post-")


async def test_what_is_changed_is_changed(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        await edgegap.fleets.create("north")
        await edgegap.fleets.update("north", new_name="far-north")
        assert [fleet.name async for fleet in edgegap.fleets.list()] == ["far-north"]
        with pytest.raises(MISSING):
            await edgegap.fleets.get("north")
