"""Custom sessions: the caller chooses their ids and the deployment they are on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.session import CUSTOM, SimulatedSession
from edgegap_async.simulator.domain.states import ENDING
from edgegap_async.simulator.domain.urls import optional_url
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.deployments import find_deployment
from edgegap_async.simulator.handlers.documented_replies import documented_rejection, documented_reply
from edgegap_async.simulator.handlers.pages import documented_list
from edgegap_async.simulator.handlers.serializers import session_details, session_row
from edgegap_async.simulator.handlers.sessions import creation_body, deletion_body, users_by_address
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def create(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/deployment/{request_id}/custom/session/{custom_id}."""
    return documented_reply(request, _create(world, request, request.path["custom_id"], request.body))


def get(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/deployment/{request_id}/custom/session/{custom_id}."""
    return documented_reply(request, session_details(world, _find(world, request, request.path["custom_id"])))


def update(world: World, request: ValidatedRequest) -> Reply:
    """PATCH /v1/deployment/{request_id}/custom/session/{custom_id}: replaces the users."""
    session = _find(world, request, request.path["custom_id"])
    users, webhook_url = users_by_address(request.body["ip_list"]), optional_url(request.body, "webhook_url")
    session.users = users
    session.webhook_url = webhook_url or session.webhook_url
    return documented_reply(request, session_details(world, session))


def delete(world: World, request: ValidatedRequest) -> Reply:
    """DELETE /v1/deployment/{request_id}/custom/session/{custom_id}."""
    return documented_reply(request, _delete(world, request, request.path["custom_id"]))


def list_(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/deployment/{request_id}/custom/sessions."""
    sessions = _custom_sessions(world, _deployment(world, request))
    return documented_list(world, request, list(sessions.values()), session_row)


def create_many(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/deployment/{request_id}/custom/sessions."""
    _deployment(world, request)
    sessions = request.body.get("sessions", ())
    return _for_each(request, sessions, lambda each: _create(world, request, each["custom_id"], each))


def delete_many(world: World, request: ValidatedRequest) -> Reply:
    """DELETE /v1/deployment/{request_id}/custom/sessions."""
    _deployment(world, request)
    sessions = ({"custom_id": custom_id} for custom_id in request.body["sessions"])
    return _for_each(request, sessions, lambda each: _delete(world, request, each["custom_id"]))


def _for_each(
    request: ValidatedRequest,
    items: Iterable[Mapping[str, Any]],
    action: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> Reply:
    """Apply an action to each item. Rejections are collected, and the other items are processed all the same."""
    sessions: list[dict[str, Any]] = []
    errors: list[str] = []
    for item in items:
        try:
            sessions.append(action(item))
        except Rejection as rejection:
            errors.append(f"{item['custom_id']}: {rejection.message}")
    return documented_reply(request, {"sessions": sessions, "errors": errors})


def _create(world: World, request: ValidatedRequest, custom_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    deployment = _deployment(world, request)
    if deployment.state in ENDING:
        raise documented_rejection(request, 409, f"deployment {deployment.request_id} is terminating")
    if custom_id in _custom_sessions(world, deployment):
        message = f"deployment {deployment.request_id} already has a custom session {custom_id!r}"
        raise documented_rejection(request, 409, message)
    session = SimulatedSession(
        session_id=world.sessions.new_id(),
        custom_id=custom_id,
        kind=CUSTOM,
        application=deployment.application,
        version=deployment.version,
        users=users_by_address(body["ip_list"]),
        webhook_url=optional_url(body, "webhook_url"),
        created_at=world.clock(),
    )
    world.sessions.add(session, deployment)
    return creation_body(session)


def _delete(world: World, request: ValidatedRequest, custom_id: str) -> dict[str, Any]:
    session = _find(world, request, custom_id)
    session.delete()
    return deletion_body(session)


def _find(world: World, request: ValidatedRequest, custom_id: str) -> SimulatedSession:
    deployment = _deployment(world, request)
    session = _custom_sessions(world, deployment).get(custom_id)
    if session is None:
        message = f"deployment {deployment.request_id} has no custom session {custom_id!r}"
        raise documented_rejection(request, 404, message)
    return session


def _custom_sessions(world: World, deployment: SimulatedDeployment) -> dict[str, SimulatedSession]:
    """Return the custom sessions of a deployment by their custom ids."""
    return {session.custom_id: session for session in world.sessions_of(deployment) if session.custom_id is not None}


def _deployment(world: World, request: ValidatedRequest) -> SimulatedDeployment:
    return find_deployment(world, request.path["request_id"], status=400)
