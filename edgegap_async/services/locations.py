"""Where servers can run, and the beacons that players ping to find the nearest location."""

from __future__ import annotations

from edgegap_async.models.encoding import string_values
from edgegap_async.models.locations import Beacon, Location
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore


class Beacons(Service):
    """``edgegap.locations.beacons``: hosts that reply to pings over UDP and TCP."""

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[Beacon]:
        """List all beacons: ``GET /v1/locations/beacons``."""
        return self._list(
            "beacon-list",
            Beacon,
            key=lambda beacon: (beacon.host, beacon.udp_port, beacon.tcp_port),
            page_size=page_size,
            timeout=timeout,
        )


class Locations(Service):
    """``edgegap.locations``: the places where servers can run.

    ::

        async for place in edgegap.locations.list(application="kart", version="v1.2"):
            print(place.city, place.latitude, place.longitude)
    """

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
        """List the locations that have capacity now: ``GET /v1/locations``.

        Args:
            application: Together with ``version``: only locations that can run that version.
            version: A version of ``application``.
            type: Deprecated; only the 2024 document has it.
            tags: Deprecated; only the 2024 document has it.
            page_size: Rows per request.
            timeout: Deadline of each request in seconds, None for the client's.
        """
        return self._list(
            "location-list",
            Location,
            key=lambda place: (place.city, place.country, place.latitude, place.longitude, place.type),
            query=string_values(app=application, version=version, type=type, tags=tags),
            page_size=page_size,
            timeout=timeout,
        )
