"""The variables that the service injects into a deployment's container."""

from __future__ import annotations

import re

import attrs

from edgegap_async.json_codec import dumps
from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.machine import OpenPort

_CLOCK_MHZ = "2000"


def injected_environment(deployment: SimulatedDeployment, url: str) -> dict[str, str]:
    """Return the environment of a deployment's container: its own variables and the injected ``ARBITRIUM_*`` ones.

    Every value is a string. ``url`` is the base URL of the local Edgegap, for the delete and context URLs.
    """
    private = deployment.host_name is not None
    request_id, resources = deployment.request_id, deployment.resources or {}
    variables = {
        "REQUEST_ID": request_id,
        "PUBLIC_IP": deployment.public_ip,
        "HOST_ID": deployment.host_name or "",
        "HOST_BASE_CLOCK_FREQUENCY": _CLOCK_MHZ,
        "DEPLOYMENT_VCPU_UNITS": str(resources.get("cpu_units", 512)),
        "DEPLOYMENT_MEMORY_MB": str(resources.get("memory_mib", 1024)),
        "DEPLOYMENT_TAGS": ",".join(deployment.initial_tags),
        "DEPLOYMENT_LOCATION": _json(attrs.asdict(deployment.location)),
        "PORTS_MAPPING": _json({"ports": {port.settings.name: _port(port) for port in deployment.ports}}),
        "DELETE_URL": f"{url}/v1/self/stop/{request_id}/{deployment.stop_key}",
        "DELETE_TOKEN": deployment.delete_token,
        "CONTEXT_URL": f"{url}/v1/context/{request_id}/{deployment.security_number}",
        "CONTEXT_TOKEN": deployment.context_token,
        "HOST_IN_PRIVATE_FLEET": str(private).lower(),
        "PRIVATE_FLEET_ID": deployment.fleet_name or "",
        "HOST_BEACON_ENABLED": "false",
        "HOST_BEACON_PUBLIC_IP": "",
        "HOST_BEACON_PORT_UDP_EXTERNAL": "",
        "HOST_BEACON_PORT_TCP_EXTERNAL": "",
    }
    for port in deployment.ports:
        name = re.sub(r"[^A-Z0-9]", "_", port.settings.name.upper())
        variables |= {
            f"PORT_{name}_{field.upper()}": str(value) for field, value in _port(port).items() if field != "name"
        }
    return {**deployment.environment, **{f"ARBITRIUM_{name}": value for name, value in variables.items()}}


def _port(port: OpenPort) -> dict[str, str | int]:
    settings = port.settings
    return {
        "name": settings.name,
        "internal": settings.port,
        "external": port.external,
        "protocol": settings.protocol,
    }


def _json(value: object) -> str:
    return dumps(value).decode()
