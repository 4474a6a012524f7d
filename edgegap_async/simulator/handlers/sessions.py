"""Sessions: creating them, looking at them, who is in them, and deleting them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.session import SessionPlayer, SimulatedSession
from edgegap_async.simulator.domain.world import Order, World
from edgegap_async.simulator.handlers.bulk import passing
from edgegap_async.simulator.handlers.deployments import found as found_deployment
from edgegap_async.simulator.handlers.placement import at, at_address, cities
from edgegap_async.simulator.handlers.resources import listing, refusal
from edgegap_async.simulator.handlers.serializers import session_row, session_whole
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest
from edgegap_async.simulator.settings import SessionSettings
from edgegap_async.simulator.specification import conform

_PLACES: Final = ("city", "country", "continent", "administrative_division", "region")
"""Fields of a body that are each a location filter in short."""


def create(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/session."""
    body = call.body
    request_id = body.get("deployment_request_id")
    given = found_deployment(world, request_id, otherwise=400) if request_id else None
    name = body.get("version_name") or (given.version if given else None)
    try:
        version, settings = world.version(body["app_name"], name)
    except Rejection as unknown:
        raise refusal(call, unknown.status, unknown.message) from None
    config = settings.session_config
    session = SimulatedSession(
        session_id=world.sessions.new_id(),
        kind=config.kind,
        application=body["app_name"],
        version=version,
        users=_users(body),
        selectors=body.get("selectors", ()),
        cities=cities([*body.get("filters", ()), *_places(body)]),
        webhook_url=body.get("webhook_url"),
        created_at=world.clock(),
    )
    if given is not None and not session.may_join(given):
        raise refusal(call, 409, f"{given.request_id} cannot be joined by this session")
    world.sessions.add(session, given or _deployment(world, call, session, config))
    return Reply(200, conform(call.operation.operation_id, created(session)))


def created(session: SimulatedSession) -> dict[str, Any]:
    """What is answered to whoever created a session."""
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


def get(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/session/{session_id}."""
    return Reply(200, conform(call.operation.operation_id, session_whole(world, _found(world, call))))


def list_(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/sessions."""
    return listing(world, call, world.sessions.existing(), session_row)


def delete(world: World, call: ValidatedRequest) -> Reply:
    """DELETE /v1/session/{session_id}."""
    session = _found(world, call)
    session.delete()
    return Reply(200, conform(call.operation.operation_id, deleted(session)))


def deleted(session: SimulatedSession) -> dict[str, Any]:
    """What is answered to whoever deleted a session."""
    message = f"SimulatedSession {session.session_id} was deleted"
    return {"message": message, "session_id": session.session_id, "custom_id": session.custom_id}


def bulk_stop(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/sessions/bulk-stop: those that pass every filter."""
    chosen = passing(
        call.body["filters"],
        world.sessions.existing(),
        session_id=lambda session: (session.session_id,),
        request_id=lambda session: (session.deployment.request_id,) if session.deployment else (),
        deployment_tags=lambda session: session.deployment.tags if session.deployment else (),
    )
    for session in chosen:
        session.delete()
    return Reply(200, {"processable": [{"session_id": each.session_id} for each in chosen]})


# who is in one


def list_users(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/session/{session_id}/users."""
    return listing(world, call, list(_found(world, call).users.values()), SessionPlayer.shown)


def put_users(world: World, call: ValidatedRequest) -> Reply:
    """PUT /v1/session/{session_id}/users: who is in it already stays."""
    session = _found(world, call)
    users = session.users | users_at(call.body["ip_list"])
    more = session.sockets_for(len(users)) - session.sockets
    if session.deployment is not None and more > session.deployment.available_session_sockets:
        raise refusal(call, 422, f"{session.deployment.request_id} has no {more} sockets free")
    session.users = users
    return _users_of(call, session)


def delete_users(world: World, call: ValidatedRequest) -> Reply:
    """DELETE /v1/session/{session_id}/users: who is not in it does not matter."""
    session = _found(world, call)
    for address in call.body["ip_list"]:
        session.users.pop(address, None)
    return _users_of(call, session)


def users_at(addresses: Iterable[str]) -> dict[str, SessionPlayer]:
    """The users of an ``ip_list``, by their addresses."""
    return {
        address: SessionPlayer(address, at_address(f"ip_list[{number}]", address))
        for number, address in enumerate(addresses)
    }


def _users(body: Mapping[str, Any]) -> dict[str, SessionPlayer]:
    addresses, located = body.get("ip_list") or (), body.get("geo_ip_list") or ()
    if bool(addresses) == bool(located):
        raise Rejection(400, "exactly one of ip_list and geo_ip_list must be given")
    placed = {
        each["ip"]: SessionPlayer(each["ip"], at(f"geo_ip_list[{number}]", each)) for number, each in enumerate(located)
    }
    return placed | users_at(addresses)


def _users_of(call: ValidatedRequest, session: SimulatedSession) -> Reply:
    users = [user.shown() for user in session.users.values()]
    return Reply(200, conform(call.operation.operation_id, {"session_users": users}))


# where it plays


def _deployment(
    world: World, call: ValidatedRequest, session: SimulatedSession, config: SessionSettings
) -> SimulatedDeployment | None:
    """The deployment that a new session is linked to: one with room, a new one, or none yet."""
    if session.sockets > config.sockets:
        raise Rejection(400, f"a deployment of {session.version} has {config.sockets} sockets, not {session.sockets}")
    if config.kind != "Default":
        found = session.first_of(world.alive.values())
        if found is not None or not config.autodeploy:
            return found
    users = [user.position for user in session.users.values()]
    order = Order(
        application=session.application,
        version=session.version,
        users=[at("location", call.body["location"])] if "location" in call.body else users,
        user_count=len(users),
        cities=session.cities,
        # so that the next session with these selectors finds it
        tags=session.sought_tags,
        environment={name: str(value) for each in session.selectors for name, value in each.get("env", {}).items()},
    )
    return world.create(order, call.planned_failure)


def _places(body: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return ({"field": name, "values": [body[name]], "filter_type": "any"} for name in _PLACES if body.get(name))


def _found(world: World, call: ValidatedRequest) -> SimulatedSession:
    session_id = call.path["session_id"]
    session = world.sessions.history.get(session_id)
    if session is None:
        raise refusal(call, 404, f"there is no session {session_id!r}")
    if not session.exists:
        raise refusal(call, 410, f"{session_id} is gone")
    return session
