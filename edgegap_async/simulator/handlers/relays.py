"""Creating, reading and deleting relay sessions, and changing their players."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from edgegap_async.simulator.domain.geography import Position
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.relay import SimulatedRelay
from edgegap_async.simulator.domain.urls import optional_url
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.documented_replies import documented_rejection
from edgegap_async.simulator.handlers.pages import documented_list
from edgegap_async.simulator.handlers.placement import position_of_address, position_of_coordinates, select_cities
from edgegap_async.simulator.handlers.serializers import relay_details, relay_player, relay_summary
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def create(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/relays/sessions."""
    body = request.body
    users = [_user(f"users[{number}]", user) for number, user in enumerate(body["users"])]
    relay = world.relays.create(users, select_cities(_filters(body)), optional_url(body, "webhook_url"))
    world.on_change(relay)
    return Reply(200, relay_details(relay))


def get(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/relays/sessions/{session_id}."""
    return Reply(200, relay_details(_find(world, request, request.path["session_id"])))


def list_(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/relays/sessions, the newest first."""
    return documented_list(world, request, [*reversed(world.relays.existing.values())], relay_details)


def delete(world: World, request: ValidatedRequest) -> Reply:
    """DELETE /v1/relays/sessions/{session_id}."""
    relay = _find(world, request, request.path["session_id"])
    del world.relays.existing[relay.session_id]
    world.on_change(relay)
    return Reply(204)


def authorize_user(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/relays/sessions:authorize-user."""
    relay = _find(world, request, request.body["session_id"])
    ip = request.body["user_ip"]
    position = position_of_address("user_ip", ip)
    if any(player.ip == ip for player in relay.players):
        raise documented_rejection(request, 409, f"user_ip: {ip} is already in relay session {relay.session_id}")
    player = world.relays.new_player(ip, position)
    relay.players.append(player)
    return Reply(200, relay_summary(relay) | {"session_user": relay_player(player)})


def revoke_user(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/relays/sessions:revoke-user."""
    relay = _find(world, request, request.body["session_id"])
    token = request.body["authorization_token"]
    remaining = [player for player in relay.players if player.token != token]
    if len(remaining) == len(relay.players):
        message = f"authorization_token: no player of relay session {relay.session_id} has this token"
        raise documented_rejection(request, 404, message)
    relay.players = remaining
    return Reply(200, relay_details(relay))


def _user(field: str, user: Any) -> tuple[str | None, Position]:
    """Return the address and the position of a user, who has at least one of them.

    The service's document does not describe the users of a relay session.
    """
    fields = cast("dict[str, Any]", user) if isinstance(user, dict) else {}
    ip = fields.get("ip")
    if ip is None and "latitude" not in fields:
        raise Rejection(400, f"{field}: this must have an ip, or a latitude and a longitude")
    position = None if ip is None else position_of_address(f"{field}.ip", ip)
    if "latitude" in fields or position is None:
        position = position_of_coordinates(field, fields)
    return ip, position


def _filters(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the filters of a body. The document does not describe them, so they are those of ``POST /v1/deploy``."""
    filters: list[Mapping[str, Any]] = body.get("filters", [])
    for number, each in enumerate(filters):
        match each:
            case {"field": str(), "values": [*_], "filter_type": "any" | "all" | "not"}:
                pass
            case _:
                raise Rejection(
                    400, f"filters[{number}]: this must have a field, values and a filter_type of any, all or not"
                )
    return filters


def _find(world: World, request: ValidatedRequest, session_id: str) -> SimulatedRelay:
    relay = world.relays.existing.get(session_id)
    if relay is None:
        raise documented_rejection(request, 404, f"relay session {session_id!r} does not exist")
    return relay
