"""Private fleets: hosts reserved for one organisation's deployments."""

from __future__ import annotations

import functools
import zlib
from typing import Any, Final

from edgegap_async.simulator.domain.machine import EXTERNAL_PORTS, Machine
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.pages import page_body
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest

_CPU_UNITS: Final = 16384
_MEMORY_MB: Final = 32768
_CLOCK_MHZ: Final = 2000
_DEFAULT_RESOURCES: Final = {"cpu_units": 256, "memory_mib": 512}
"""What a deployment reserves when its request has no ``resources``."""


def list_hosts(world: World, request: ValidatedRequest) -> Reply:
    """GET /v2/private-fleets/{fleet-name}/hosts."""
    name = request.path["fleet-name"]
    hosts = world.private_fleets.get(name)
    if hosts is None:
        # the service's document has no 404 here
        raise Rejection(400, f"private fleet {name!r} does not exist")
    return Reply(200, page_body(world, request, hosts, functools.partial(_serialize, world)))


def _serialize(world: World, host: Machine) -> dict[str, Any]:
    reserved = [deployment.resources or _DEFAULT_RESOURCES for deployment in world.deployments_on(host)]
    opened = world.calendar.utc_timestamp(world.opened_at)
    number = zlib.crc32(str(host.host_id).encode())
    return {
        "host_id": host.host_id,
        "status": "ACTIVE",
        "ip_address": host.address,
        "latitude": host.city.latitude,
        "longitude": host.city.longitude,
        "city": host.city.city,
        "country": host.city.country,
        "continent": host.city.continent,
        "allocated_cpu_units": sum(each["cpu_units"] for each in reserved),
        "allocated_memory_mb": sum(each["memory_mib"] for each in reserved),
        "allocatable_cpu_units": _CPU_UNITS,
        "allocatable_memory_mb": _MEMORY_MB,
        "beacon": {
            "tcp_port": EXTERNAL_PORTS[1000 + number % 1000],
            "udp_port": EXTERNAL_PORTS[number % 1000],
            "ip_address": host.address,
        },
        "created_at": opened,
        "updated_at": opened,
        "centroid": {
            "label": "Alpha",
            "latitude": host.city.latitude,
            "longitude": host.city.longitude,
            "radius_km": 500,
            "desired_host_count": 1,
        },
        "delete_schedule": None,
        "fleet_host_specifications": {
            "cpu_units": _CPU_UNITS,
            "memory_mb": _MEMORY_MB,
            "base_clock_speed_mhz": _CLOCK_MHZ,
        },
    }
