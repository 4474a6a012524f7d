"""What a deployment's own container may request: its context and its tags."""

from __future__ import annotations

import hmac

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers import tags
from edgegap_async.simulator.handlers.documented_replies import documented_reply
from edgegap_async.simulator.handlers.serializers import deployment_context
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def get(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/context/{request_id}/{security_number}."""
    return documented_reply(request, deployment_context(world, _own_deployment(world, request)))


def create_tag(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/context/{request_id}/{security_number}/tags."""
    if not request.body.get("name"):
        raise Rejection(400, "name: this field is required")
    return tags.create_on(world, _own_deployment(world, request), request)


def delete_tag(world: World, request: ValidatedRequest) -> Reply:
    """DELETE /v1/context/{request_id}/{security_number}/tags/{tag_name}."""
    return tags.delete_from(_own_deployment(world, request), request)


def _own_deployment(world: World, request: ValidatedRequest) -> SimulatedDeployment:
    """Return the deployment of the token and the number; 401 otherwise, as the document has no 403 or 404 here."""
    deployment = world.find(request.path["request_id"])
    if deployment is None or not request.authorization:
        raise Rejection(401, "the Authorization header must hold the deployment's context token")
    matches = hmac.compare_digest(request.authorization.encode(), deployment.context_token.encode())
    if not matches or request.path["security_number"] != deployment.security_number:
        raise Rejection(401, "the token or the security number does not belong to this deployment")
    return deployment
