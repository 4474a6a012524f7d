"""The webhooks of deployments, sessions, relays and telemetry: at which events, to which URLs, with what payloads."""

from __future__ import annotations

from typing import Final

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.relay import SimulatedRelay
from edgegap_async.simulator.domain.session import SimulatedSession
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.domain.telemetry import TelemetryMeasurement
from edgegap_async.simulator.domain.world import WebhookSource, World
from edgegap_async.simulator.handlers.serializers import (
    deployment_details,
    relay_details,
    session_row,
    telemetry_result,
)
from edgegap_async.simulator.webhooks.sender import WebhookSchedule

_DEPLOYMENT_EVENTS: Final = {
    "ready": DeploymentState.READY,
    "error": DeploymentState.ERROR,
    "terminated": DeploymentState.TERMINATED,
}
"""The state that a deployment enters at each event."""


def webhook_schedule(world: World, item: WebhookSource) -> WebhookSchedule:
    """Return the schedule of the webhooks of a deployment, a session, a relay or a telemetry measurement."""
    match item:
        case SimulatedDeployment():
            return _deployment_schedule(world, item)
        case SimulatedSession():
            return _session_schedule(item)
        case SimulatedRelay():
            return _relay_schedule(world, item)
        case TelemetryMeasurement():
            return _telemetry_schedule(world, item)


def _deployment_schedule(world: World, deployment: SimulatedDeployment) -> WebhookSchedule:
    """Events ``ready``, ``error`` and ``terminated``, with the payload of a status call; v1 has one URL for all."""
    any_event = deployment.webhooks.get("any")
    return WebhookSchedule(
        id=deployment.request_id,
        urls=dict.fromkeys(_DEPLOYMENT_EVENTS, any_event) if any_event else deployment.webhooks,
        moment=lambda event: deployment.entered_at(_DEPLOYMENT_EVENTS[event]),
        payload=lambda: deployment_details(world, deployment),
        has_ended=lambda: deployment.state is DeploymentState.TERMINATED,
    )


def _session_schedule(session: SimulatedSession) -> WebhookSchedule:
    """One event, when its deployment is READY or in ERROR; the payload is a list row with the state capitalised."""
    return WebhookSchedule(
        id=session.session_id,
        urls={"session": session.webhook_url} if session.webhook_url else {},
        moment=lambda _: session.settled_at if session.exists else None,
        payload=lambda: session_row(session) | {"status": session.state.title()},
        has_ended=lambda: not session.exists,
    )


def _relay_schedule(world: World, relay: SimulatedRelay) -> WebhookSchedule:
    """One event, when the relay session is ready, unless it was deleted before."""
    return WebhookSchedule(
        id=relay.session_id,
        urls={"relay": relay.webhook_url} if relay.webhook_url else {},
        moment=lambda _: relay.ready_at if relay.session_id in world.relays.existing else None,
        payload=lambda: relay_details(relay),
        has_ended=lambda: relay.session_id not in world.relays.existing,
    )


def _telemetry_schedule(world: World, measurement: TelemetryMeasurement) -> WebhookSchedule:
    """One event, when all deployments are measured; the payload is the result."""
    return WebhookSchedule(
        id=measurement.key,
        urls={"telemetry": measurement.webhook_url} if measurement.webhook_url else {},
        moment=lambda _: measurement.complete_at,
        payload=lambda: telemetry_result(measurement, world.clock()),
        has_ended=lambda: world.clock() >= measurement.complete_at,
    )
