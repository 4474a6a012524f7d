"""The tags of a deployment, one by one."""

from __future__ import annotations

from typing import Any

import attrs

from edgegap_async.simulator.domain.deployment import DeploymentTag, SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.deployments import found
from edgegap_async.simulator.handlers.pages import PageRequest
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def list_(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/deployments/{deployment_id}/tags."""
    tags = list(_deployment(world, call).tag_records.values())
    page = PageRequest.asked(call.query, world.max_page_size)
    shown = [_shown(world, tag) for tag in tags[page.start : page.stop]]
    return Reply(200, {"tags": shown, **page.described(len(tags))})


def create(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/deployments/{deployment_id}/tags."""
    return create_on(world, _deployment(world, call), call)


def create_on(world: World, deployment: SimulatedDeployment, call: ValidatedRequest) -> Reply:
    """Give a deployment the tag of a call's body."""
    name, now = call.body["name"], world.clock()
    _check_free(deployment, name)
    tag = deployment.tag_records[name] = DeploymentTag(name, now, now)
    return Reply(200, _shown(world, tag))


def get(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/deployments/{deployment_id}/tags/{tag_name}."""
    return Reply(200, _shown(world, _tag(_deployment(world, call), call)))


def update(world: World, call: ValidatedRequest) -> Reply:
    """PATCH /v1/deployments/{deployment_id}/tags/{tag_name}: gives it another name, in the same place."""
    deployment = _deployment(world, call)
    old, name = _tag(deployment, call), call.body["name"]
    if name != old.name:
        _check_free(deployment, name)
    new = attrs.evolve(old, name=name, updated_at=world.clock())
    tags = [new if tag is old else tag for tag in deployment.tag_records.values()]
    deployment.tag_records = {tag.name: tag for tag in tags}
    return Reply(200, _shown(world, new))


def delete(world: World, call: ValidatedRequest) -> Reply:
    """DELETE /v1/deployments/{deployment_id}/tags/{tag_name}."""
    return delete_of(_deployment(world, call), call)


def delete_of(deployment: SimulatedDeployment, call: ValidatedRequest) -> Reply:
    """Take the tag of a call's path from a deployment."""
    del deployment.tag_records[_tag(deployment, call).name]
    return Reply(204)


def _deployment(world: World, call: ValidatedRequest) -> SimulatedDeployment:
    return found(world, call.path["deployment_id"])


def _tag(deployment: SimulatedDeployment, call: ValidatedRequest) -> DeploymentTag:
    tag = deployment.tag_records.get(call.path["tag_name"])
    if tag is None:
        raise Rejection(404, f"{deployment.request_id} has no tag {call.path['tag_name']!r}")
    return tag


def _check_free(deployment: SimulatedDeployment, name: str) -> None:
    if name in deployment.tag_records:
        raise Rejection(409, f"name: {deployment.request_id} already has a tag {name!r}")


def _shown(world: World, tag: DeploymentTag) -> dict[str, Any]:
    return {
        "name": tag.name,
        "create_time": world.calendar.timestamp(tag.created_at),
        "last_updated": world.calendar.timestamp(tag.updated_at),
    }
