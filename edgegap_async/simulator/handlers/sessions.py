"""Creating, reading, listing and deleting sessions, and changing their users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.deployment_parameters import DeploymentParameters
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.session import SessionPlayer, SimulatedSession
from edgegap_async.simulator.domain.urls import optional_url
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.bulk_filters import select_items
from edgegap_async.simulator.handlers.deployments import find_deployment
from edgegap_async.simulator.handlers.documented_replies import documented_rejection, documented_reply
from edgegap_async.simulator.handlers.pages import documented_list
from edgegap_async.simulator.handlers.placement import position_of_address, position_of_coordinates, select_cities
from edgegap_async.simulator.handlers.serializers import session_details, session_player, session_row
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest
from edgegap_async.simulator.settings import SessionSettings

_LOCATION_FIELDS: Final = ("city", "country", "continent", "administrative_division", "region")
"""Fields of a body, each of which is short for a location filter."""


def create(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/session."""
    body = request.body
    request_id = body.get("deployment_request_id")
    requested = find_deployment(world, request_id, status=400) if request_id else None
    name = body.get("version_name") or (requested.version if requested else None)
    try:
        version, settings = world.resolve_version(body["app_name"], name)
    except Rejection as unknown:
        raise documented_rejection(request, unknown.status, unknown.message) from None
    config = settings.session_config
    session = SimulatedSession(
        session_id=world.sessions.new_id(),
        kind=config.kind,
        application=body["app_name"],
        version=version,
        users=_users(body),
        selectors=body.get("selectors", ()),
        cities=select_cities([*body.get("filters", ()), *_location_filters(body)]),
        webhook_url=optional_url(body, "webhook_url"),
        created_at=world.clock(),
        max_duration=config.session_max_duration,
    )
    if requested is not None and not session.can_join(requested):
        raise documented_rejection(request, 409, f"this session cannot join deployment {requested.request_id}")
    world.sessions.add(session, requested or _assign_deployment(world, request, session, config))
    return documented_reply(request, creation_body(session))


def creation_body(session: SimulatedSession) -> dict[str, Any]:
    """Return the response to the creation of a session."""
    deployment = session.deployment
    return {
        "session_id": session.session_id,
        "custom_id": session.custom_id,
        "app": session.application,
        "version": session.version,
        "deployment_request_id": deployment.request_id if deployment else None,
        "selectors": session.selectors,
        "webhook_url": session.webhook_url,
    }


def get(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/session/{session_id}: also for some time after the end of its deployment."""
    session_id = request.path["session_id"]
    session = world.sessions.history.get(session_id)
    if session is None or not session.is_readable(world.clock()):
        raise documented_rejection(request, 404, f"session {session_id!r} does not exist")
    return documented_reply(request, session_details(world, session))


def list_(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/sessions."""
    return documented_list(world, request, world.sessions.existing(), session_row)


def delete(world: World, request: ValidatedRequest) -> Reply:
    """DELETE /v1/session/{session_id}."""
    session = _find(world, request)
    session.delete()
    return documented_reply(request, deletion_body(session))


def deletion_body(session: SimulatedSession) -> dict[str, Any]:
    """Return the response to the deletion of a session."""
    message = f"session {session.session_id} was deleted"
    return {"message": message, "session_id": session.session_id, "custom_id": session.custom_id}


def bulk_stop(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/sessions/bulk-stop: deletes the sessions that pass every filter."""
    selected = select_items(
        request.body["filters"],
        world.sessions.existing(),
        session_id=lambda session: (session.session_id,),
        request_id=lambda session: (session.deployment.request_id,) if session.deployment else (),
        deployment_tags=lambda session: session.deployment.tags if session.deployment else (),
    )
    for session in selected:
        session.delete()
    return Reply(200, {"processable": [{"session_id": each.session_id} for each in selected]})


# users


def list_users(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/session/{session_id}/users."""
    return documented_list(world, request, list(_find(world, request).users.values()), session_player)


def put_users(world: World, request: ValidatedRequest) -> Reply:
    """PUT /v1/session/{session_id}/users: adds users, beside those the session has."""
    session = _find(world, request)
    users = session.users | users_by_address(request.body["ip_list"])
    required = session.sockets_for(len(users)) - session.sockets
    if session.deployment is not None and required > session.deployment.available_session_sockets:
        message = f"deployment {session.deployment.request_id} has fewer than {required} free sockets"
        raise documented_rejection(request, 422, message)
    session.users = users
    return _users_reply(request, session)


def delete_users(world: World, request: ValidatedRequest) -> Reply:
    """DELETE /v1/session/{session_id}/users: removes users. Addresses of other users are ignored."""
    session = _find(world, request)
    for address in request.body["ip_list"]:
        session.users.pop(address, None)
    return _users_reply(request, session)


def users_by_address(addresses: Iterable[str]) -> dict[str, SessionPlayer]:
    """Return the users of an ``ip_list`` by their addresses.

    Raises:
        Rejection: If an address is invalid.
    """
    return {
        address: SessionPlayer(address, position_of_address(f"ip_list[{number}]", address))
        for number, address in enumerate(addresses)
    }


def _users(body: Mapping[str, Any]) -> dict[str, SessionPlayer]:
    addresses, coordinates = body.get("ip_list") or (), body.get("geo_ip_list") or ()
    if bool(addresses) == bool(coordinates):
        raise Rejection(400, "exactly one of ip_list and geo_ip_list must be given")
    located = {
        each["ip"]: SessionPlayer(each["ip"], position_of_coordinates(f"geo_ip_list[{number}]", each))
        for number, each in enumerate(coordinates)
    }
    return located | users_by_address(addresses)


def _users_reply(request: ValidatedRequest, session: SimulatedSession) -> Reply:
    return documented_reply(request, {"session_users": [session_player(user) for user in session.users.values()]})


# deployments


def _assign_deployment(
    world: World, request: ValidatedRequest, session: SimulatedSession, config: SessionSettings
) -> SimulatedDeployment | None:
    """Return the deployment of a new session: an existing one, a new one, or None while the session has to wait."""
    if session.sockets > config.sockets:
        message = (
            f"the session needs {session.sockets} sockets: a deployment of this version has {config.sockets} sockets"
        )
        raise Rejection(400, message)
    if config.shares_deployments:
        existing = session.first_selected(world.existing.values())
        if existing is not None or not config.autodeploy:
            return existing
    users = [user.position for user in session.users.values()]
    body = request.body
    parameters = DeploymentParameters(
        application=session.application,
        version=session.version,
        users=[position_of_coordinates("location", body["location"])] if "location" in body else users,
        user_count=len(users),
        cities=session.cities,
        # the next session with these selectors selects this deployment
        tags=session.required_tags,
        environment={name: str(value) for each in session.selectors for name, value in each.get("env", {}).items()},
    )
    return world.create(parameters, request.planned_failure)


def _location_filters(body: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (
        {"field": name, "values": [body[name]], "filter_type": "any"} for name in _LOCATION_FIELDS if body.get(name)
    )


def _find(world: World, request: ValidatedRequest) -> SimulatedSession:
    session_id = request.path["session_id"]
    session = world.sessions.history.get(session_id)
    if session is None:
        raise documented_rejection(request, 404, f"session {session_id!r} does not exist")
    if not session.exists:
        raise documented_rejection(request, 410, f"session {session_id!r} was deleted or its deployment was terminated")
    return session
