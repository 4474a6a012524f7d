"""The lookup of IP addresses.

Each address has a simulated location: an arbitrary city, always the same for one address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

from edgegap_async.simulator.domain.geography import city_of_address
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest

_CODES: Final[Mapping[str, str]] = {
    "Africa": "AF",
    "Asia": "AS",
    "Europe": "EU",
    "North America": "NA",
    "Oceania": "OC",
    "South America": "SA",
    "Argentina": "AR",
    "Australia": "AU",
    "Brazil": "BR",
    "Canada": "CA",
    "Chile": "CL",
    "Colombia": "CO",
    "France": "FR",
    "Germany": "DE",
    "Hong Kong": "HK",
    "India": "IN",
    "Indonesia": "ID",
    "Italy": "IT",
    "Japan": "JP",
    "Mexico": "MX",
    "Netherlands": "NL",
    "New Zealand": "NZ",
    "Peru": "PE",
    "Poland": "PL",
    "Singapore": "SG",
    "South Africa": "ZA",
    "South Korea": "KR",
    "Spain": "ES",
    "Sweden": "SE",
    "Turkey": "TR",
    "United Arab Emirates": "AE",
    "United Kingdom": "GB",
    "United States": "US",
}
"""The codes of the continents and countries in the table of cities."""


_MAX_ADDRESSES: Final = 20


def own_address(_: World, request: ValidatedRequest) -> Reply:
    """GET /v1/ip."""
    return Reply(200, {"public_ip": request.remote_address})


def lookup(_: World, request: ValidatedRequest) -> Reply:
    """GET /v1/ip/{ip}/lookup."""
    return Reply(200, _lookup(request.path["ip"]))


def bulk_lookup(_: World, request: ValidatedRequest) -> Reply:
    """POST /v1/ips/lookup: at most 20 addresses."""
    if len(request.body["addresses"]) > _MAX_ADDRESSES:
        raise Rejection(400, f"addresses: this must hold at most {_MAX_ADDRESSES} items")
    return Reply(200, {"addresses": [_lookup(address) for address in request.body["addresses"]]})


def _lookup(value: str) -> dict[str, Any]:
    """Return what is known of an address: only the string itself if it is invalid, as the document has no error."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return {"ip_address": value}
    city = city_of_address(address)
    return {
        "type": f"ipv{address.version}",
        "ip_address": value,
        "location": {
            "continent": {"code": _CODES[city.continent], "name": city.continent},
            "country": {"code": _CODES[city.country], "name": city.country},
            "latitude": city.latitude,
            "longitude": city.longitude,
        },
    }
