"""Reading, listing, updating, reporting and stopping deployments."""

from __future__ import annotations

import functools
import hmac
from typing import Any

from edgegap_async.simulator.domain.deployment import DeploymentReport, SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.states import SETTLED, DeploymentState
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.bulk_filters import select_items
from edgegap_async.simulator.handlers.pages import page_body
from edgegap_async.simulator.handlers.query import QueryError, parse
from edgegap_async.simulator.handlers.serializers import deployment_details, deployment_row
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def find_deployment(world: World, request_id: str, status: int = 404) -> SimulatedDeployment:
    """Return the deployment with an id.

    Args:
        world: The state of the local Edgegap.
        request_id: The deployment's id.
        status: The status of the rejection of an unknown id.

    Raises:
        Rejection: If the id is unknown.
    """
    deployment = world.find(request_id)
    if deployment is None:
        message = "Bad Request ID provided" if status == 400 else f"deployment {request_id!r} does not exist"
        raise Rejection(status, message)
    return deployment


def get(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/status/{deployment_id}."""
    return Reply(200, deployment_details(world, find_deployment(world, request.path["deployment_id"])))


def list_(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/deployments."""
    try:
        query = parse(request.query.get("query"))
    except QueryError as error:
        raise Rejection(400, f"query: {error}") from None
    listed = world.listed(query.request_ids)
    matching = [each for each in listed if query.matches(each)] if query.filters else list(listed)
    return Reply(200, page_body(world, request, query.ordered(matching), functools.partial(deployment_row, world)))


def update(world: World, request: ValidatedRequest) -> Reply:
    """PATCH /v1/deployments/{request_id}."""
    deployment = find_deployment(world, request.path["request_id"])
    joinable = request.body.get("is_joinable_by_session", deployment.is_joinable_by_session)
    deployment.is_joinable_by_session = joinable
    return Reply(200, {"is_joinable_by_session": joinable})


def report(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/deployments/{deployment_id}:report; the document has no 404 here."""
    deployment = find_deployment(world, request.path["deployment_id"], status=400)
    body = request.body
    deployment.reports.append(DeploymentReport(world.clock(), body["reason"], body.get("metadata", {})))
    return Reply(200)


def stop(world: World, request: ValidatedRequest) -> Reply:
    """DELETE /v1/stop/{deployment_id}; an unknown id is 400, as on the live service."""
    return _stop(world, request, find_deployment(world, request.path["deployment_id"], status=400))


def self_stop(world: World, request: ValidatedRequest) -> Reply:
    """DELETE /v1/self/stop/{deployment_id}/{stop_key}; authorised by the bare token of the deployment's container."""
    if not request.authorization:
        raise Rejection(401, "the Authorization header must hold the deployment's delete token")
    deployment = find_deployment(world, request.path["deployment_id"])
    matches = hmac.compare_digest(request.authorization.encode(), deployment.delete_token.encode())
    if not matches or request.path["stop_key"] != deployment.stop_key:
        raise Rejection(403, "the token or the stop key does not belong to this deployment")
    return _stop(world, request, deployment)


def _stop(world: World, request: ValidatedRequest, deployment: SimulatedDeployment) -> Reply:
    before = deployment.state
    if before is DeploymentState.TERMINATED:
        raise Rejection(410, f"{deployment.request_id} - this deployment has already been terminated")
    if "container_log_storage" in request.query:
        storage = request.query["container_log_storage"]
        deployment.log_storage = {"true": True, "false": False}.get(storage, storage)
    deployment.stop()
    body: dict[str, Any] = {"message": f"{deployment.request_id} - it will be stopped soon"}
    if before in SETTLED:
        return Reply(200, body | {"deployment_summary": deployment_details(world, deployment)})
    return Reply(202, body)


def bulk_stop(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/deployments/bulk-stop: stops the active deployments that pass every filter."""
    selected = select_items(
        request.body["filters"],
        (each for each in world.existing.values() if each.is_active),
        request_id=lambda deployment: (deployment.request_id,),
        deployment_tags=lambda deployment: deployment.tags,
    )
    for deployment in selected:
        deployment.stop()
    return Reply(202, {"processable": [{"request_id": each.request_id} for each in selected]})
