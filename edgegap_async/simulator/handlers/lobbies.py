"""Lobbies: creating, deploying and terminating them."""

from __future__ import annotations

from edgegap_async.simulator.domain.lobby import SimulatedLobby
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.resources import refusal
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def create(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/lobbies."""
    name = call.body["name"]
    if not name:
        raise Rejection(400, "name: this must have at least 1 character")
    if name in world.lobbies:
        raise refusal(call, 409, f"name: there already is a lobby {name!r}")
    world.lobbies[name] = SimulatedLobby(name, world.clock)
    return Reply(200, world.lobbies[name].shown())


def get(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/lobbies/{lobby_name}; the document has no 404 here."""
    return Reply(200, _found(world, call, call.path["lobby_name"]).shown())


def deploy(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/lobbies:deploy."""
    lobby = _found(world, call, call.body["name"])
    if lobby.ready_at is not None:
        raise refusal(call, 409, f"the lobby {lobby.name!r} is deployed already")
    lobby.ready_at = world.clock() + world.time_to_ready()
    return Reply(202, lobby.shown())


def terminate(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/lobbies:terminate; one that does not run is as it should be."""
    lobby = _found(world, call, call.body["name"])
    lobby.ready_at = None
    return Reply(200, lobby.shown())


def _found(world: World, call: ValidatedRequest, name: str) -> SimulatedLobby:
    lobby = world.lobbies.get(name)
    if lobby is None:
        raise refusal(call, 404, f"there is no lobby {name!r}")
    return lobby
