"""Telemetry: which of some deployments are nearest to some players."""

from __future__ import annotations

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.urls import optional_url
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.placement import position_of_address
from edgegap_async.simulator.handlers.serializers import telemetry_result
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def create(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/telemetry/active-deployments. The result is sent to no webhook."""
    optional_url(request.body, "webhook_url")
    players = [position_of_address(f"ips[{number}]", address) for number, address in enumerate(request.body["ips"])]
    deployments = [_deployment(world, number, each) for number, each in enumerate(request.body["deployments"])]
    webhook_url = request.body.get("webhook_url")
    measurement = world.measurements.start(world.clock(), deployments, players, webhook_url)
    world.on_change(measurement)
    return Reply(200, {"retrieval_key": measurement.key, "expire": world.calendar.timestamp(measurement.expires_at)})


def get(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/telemetry/active-deployments/{retrieval_key}."""
    now = world.clock()
    key = request.path["retrieval_key"]
    measurement = world.measurements.find(key, now)
    if measurement is None:
        raise Rejection(404, f"result {key!r} does not exist or has expired")
    return Reply(200, telemetry_result(measurement, now))


def _deployment(world: World, number: int, request_id: str) -> SimulatedDeployment:
    deployment = world.existing.get(request_id)
    if deployment is None:
        raise Rejection(422, f"deployments[{number}]: deployment {request_id!r} does not exist")
    return deployment
