"""Walks: a thing is created, lives, is deleted, and is missing afterwards."""

from __future__ import annotations

from typing import Final

import pytest
from samples import all_calls

from edgegap_async import EdgegapClient
from edgegap_async.errors import BadRequest, Conflict, NotFound

CALLS = all_calls()

MISSING: Final = (NotFound, BadRequest)
TAKEN: Final = (Conflict, BadRequest)

# a thing, what happens to it while it is there, and how it is asked for when it is not
WALKS: Final = {
    "application": [
        "application-create", "application-get", "application-list", "application-update", "-application-delete",
        "application-get",
    ],
    "version": [
        "application-create", "app-version-create", "app-version-get", "app-version-list", "app-version-update",
        "-app-version-delete", "app-version-get",
    ],
    "what an application holds": [
        "application-create", "app-version-create", "-application-delete", "app-version-get",
    ],
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


async def walk(edgegap: EdgegapClient, name: str) -> None:
    """Go one of the walks, and on the way try to create the thing twice."""
    *steps, deletion, after = WALKS[name]
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
