"""The JSON representations of deployments, sessions, relays, lobbies and locations."""

from __future__ import annotations

from typing import Any

import attrs

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.geography import City
from edgegap_async.simulator.domain.lobby import SimulatedLobby
from edgegap_async.simulator.domain.machine import OpenPort
from edgegap_async.simulator.domain.relay import RelayPlayer, SimulatedRelay
from edgegap_async.simulator.domain.session import SessionPlayer, SimulatedSession
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.domain.telemetry import TelemetryMeasurement
from edgegap_async.simulator.domain.world import World


def location(city: City) -> dict[str, str | float]:
    """Return a city as a location."""
    return attrs.asdict(city)


# deployments


def deployment_details(world: World, deployment: SimulatedDeployment) -> dict[str, Any]:
    """Return a deployment as in the response of ``GET /v1/status``.

    Until it has been READY, its address, location, ports and start time are null, even where the service's document
    requires them.
    """
    state = deployment.state
    details: dict[str, Any] = {
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
    optional = {
        "error_detail": deployment.error_detail,
        "command": deployment.command,
        "arguments": deployment.arguments,
    }
    # the document allows a string or no field here, not null
    details |= {name: value for name, value in optional.items() if value is not None}
    sessions = [session_summary(session) for session in world.sessions_of(deployment)]
    if sessions:
        details |= {"sessions": sessions, **_sockets(deployment)}
    ready = deployment.ready_at
    if ready is None or not deployment.was_ready:
        return details
    ended = deployment.entered_at(DeploymentState.TERMINATING)
    now = world.clock() if ended is None else min(world.clock(), ended)
    if deployment.max_duration <= 0:
        del details["removal_time"]
    else:
        details["removal_time"] = world.calendar.timestamp(ready + deployment.max_duration * 60)
    return details | {
        "public_ip": deployment.public_ip,
        "start_time": world.calendar.timestamp(ready),
        "elapsed_time": int(now - ready),
        "ports": _ports(deployment),
        "location": location(deployment.location),
    }


def deployment_row(world: World, deployment: SimulatedDeployment) -> dict[str, Any]:
    """Return a deployment as a row of ``GET /v1/deployments``: fewer fields, null until it has been READY."""
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


def deployment_context(world: World, deployment: SimulatedDeployment) -> dict[str, Any]:
    """Return a deployment as its sessions and its own container see it."""
    return deployment_row(world, deployment) | {
        "status": _prefixed(deployment.state),
        "location": location(deployment.location) if deployment.was_ready else None,
        "is_joinable_by_session": deployment.is_joinable_by_session,
        **_sockets(deployment),
    }


def _sockets(deployment: SimulatedDeployment) -> dict[str, int]:
    return {"sockets": deployment.sockets, "sockets_usage": deployment.sockets_usage}


def _prefixed(state: DeploymentState) -> str:
    return f"Status.{state}"


def _ports(deployment: SimulatedDeployment) -> dict[str, Any]:
    return {port.settings.name: _port(port, deployment.fqdn) for port in deployment.ports}


def _port(port: OpenPort, fqdn: str) -> dict[str, Any]:
    """Return a port of a deployment. Only the links of web protocols have a scheme."""
    settings = port.settings
    protocol = settings.protocol.lower()
    if settings.tls_upgrade:
        protocol = {"http": "https", "ws": "wss"}.get(protocol, protocol)
    scheme = f"{protocol}://" if protocol in {"http", "https", "ws", "wss"} else ""
    return {
        "name": settings.name,
        "internal": settings.port,
        "external": port.external,
        "protocol": settings.protocol,
        "tls_upgrade": settings.tls_upgrade,
        "link": f"{scheme}{fqdn}:{port.external}",
    }


# sessions


def session_summary(session: SimulatedSession) -> dict[str, Any]:
    """Return a session as a part of its deployment."""
    return {
        "session_id": session.session_id,
        "status": _prefixed(session.state),
        "ready": session.ready,
        "linked": session.linked,
        "kind": session.kind,
        "user_count": len(session.users),
    }


def session_row(session: SimulatedSession) -> dict[str, Any]:
    """Return a session as a row of a list."""
    deployment = session.deployment
    return session_summary(session) | {
        "custom_id": session.custom_id,
        "deployment_request_id": deployment.request_id if deployment else None,
        "webhook_url": session.webhook_url,
    }


def session_details(world: World, session: SimulatedSession) -> dict[str, Any]:
    """Return a session with its users and its deployment."""
    users = [session_player(user) for user in session.users.values()]
    return session_summary(session) | {
        "custom_id": session.custom_id,
        "create_time": world.calendar.timestamp(session.created_at),
        "elapsed": int(world.clock() - session.created_at),
        "error": session.error,
        "session_users": users,
        "session_ips": users,
        "deployment": deployment_context(world, session.deployment) if session.deployment else None,
        "webhook_url": session.webhook_url,
    }


def session_player(player: SessionPlayer) -> dict[str, Any]:
    """Return a user of a session."""
    return {"ip": player.ip, **attrs.asdict(player.position)}


# relays


def relay_summary(relay: SimulatedRelay) -> dict[str, Any]:
    """Return a relay session without its players."""
    summary: dict[str, Any] = {
        "session_id": relay.session_id,
        "authorization_token": relay.token,
        "status": relay.status,
        "ready": relay.ready,
        "linked": relay.ready,
    }
    if relay.webhook_url:
        summary["webhook_url"] = relay.webhook_url
    return summary | {"relay": _relay_address(relay)} if relay.ready else summary


def relay_details(relay: SimulatedRelay) -> dict[str, Any]:
    """Return a relay session with its players."""
    return relay_summary(relay) | {"session_users": [relay_player(player) for player in relay.players]}


def relay_player(player: RelayPlayer) -> dict[str, Any]:
    """Return a player of a relay session. An unknown address is left out."""
    fields = {"ip_address": player.ip, **attrs.asdict(player.position), "authorization_token": player.token}
    return {name: value for name, value in fields.items() if value is not None}


def _relay_address(relay: SimulatedRelay) -> dict[str, Any]:
    sides = zip(("server", "client"), relay.ports, strict=True)
    ports = {side: {"port": port, "protocol": "UDP", "link": f"{relay.fqdn}:{port}"} for side, port in sides}
    return {"ip": relay.ip, "host": relay.fqdn, "ports": ports}


# lobbies


def lobby_details(lobby: SimulatedLobby) -> dict[str, str]:
    """Return a lobby."""
    return {"name": lobby.name, "url": f"https://{lobby.name}.lobby.edgegap.net", "status": lobby.status}


def telemetry_result(measurement: TelemetryMeasurement, now: float) -> dict[str, Any]:
    """Return the result of a telemetry measurement: the deployments measured by a moment, the nearest first."""
    nearest_first = measurement.nearest_first(now)
    return {
        "retrieval_key": measurement.key,
        "scores": [{"request_id": request_id} for request_id in nearest_first],
        "partial_result": len(nearest_first) < len(measurement.distances),
    }
