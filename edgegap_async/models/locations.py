"""Locations where servers can run, and beacons that players ping."""

from __future__ import annotations

import attrs

from edgegap_async.models.base import Model, Number


@attrs.frozen(kw_only=True)
class LocationTag(Model):
    """A property of a location, as a key and a value; document of 2024 only."""

    key: str
    value: str


@attrs.frozen(kw_only=True)
class Location(Model):
    """A location.

    Attributes:
        city: The city's name.
        country: The country's name.
        continent: The continent's name.
        administrative_division: The state or province.
        timezone: The time zone.
        latitude: Degrees north.
        longitude: Degrees east.
        type: The kind of location (document of 2024 only).
        tags: Further properties (document of 2024 only).
    """

    city: str | None = None
    country: str | None = None
    continent: str | None = None
    administrative_division: str | None = None
    timezone: str | None = None
    latitude: Number | None = None
    longitude: Number | None = None
    type: str | None = None
    tags: tuple[LocationTag, ...] = ()


@attrs.frozen(kw_only=True)
class Beacon(Model):
    """A host that responds to pings over UDP and TCP, to measure a player's latency to its location.

    Attributes:
        host: The IP address or host name.
        fqdn: The fully qualified host name.
        udp_port: The port for UDP.
        tcp_port: The port for TCP.
        location: Where the host is.
    """

    host: str
    fqdn: str | None = None
    udp_port: int | None = None
    tcp_port: int | None = None
    location: Location | None = None
