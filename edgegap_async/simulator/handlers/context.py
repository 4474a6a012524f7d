"""What a container may ask about its own deployment."""

from __future__ import annotations

import hmac

from edgegap_async.simulator.deployment import Deployment
from edgegap_async.simulator.exchange import Answer, Call, Refusal
from edgegap_async.simulator.handlers import tags
from edgegap_async.simulator.shapes import from_inside
from edgegap_async.simulator.specification import shaped
from edgegap_async.simulator.world import World


def get(world: World, call: Call) -> Answer:
    """GET /v1/context/{request_id}/{security_number}."""
    return Answer(200, shaped(call.operation.operation_id, from_inside(world, _own(world, call))))


def create_tag(world: World, call: Call) -> Answer:
    """POST /v1/context/{request_id}/{security_number}/tags."""
    if not call.body.get("name"):
        raise Refusal(400, "name: this field is required")
    return tags.create_on(world, _own(world, call), call)


def delete_tag(world: World, call: Call) -> Answer:
    """DELETE /v1/context/{request_id}/{security_number}/tags/{tag_name}."""
    return tags.delete_of(_own(world, call), call)


def _own(world: World, call: Call) -> Deployment:
    """The deployment that the token and the number belong to; the document knows no 404 and no 403 here."""
    deployment = world.find(call.path["request_id"])
    if deployment is None or not call.authorization:
        raise Refusal(401, "the Authorization header must hold the deployment's own context token")
    token = hmac.compare_digest(call.authorization.encode(), deployment.context_token.encode())
    if not token or call.path["security_number"] != deployment.security_number:
        raise Refusal(401, "this token and number are not of this deployment")
    return deployment
