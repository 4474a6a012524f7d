"""Where servers can run, and what players ping to find the nearest."""

from __future__ import annotations

from edgegap_async.models.encoding import string_values
from edgegap_async.models.locations import Beacon, Location
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore


class Beacons(Service):
    """``edgegap.locations.beacons``: hosts that answer pings."""

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[Beacon]:
        """All beacons: ``GET /v1/locations/beacons``."""
        return self._list(
            "beacon-list",
            Beacon,
            key=lambda beacon: (beacon.host, beacon.udp_port, beacon.tcp_port),
            page_size=page_size,
            timeout=timeout,
        )


class Locations(Service):
    """``edgegap.locations``: the places where servers can run."""

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        self.beacons: Beacons = Beacons(core)

    def list(
        self,
        *,
        application: str | None = None,
        version: str | None = None,
        type: str | None = None,
        tags: str | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
        timeout: float | None = None,
    ) -> PageStream[Location]:
        """The places that have room now: ``GET /v1/locations``; for one version, those that can take it.

        ``type`` and ``tags``, which only the document of 2024 has, are deprecated.
        """
        return self._list(
            "location-list",
            Location,
            key=lambda place: (place.city, place.country, place.latitude, place.longitude, place.type),
            query=string_values(app=application, version=version, type=type, tags=tags),
            page_size=page_size,
            timeout=timeout,
        )
