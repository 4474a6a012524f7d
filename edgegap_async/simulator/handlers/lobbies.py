"""Creating, reading, deploying and terminating lobbies."""

from __future__ import annotations

from edgegap_async.simulator.domain.lobby import SimulatedLobby
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.documented_replies import documented_rejection
from edgegap_async.simulator.handlers.serializers import lobby_details
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def create(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/lobbies."""
    name = request.body["name"]
    if not name:
        raise Rejection(400, "name: this must have at least 1 character")
    if name in world.lobbies:
        raise documented_rejection(request, 409, f"name: lobby {name!r} already exists")
    world.lobbies[name] = SimulatedLobby(name, world.clock)
    return Reply(200, lobby_details(world.lobbies[name]))


def get(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/lobbies/{lobby_name}; the document has no 404 here."""
    return Reply(200, lobby_details(_find(world, request, request.path["lobby_name"])))


def deploy(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/lobbies:deploy."""
    lobby = _find(world, request, request.body["name"])
    if lobby.ready_at is not None:
        raise documented_rejection(request, 409, f"lobby {lobby.name!r} is already deployed")
    lobby.ready_at = world.clock() + world.random_time_to_ready()
    return Reply(202, lobby_details(lobby))


def terminate(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/lobbies:terminate; a lobby that is not deployed does not change."""
    lobby = _find(world, request, request.body["name"])
    lobby.ready_at = None
    return Reply(200, lobby_details(lobby))


def _find(world: World, request: ValidatedRequest, name: str) -> SimulatedLobby:
    lobby = world.lobbies.get(name)
    if lobby is None:
        raise documented_rejection(request, 404, f"lobby {name!r} does not exist")
    return lobby
