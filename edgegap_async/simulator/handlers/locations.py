"""The locations in which servers can run, and the beacons with which players measure their latency."""

from __future__ import annotations

import zlib
from typing import Any, Final

from edgegap_async.simulator.domain.geography import CITIES, City
from edgegap_async.simulator.domain.machine import EXTERNAL_PORTS, documentation_address
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.pages import PageRequest, page_body, selects_page
from edgegap_async.simulator.handlers.serializers import location
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest

_TYPE: Final = "standard"
"""The type of every location."""


def list_locations(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/locations: those with room for a version, which all have; ``type`` and ``tags`` are of 2024."""
    query = request.query
    if "app" in query:
        world.require_application(query["app"], field="app", status=400)
        if "version" in query:
            world.require_version(query["app"], query["version"], status=400)
    cities = [city for city in CITIES if query.get("type", _TYPE) == _TYPE]
    more: dict[str, Any] = {"type": _TYPE} if query.keys() & {"type", "tags"} else {}
    if query.get("tags") == "true":
        more["tags"] = []
    return Reply(200, {"messages": [], **page_body(world, request, cities, lambda city: location(city) | more)})


def list_beacons(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/locations/beacons: every beacon, or the selected page, which the response does not describe."""
    cities = CITIES
    if selects_page(request):
        page = PageRequest.from_query(request.query, world.max_page_size)
        cities = CITIES[page.start : page.stop]
    return Reply(200, {"locations": [_beacon(city) for city in cities], "count": len(CITIES)})


_LAST_ADDRESS: Final = -1
"""Beacons take addresses from the end of the range, machines from its start."""


def _beacon(city: City) -> dict[str, Any]:
    number = zlib.crc32(city.city.encode())
    return {
        "host": documentation_address(_LAST_ADDRESS - CITIES.index(city)),
        "fqdn": f"b-{number:012x}.pr.edgegap.net",
        "udp_port": EXTERNAL_PORTS[number % 1000],
        "tcp_port": EXTERNAL_PORTS[1000 + number % 1000],
        "location": location(city),
    }
