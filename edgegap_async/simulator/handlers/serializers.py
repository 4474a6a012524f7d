"""How a deployment looks in an answer, and how a session does."""

from __future__ import annotations

from typing import Any

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.session import SimulatedSession
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.domain.world import World


def status(world: World, deployment: SimulatedDeployment) -> dict[str, Any]:
    """The whole deployment, as ``GET /v1/status`` has it.

    Until it has been READY there is no address, location, port or start time: those are null, whatever the
    service's document requires.
    """
    state = deployment.state
    shape: dict[str, Any] = {
        "request_id": deployment.request_id,
        "fqdn": deployment.fqdn,
        "public_ip": None,
        "app_name": deployment.application,
        "app_version": deployment.version,
        "current_status": _prefixed(state),
        "last_status": _prefixed(deployment.last_state),
        "running": state is DeploymentState.READY,
        "error": state is DeploymentState.ERROR,
        "start_time": None,
        "elapsed_time": None,
        "max_duration": deployment.max_duration,
        "removal_time": None,
        "ports": None,
        "location": None,
        "tags": deployment.tags,
    }
    texts = {
        "error_detail": deployment.error_detail,
        "command": deployment.command,
        "arguments": deployment.arguments,
    }
    # these are texts or absent, never null
    shape |= {name: text for name, text in texts.items() if text is not None}
    sessions = [session_brief(each) for each in deployment.sessions.values() if each.exists]
    if sessions:
        shape |= {"sessions": sessions, **_sockets(deployment)}
    ready = deployment.ready_at
    if ready is None or not deployment.was_ready:
        return shape
    ended = deployment.entered(DeploymentState.TERMINATING)
    now = world.clock() if ended is None else min(world.clock(), ended)
    if deployment.max_duration < 0:
        del shape["removal_time"]
    else:
        shape["removal_time"] = world.calendar.timestamp(ready + deployment.max_duration * 60)
    return shape | {
        "public_ip": deployment.public_ip,
        "start_time": world.calendar.timestamp(ready),
        "elapsed_time": int(now - ready),
        "ports": _ports(deployment),
        "location": deployment.location.shown(),
    }


def row(world: World, deployment: SimulatedDeployment) -> dict[str, Any]:
    """The deployment as a row of ``GET /v1/deployments``: less of it, and null in the same places."""
    state, ready = deployment.state, deployment.ready_at
    known = deployment.was_ready
    return {
        "request_id": deployment.request_id,
        "fqdn": deployment.fqdn,
        "public_ip": deployment.public_ip if known else None,
        "ready": state is DeploymentState.READY,
        "start_time": world.calendar.timestamp(ready) if known and ready is not None else None,
        "ports": _ports(deployment) if known else None,
        "tags": deployment.tags,
        "status": state.lower(),
    }


def session_brief(session: SimulatedSession) -> dict[str, Any]:
    """The session as its deployment shows it."""
    return {
        "session_id": session.session_id,
        "status": _prefixed(session.state),
        "ready": session.ready,
        "linked": session.linked,
        "kind": session.kind,
        "user_count": len(session.users),
    }


def session_row(session: SimulatedSession) -> dict[str, Any]:
    """The session as a row of a list."""
    deployment = session.deployment
    return session_brief(session) | {
        "custom_id": session.custom_id,
        "deployment_request_id": deployment.request_id if deployment else None,
        "webhook_url": session.webhook_url,
    }


def session_whole(world: World, session: SimulatedSession) -> dict[str, Any]:
    """The whole session, with its deployment."""
    users = [user.shown() for user in session.users.values()]
    return session_brief(session) | {
        "custom_id": session.custom_id,
        "create_time": world.calendar.timestamp(session.created_at),
        "elapsed": int(world.clock() - session.created_at),
        "error": session.error,
        "session_users": users,
        "session_ips": users,
        "deployment": from_inside(world, session.deployment) if session.deployment else None,
        "webhook_url": session.webhook_url,
    }


def from_inside(world: World, deployment: SimulatedDeployment) -> dict[str, Any]:
    """The deployment as its sessions and its own container show it."""
    return row(world, deployment) | {
        "status": _prefixed(deployment.state),
        "location": deployment.location.shown() if deployment.was_ready else None,
        "is_joinable_by_session": deployment.is_joinable_by_session,
        **_sockets(deployment),
    }


def _sockets(deployment: SimulatedDeployment) -> dict[str, int]:
    return {"sockets": deployment.sockets, "sockets_usage": deployment.sockets_usage}


def _prefixed(state: DeploymentState) -> str:
    return f"Status.{state}"


def _ports(deployment: SimulatedDeployment) -> dict[str, Any]:
    return {port.settings.name: port.shown(deployment.fqdn) for port in deployment.ports}
