"""The hosts of private fleets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import extra_field


@attrs.frozen(kw_only=True)
class HostBeacon:
    """Where a host answers pings."""

    ip_address: str | None = None
    tcp_port: int | None = None
    udp_port: int | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Centroid:
    """The area a host stands for: a circle of ``radius_km`` kilometres, with the hosts wanted in it."""

    label: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    radius_km: float | None = None
    desired_host_count: int | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class DeleteSchedule:
    """When a host will be taken away."""

    uuid: str | None = None
    scheduled_at: datetime | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class HostSpecifications:
    """What a host has: CPU units (1024 to a core), memory in MB, clock in MHz."""

    cpu_units: int | None = None
    memory_mb: int | None = None
    base_clock_speed_mhz: int | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Host:
    """A host of a private fleet; ``status`` is PENDING or ACTIVE, memory in MB, CPU in units of 1/1024 core."""

    host_id: str
    status: str | None = None
    ip_address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    city: str | None = None
    country: str | None = None
    continent: str | None = None
    allocated_cpu_units: int | None = None
    allocated_memory_mb: int | None = None
    allocatable_cpu_units: int | None = None
    allocatable_memory_mb: int | None = None
    beacon: HostBeacon | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    centroid: Centroid | None = None
    delete_schedule: DeleteSchedule | None = None
    fleet_host_specifications: HostSpecifications | None = None
    extra: Mapping[str, JSON] = extra_field()
