"""Where servers can run, and the beacons that players measure their distance with."""

from __future__ import annotations

import zlib
from typing import Any, Final

from edgegap_async.simulator.domain.geography import CITIES, City
from edgegap_async.simulator.domain.host import EXTERNAL_PORTS, address
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.pages import PageRequest
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def locations(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/locations."""
    page = PageRequest.asked(call.query, world.max_page_size)
    shown = [city.shown() for city in CITIES[page.start : page.stop]]
    return Reply(200, {"locations": shown, "messages": [], **page.described(len(CITIES))})


def beacons(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/locations/beacons: all of them, or the page that is asked for, without saying which."""
    if call.query.keys() & {"page", "limit"}:
        page = PageRequest.asked(call.query, world.max_page_size)
        cities = CITIES[page.start : page.stop]
    else:
        cities = CITIES
    return Reply(200, {"locations": [_beacon(city) for city in cities], "count": len(CITIES)})


_FROM_THE_END: Final = -1
"""Beacons have the last addresses there are, the machines of the cities the first."""


def _beacon(city: City) -> dict[str, Any]:
    number = zlib.crc32(city.city.encode())
    return {
        "host": address(_FROM_THE_END - CITIES.index(city)),
        "fqdn": f"b-{number:012x}.pr.edgegap.net",
        "udp_port": EXTERNAL_PORTS[number % 1000],
        "tcp_port": EXTERNAL_PORTS[1000 + number % 1000],
        "location": city.shown(),
    }
