"""What a container may ask about its own deployment."""

from __future__ import annotations

import hmac

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers import tags
from edgegap_async.simulator.handlers.serializers import from_inside
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest
from edgegap_async.simulator.specification import conform


def get(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/context/{request_id}/{security_number}."""
    return Reply(200, conform(call.operation.operation_id, from_inside(world, _own(world, call))))


def create_tag(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/context/{request_id}/{security_number}/tags."""
    if not call.body.get("name"):
        raise Rejection(400, "name: this field is required")
    return tags.create_on(world, _own(world, call), call)


def delete_tag(world: World, call: ValidatedRequest) -> Reply:
    """DELETE /v1/context/{request_id}/{security_number}/tags/{tag_name}."""
    return tags.delete_of(_own(world, call), call)


def _own(world: World, call: ValidatedRequest) -> SimulatedDeployment:
    """The deployment that the token and the number belong to; the document knows no 404 and no 403 here."""
    deployment = world.find(call.path["request_id"])
    if deployment is None or not call.authorization:
        raise Rejection(401, "the Authorization header must hold the deployment's own context token")
    token = hmac.compare_digest(call.authorization.encode(), deployment.context_token.encode())
    if not token or call.path["security_number"] != deployment.security_number:
        raise Rejection(401, "this token and number are not of this deployment")
    return deployment
