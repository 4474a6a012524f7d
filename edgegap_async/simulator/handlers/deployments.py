"""Looking at deployments, and stopping them."""

from __future__ import annotations

import hmac
from typing import Any

from edgegap_async.simulator.domain.deployment import SETTLED, SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.bulk import passing
from edgegap_async.simulator.handlers.pages import PageRequest
from edgegap_async.simulator.handlers.query import QueryError, parse
from edgegap_async.simulator.handlers.serializers import row, status
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def found(world: World, request_id: str, otherwise: int = 404) -> SimulatedDeployment:
    """A deployment that can be asked for, or a refusal with a status."""
    deployment = world.find(request_id)
    if deployment is None:
        message = "Bad Request ID provided" if otherwise == 400 else f"there is no deployment {request_id!r}"
        raise Rejection(otherwise, message)
    return deployment


def get(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/status/{deployment_id}."""
    return Reply(200, status(world, found(world, call.path["deployment_id"])))


def list_(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/deployments."""
    try:
        query = parse(call.query.get("query"))
    except QueryError as error:
        raise Rejection(400, f"query: {error}") from None
    page = PageRequest.asked(call.query, world.max_page_size)
    listed, total = world.listed(query, page)
    rows = [row(world, deployment) for deployment in listed]
    return Reply(200, {"data": rows, **page.described(total)})


def update(world: World, call: ValidatedRequest) -> Reply:
    """PATCH /v1/deployments/{request_id}."""
    deployment = found(world, call.path["request_id"])
    joinable = call.body.get("is_joinable_by_session", deployment.is_joinable_by_session)
    deployment.is_joinable_by_session = joinable
    return Reply(200, {"is_joinable_by_session": joinable})


def stop(world: World, call: ValidatedRequest) -> Reply:
    """DELETE /v1/stop/{deployment_id}; an unknown id is 400, which is what the live service answers."""
    return _stop(world, found(world, call.path["deployment_id"], otherwise=400))


def self_stop(world: World, call: ValidatedRequest) -> Reply:
    """DELETE /v1/self/stop/{deployment_id}/{stop_key}: with the deployment's own token, without the word."""
    if not call.authorization:
        raise Rejection(401, "the Authorization header must hold the deployment's own token")
    deployment = found(world, call.path["deployment_id"])
    token = hmac.compare_digest(call.authorization.encode(), deployment.delete_token.encode())
    if not token or call.path["stop_key"] != deployment.stop_key:
        raise Rejection(403, "this token and key do not stop this deployment")
    return _stop(world, deployment)


def _stop(world: World, deployment: SimulatedDeployment) -> Reply:
    before = deployment.state
    if before is DeploymentState.TERMINATED:
        raise Rejection(410, f"{deployment.request_id} - this deployment has already been terminated")
    deployment.stop()
    answer: dict[str, Any] = {"message": f"{deployment.request_id} - it will be stopped soon"}
    if before in SETTLED:
        return Reply(200, answer | {"deployment_summary": status(world, deployment)})
    return Reply(202, answer)


def bulk_stop(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/deployments/bulk-stop: those that pass every filter and are not told to stop yet."""
    chosen = passing(
        call.body["filters"],
        (each for each in world.alive.values() if each.goes_on),
        request_id=lambda deployment: (deployment.request_id,),
        deployment_tags=lambda deployment: deployment.tags,
    )
    for deployment in chosen:
        deployment.stop()
    return Reply(202, {"processable": [{"request_id": each.request_id} for each in chosen]})
