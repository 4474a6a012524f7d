"""Where servers can run, and the beacons that players ping."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import Number, extra_field


@attrs.frozen(kw_only=True)
class LocationTag:
    """What the document of 2024 tells of a location beside its place."""

    key: str
    value: str


@attrs.frozen(kw_only=True)
class Location:
    """A place, in degrees north and east. ``type`` and ``tags`` stand only in the document of 2024."""

    city: str | None = None
    country: str | None = None
    continent: str | None = None
    administrative_division: str | None = None
    timezone: str | None = None
    latitude: Number | None = None
    longitude: Number | None = None
    type: str | None = None
    tags: tuple[LocationTag, ...] = ()
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Beacon:
    """A host that answers pings over UDP and TCP, to measure a player's latency to its location."""

    host: str
    fqdn: str | None = None
    udp_port: int | None = None
    tcp_port: int | None = None
    location: Location | None = None
    extra: Mapping[str, JSON] = extra_field()
