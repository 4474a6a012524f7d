"""What somebody may want to hear of by webhook, and when there is something to tell of it."""

from __future__ import annotations

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.relay import SimulatedRelay
from edgegap_async.simulator.domain.session import SimulatedSession
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.domain.world import WebhookSource, World
from edgegap_async.simulator.handlers.serializers import deployment_details, relay_details, session_row
from edgegap_async.simulator.webhooks.sender import Subject

_STATES = {"ready": DeploymentState.READY, "error": DeploymentState.ERROR, "terminated": DeploymentState.TERMINATED}


def subject(world: World, it: WebhookSource) -> Subject:
    """One of them, as the sender of webhooks sees it."""
    match it:
        case SimulatedDeployment():
            return _deployment(world, it)
        case SimulatedSession():
            return _session(it)
        case SimulatedRelay():
            return _relay(world, it)


def _deployment(world: World, deployment: SimulatedDeployment) -> Subject:
    """Told when it is ready, when it fails and when it is gone; v1 has one address for all of it."""
    any_event = deployment.webhooks.get("any")
    return Subject(
        id=deployment.request_id,
        addresses=dict.fromkeys(_STATES, any_event) if any_event else deployment.webhooks,
        moment=lambda event: deployment.entered_at(_STATES[event]),
        shows=lambda: deployment_details(world, deployment),
        is_over=lambda: deployment.state is DeploymentState.TERMINATED,
    )


def _session(session: SimulatedSession) -> Subject:
    """Told once, when its deployment is ready or has failed: its row, with the state in another spelling."""
    return Subject(
        id=session.session_id,
        addresses={"session": session.webhook_url} if session.webhook_url else {},
        moment=lambda _: session.settled_at,
        shows=lambda: session_row(session) | {"status": session.state.title()},
        is_over=lambda: not session.exists,
    )


def _relay(world: World, relay: SimulatedRelay) -> Subject:
    """Told once, when it is ready."""
    return Subject(
        id=relay.session_id,
        addresses={"relay": relay.webhook_url} if relay.webhook_url else {},
        moment=lambda _: relay.ready_at,
        shows=lambda: relay_details(relay),
        is_over=lambda: relay.session_id not in world.relays.existing,
    )
