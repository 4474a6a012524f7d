"""Which of some deployments suits some players: the nearer, the better."""

from __future__ import annotations

import ipaddress

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.geography import Position, of_address
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def create(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/telemetry/active-deployments."""
    players = [_player(number, address) for number, address in enumerate(call.body["ips"])]
    deployments = [_deployment(world, number, each) for number, each in enumerate(call.body["deployments"])]
    begun = world.measurements.begin(world.clock(), deployments, players)
    return Reply(200, {"retrieval_key": begun.key, "expire": world.calendar.timestamp(begun.expires_at)})


def get(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/telemetry/active-deployments/{retrieval_key}."""
    now = world.clock()
    found = world.measurements.find(call.path["retrieval_key"], now)
    if found is None:
        raise Rejection(404, f"there is no result {call.path['retrieval_key']!r}")
    scores = found.best_first(now)
    return Reply(
        200,
        {
            "retrieval_key": found.key,
            "scores": [{"request_id": request_id} for request_id in scores],
            "partial_result": len(scores) < len(found.distances),
        },
    )


def _player(number: int, address: str) -> Position:
    try:
        return of_address(ipaddress.ip_address(address)).position
    except ValueError:
        raise Rejection(400, f"ips[{number}]: this must be an IP address") from None


def _deployment(world: World, number: int, request_id: str) -> SimulatedDeployment:
    found = world.alive.get(request_id)
    if found is None:
        raise Rejection(422, f"deployments[{number}]: there is no deployment {request_id!r}")
    return found
