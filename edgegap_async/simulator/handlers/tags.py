"""The tags of a deployment."""

from __future__ import annotations

import functools
from typing import Any

import attrs

from edgegap_async.simulator.domain.deployment import DeploymentTag, SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.deployments import find_deployment
from edgegap_async.simulator.handlers.pages import page_body
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def list_(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/deployments/{deployment_id}/tags."""
    tags = list(_deployment(world, request).tag_records.values())
    return Reply(200, page_body(world, request, tags, functools.partial(_serialize, world)))


def create(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/deployments/{deployment_id}/tags."""
    return create_on(world, _deployment(world, request), request)


def create_on(world: World, deployment: SimulatedDeployment, request: ValidatedRequest) -> Reply:
    """Add the tag in a request's body to a deployment.

    Args:
        world: The state of the local Edgegap.
        deployment: The deployment.
        request: The request with the tag's name.
    """
    name, now = request.body["name"], world.clock()
    _require_free(deployment, name)
    tag = deployment.tag_records[name] = DeploymentTag(name, now, now)
    return Reply(200, _serialize(world, tag))


def get(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/deployments/{deployment_id}/tags/{tag_name}."""
    return Reply(200, _serialize(world, _tag(_deployment(world, request), request)))


def update(world: World, request: ValidatedRequest) -> Reply:
    """PATCH /v1/deployments/{deployment_id}/tags/{tag_name}: renames a tag, which keeps its position."""
    deployment = _deployment(world, request)
    old, name = _tag(deployment, request), request.body["name"]
    if name != old.name:
        _require_free(deployment, name)
    new = attrs.evolve(old, name=name, updated_at=world.clock())
    tags = [new if tag is old else tag for tag in deployment.tag_records.values()]
    deployment.tag_records = {tag.name: tag for tag in tags}
    return Reply(200, _serialize(world, new))


def delete(world: World, request: ValidatedRequest) -> Reply:
    """DELETE /v1/deployments/{deployment_id}/tags/{tag_name}."""
    return delete_from(_deployment(world, request), request)


def delete_from(deployment: SimulatedDeployment, request: ValidatedRequest) -> Reply:
    """Delete the tag in a request's path from a deployment."""
    del deployment.tag_records[_tag(deployment, request).name]
    return Reply(204)


def _deployment(world: World, request: ValidatedRequest) -> SimulatedDeployment:
    return find_deployment(world, request.path["deployment_id"])


def _tag(deployment: SimulatedDeployment, request: ValidatedRequest) -> DeploymentTag:
    tag = deployment.tag_records.get(request.path["tag_name"])
    if tag is None:
        raise Rejection(404, f"deployment {deployment.request_id} has no tag {request.path['tag_name']!r}")
    return tag


def _require_free(deployment: SimulatedDeployment, name: str) -> None:
    if name in deployment.tag_records:
        raise Rejection(409, f"name: deployment {deployment.request_id} already has a tag {name!r}")


def _serialize(world: World, tag: DeploymentTag) -> dict[str, Any]:
    return {
        "name": tag.name,
        "create_time": world.calendar.timestamp(tag.created_at),
        "last_updated": world.calendar.timestamp(tag.updated_at),
    }
