"""How a deployment looks in an answer."""

from __future__ import annotations

from typing import Any

from edgegap_async.simulator.deployment import Deployment, State
from edgegap_async.simulator.world import World


def status(world: World, deployment: Deployment) -> dict[str, Any]:
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
        "running": state is State.READY,
        "error": state is State.ERROR,
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
    ready = deployment.ready_at
    if ready is None or not deployment.was_ready:
        return shape
    ended = deployment.entered(State.TERMINATING)
    now = world.clock() if ended is None else min(world.clock(), ended)
    if deployment.max_duration < 0:
        del shape["removal_time"]
    else:
        shape["removal_time"] = world.calendar.text(ready + deployment.max_duration * 60)
    return shape | {
        "public_ip": deployment.public_ip,
        "start_time": world.calendar.text(ready),
        "elapsed_time": int(now - ready),
        "ports": _ports(deployment),
        "location": deployment.location.shown(),
    }


def row(world: World, deployment: Deployment) -> dict[str, Any]:
    """The deployment as a row of ``GET /v1/deployments``: less of it, and null in the same places."""
    state, ready = deployment.state, deployment.ready_at
    known = deployment.was_ready
    return {
        "request_id": deployment.request_id,
        "fqdn": deployment.fqdn,
        "public_ip": deployment.public_ip if known else None,
        "ready": state is State.READY,
        "start_time": world.calendar.text(ready) if known and ready is not None else None,
        "ports": _ports(deployment) if known else None,
        "tags": deployment.tags,
        "status": state.lower(),
    }


def _prefixed(state: State) -> str:
    return f"Status.{state}"


def _ports(deployment: Deployment) -> dict[str, Any]:
    return {port.settings.name: port.shown(deployment.fqdn) for port in deployment.ports}
