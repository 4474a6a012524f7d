"""Custom sessions: the caller names them, and says which deployment they are on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from edgegap_async.simulator.domain.deployment import ENDING, SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.session import CUSTOM, SimulatedSession
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.deployments import found as found_deployment
from edgegap_async.simulator.handlers.resources import listing, refusal
from edgegap_async.simulator.handlers.serializers import session_row, session_whole
from edgegap_async.simulator.handlers.sessions import created, deleted, users_at
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest
from edgegap_async.simulator.specification import conform


def create(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/deployment/{request_id}/custom/session/{custom_id}."""
    return _shaped(call, _create(world, call, call.path["custom_id"], call.body))


def get(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/deployment/{request_id}/custom/session/{custom_id}."""
    return _shaped(call, session_whole(world, _found(world, call, call.path["custom_id"])))


def update(world: World, call: ValidatedRequest) -> Reply:
    """PATCH /v1/deployment/{request_id}/custom/session/{custom_id}: these users instead of the former ones."""
    session = _found(world, call, call.path["custom_id"])
    session.users = users_at(call.body["ip_list"])
    session.webhook_url = call.body.get("webhook_url", session.webhook_url)
    return _shaped(call, session_whole(world, session))


def delete(world: World, call: ValidatedRequest) -> Reply:
    """DELETE /v1/deployment/{request_id}/custom/session/{custom_id}."""
    return _shaped(call, _delete(world, call, call.path["custom_id"]))


def list_(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/deployment/{request_id}/custom/sessions."""
    return listing(world, call, list(_customs(_deployment(world, call)).values()), session_row)


def create_many(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/deployment/{request_id}/custom/sessions."""
    _deployment(world, call)
    return _many(call, call.body.get("sessions", ()), lambda each: _create(world, call, each["custom_id"], each))


def delete_many(world: World, call: ValidatedRequest) -> Reply:
    """DELETE /v1/deployment/{request_id}/custom/sessions."""
    _deployment(world, call)
    named = ({"custom_id": custom_id} for custom_id in call.body["sessions"])
    return _many(call, named, lambda each: _delete(world, call, each["custom_id"]))


def _many(
    call: ValidatedRequest, items: Iterable[Mapping[str, Any]], act: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> Reply:
    """Do it to each; what is refused does not keep the others from it."""
    done: list[dict[str, Any]] = []
    errors: list[str] = []
    for item in items:
        try:
            done.append(act(item))
        except Rejection as refused:
            errors.append(f"{item['custom_id']}: {refused.message}")
    return _shaped(call, {"sessions": done, "errors": errors})


def _create(world: World, call: ValidatedRequest, custom_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    deployment = _deployment(world, call)
    if deployment.state in ENDING:
        raise refusal(call, 409, f"{deployment.request_id} is ending")
    if custom_id in _customs(deployment):
        raise refusal(call, 409, f"{deployment.request_id} already has a custom session {custom_id!r}")
    session = SimulatedSession(
        session_id=world.sessions.new_id(),
        custom_id=custom_id,
        kind=CUSTOM,
        application=deployment.application,
        version=deployment.version,
        users=users_at(body["ip_list"]),
        webhook_url=body.get("webhook_url"),
        created_at=world.clock(),
    )
    world.sessions.add(session, deployment)
    return created(session)


def _delete(world: World, call: ValidatedRequest, custom_id: str) -> dict[str, Any]:
    session = _found(world, call, custom_id)
    session.delete()
    return deleted(session)


def _found(world: World, call: ValidatedRequest, custom_id: str) -> SimulatedSession:
    deployment = _deployment(world, call)
    session = _customs(deployment).get(custom_id)
    if session is None:
        raise refusal(call, 404, f"{deployment.request_id} has no custom session {custom_id!r}")
    return session


def _customs(deployment: SimulatedDeployment) -> dict[str, SimulatedSession]:
    """The custom sessions of a deployment, by their own ids."""
    return {each.custom_id: each for each in deployment.sessions.values() if each.custom_id is not None and each.exists}


def _deployment(world: World, call: ValidatedRequest) -> SimulatedDeployment:
    return found_deployment(world, call.path["request_id"], otherwise=400)


def _shaped(call: ValidatedRequest, fields: Mapping[str, Any]) -> Reply:
    return Reply(200, conform(call.operation.operation_id, fields))
