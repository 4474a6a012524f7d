"""Lifecycles: a resource is created, read, listed, changed and deleted, and is not found afterwards."""

from __future__ import annotations

from typing import Final

import pytest
from samples import all_calls

from edgegap_async import EdgegapClient
from edgegap_async.errors import BadRequest, Conflict, NotFound

CALLS = all_calls()

MISSING: Final = (NotFound, BadRequest)
TAKEN: Final = (Conflict, BadRequest)

# a resource, the operations on it in their order (the deletion with a minus), and the read that must fail at the end
LIFECYCLES: Final = {
    "application": [
        "application-create", "application-get", "application-list", "application-update", "-application-delete",
        "application-get",
    ],
    "version": [
        "application-create", "app-version-create", "app-version-get", "app-version-list", "app-version-update",
        "-app-version-delete", "app-version-get",
    ],
    "version of a deleted application": [
        "application-create", "app-version-create", "-application-delete", "app-version-get",
    ],
    "storage": [
        "endpoint-create", "endpoint-get", "endpoints-list", "endpoint-update", "-endpoint-delete", "endpoint-get",
    ],
    "pull profile": [
        "endpoint-create", "pull-profile-create", "pull-profile-get", "pull-profile-list", "pull-profile-update",
        "-pull-profile-delete", "pull-profile-get",
    ],
    "pull profile of a deleted storage": [
        "endpoint-create", "pull-profile-create", "-endpoint-delete", "pull-profile-get",
    ],
    "fleet": ["fleet-create", "fleet-get", "fleets", "fleet-update", "-fleet-delete", "fleet-get"],
    "policy": [
        "fleet-create", "fleet-policies-create", "fleet-policies-get", "fleet-policies-list", "fleet-policies-update",
        "-fleet-policies-delete", "fleet-policies-get",
    ],
    "policy of a deleted fleet": ["fleet-create", "fleet-policies-create", "-fleet-delete", "fleet-policies-get"],
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
    "release of a deleted matchmaker": [
        "post-matchmaker", "post-matchmaker-release", "-delete-matchmaker", "get-matchmaker-release",
    ],
    "release configuration": [
        "post-matchmaker-release-config", "get-matchmaker-release-config", "get-release-configs-list",
        "patch-matchmaker-release-config", "-delete-matchmaker-release-config", "get-matchmaker-release-config",
    ],
}  # fmt: skip


async def run_lifecycle(edgegap: EdgegapClient, name: str) -> None:
    """Run one of the lifecycles, and try to create the resource a second time on the way."""
    *steps, deletion, after = LIFECYCLES[name]
    for operation_id in steps:
        found = await CALLS[operation_id][0](edgegap)
        assert found is not None, f"{operation_id} returned nothing"
    created = next(operation_id for operation_id in reversed(steps) if _creates(operation_id))
    with pytest.raises(TAKEN):
        await CALLS[created][0](edgegap)
    await CALLS[deletion.removeprefix("-")][0](edgegap)
    with pytest.raises(MISSING):
        await CALLS[after][0](edgegap)


def _creates(operation_id: str) -> bool:
    return operation_id.endswith("-create") or operation_id.startswith("post-")
