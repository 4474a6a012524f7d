"""Hosts of private fleets."""

from __future__ import annotations

from datetime import datetime

import attrs

from edgegap_async.models.base import Model


@attrs.frozen(kw_only=True)
class HostBeacon(Model):
    """The address at which a host responds to pings.

    Attributes:
        ip_address: The IP address.
        tcp_port: The port for TCP.
        udp_port: The port for UDP.
    """

    ip_address: str | None = None
    tcp_port: int | None = None
    udp_port: int | None = None


@attrs.frozen(kw_only=True)
class Centroid(Model):
    """The area that a host serves: a circle.

    Attributes:
        label: The area's name.
        latitude: Degrees north of its centre.
        longitude: Degrees east of its centre.
        radius_km: Its radius in kilometres.
        desired_host_count: The number of hosts that it should have.
    """

    label: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    radius_km: float | None = None
    desired_host_count: int | None = None


@attrs.frozen(kw_only=True)
class DeleteSchedule(Model):
    """When a host will be removed, in UTC."""

    uuid: str | None = None
    scheduled_at: datetime | None = None


@attrs.frozen(kw_only=True)
class HostSpecifications(Model):
    """The hardware of a host.

    Attributes:
        cpu_units: CPU in 1/1024 of a core.
        memory_mb: Memory in MB.
        base_clock_speed_mhz: Base clock speed in MHz.
    """

    cpu_units: int | None = None
    memory_mb: int | None = None
    base_clock_speed_mhz: int | None = None


@attrs.frozen(kw_only=True)
class Host(Model):
    """A host of a private fleet.

    Attributes:
        host_id: The host's id.
        status: ``PENDING`` or ``ACTIVE``.
        ip_address: The IP address.
        latitude: Degrees north.
        longitude: Degrees east.
        city: The city's name.
        country: The country's name.
        continent: The continent's name.
        allocated_cpu_units: CPU in use, in 1/1024 of a core.
        allocated_memory_mb: Memory in use, in MB.
        allocatable_cpu_units: CPU that deployments can use, in 1/1024 of a core.
        allocatable_memory_mb: Memory that deployments can use, in MB.
        beacon: The address at which it responds to pings.
        created_at: When it was created, in UTC.
        updated_at: When it was changed last, in UTC.
        centroid: The area that it serves.
        delete_schedule: When it will be removed, None if it will not be.
        fleet_host_specifications: Its hardware.
    """

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
