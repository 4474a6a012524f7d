"""SimulatedRelay sessions: creating them, looking at them, who is in them, and deleting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from edgegap_async.simulator.domain.geography import Position
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.relay import SimulatedRelay
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.placement import at, at_address, cities
from edgegap_async.simulator.handlers.resources import listing, refusal
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def create(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/relays/sessions."""
    body = call.body
    users = [_user(f"users[{number}]", user) for number, user in enumerate(body["users"])]
    relay = world.relays.create(users, cities(_filters(body)), body.get("webhook_url"))
    world.changed(relay)
    return Reply(200, relay.whole())


def get(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/relays/sessions/{session_id}."""
    return Reply(200, _found(world, call, call.path["session_id"]).whole())


def list_(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/relays/sessions, the newest first."""
    return listing(world, call, [*reversed(world.relays.existing.values())], SimulatedRelay.whole)


def delete(world: World, call: ValidatedRequest) -> Reply:
    """DELETE /v1/relays/sessions/{session_id}."""
    del world.relays.existing[_found(world, call, call.path["session_id"]).session_id]
    return Reply(204)


def authorize_user(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/relays/sessions:authorize-user."""
    relay = _found(world, call, call.body["session_id"])
    ip = call.body["user_ip"]
    position = at_address("user_ip", ip)
    if any(player.ip == ip for player in relay.players):
        raise refusal(call, 409, f"user_ip: {ip} is in {relay.session_id} already")
    player = world.relays.player(ip, position)
    relay.players.append(player)
    return Reply(200, relay.shown() | {"session_user": player.shown()})


def revoke_user(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/relays/sessions:revoke-user."""
    relay = _found(world, call, call.body["session_id"])
    token = call.body["authorization_token"]
    staying = [player for player in relay.players if player.token != token]
    if len(staying) == len(relay.players):
        raise refusal(call, 404, f"authorization_token: nobody in {relay.session_id} has it")
    relay.players = staying
    return Reply(200, relay.whole())


def _user(field: str, user: Any) -> tuple[str | None, Position]:
    """One of the users of a body: an ``ip``, or a position; the present document leaves open what one is."""
    given = cast("dict[str, Any]", user) if isinstance(user, dict) else {}
    ip = given.get("ip")
    if ip is None and "latitude" not in given:
        raise Rejection(400, f"{field}: this must have an ip, or a latitude and a longitude")
    near = None if ip is None else at_address(f"{field}.ip", ip)
    return ip, at(field, given) if "latitude" in given or near is None else near


def _filters(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The filters of a body; the present document leaves open what one is, so they are those of ``POST /v1/deploy``."""
    filters: list[Mapping[str, Any]] = body.get("filters", [])
    for number, each in enumerate(filters):
        match each:
            case {"field": str(), "values": [*_], "filter_type": "any" | "all" | "not"}:
                pass
            case _:
                raise Rejection(
                    400, f"filters[{number}]: this must have a field, values and a filter_type: any, all, not"
                )
    return filters


def _found(world: World, call: ValidatedRequest, session_id: str) -> SimulatedRelay:
    relay = world.relays.existing.get(session_id)
    if relay is None:
        raise refusal(call, 404, f"there is no relay session {session_id!r}")
    return relay
