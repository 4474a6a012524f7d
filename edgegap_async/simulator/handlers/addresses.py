"""Where addresses are. An address here is in any city, and always in the same."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

from edgegap_async.simulator.domain.geography import of_address
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
"""The codes of the continents and countries that the table of cities has."""


def own(_: World, call: ValidatedRequest) -> Reply:
    """GET /v1/ip."""
    return Reply(200, {"public_ip": call.remote_address})


def lookup(_: World, call: ValidatedRequest) -> Reply:
    """GET /v1/ip/{ip}/lookup."""
    return Reply(200, _found(call.path["ip"]))


def lookup_many(_: World, call: ValidatedRequest) -> Reply:
    """POST /v1/ips/lookup."""
    return Reply(200, {"addresses": [_found(address) for address in call.body["addresses"]]})


def _found(text: str) -> dict[str, Any]:
    """What is known of an address; of what is none, nothing: the document has no word for a refusal."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return {"ip_address": text}
    city = of_address(address)
    return {
        "type": f"ipv{address.version}",
        "ip_address": text,
        "location": {
            "continent": {"code": _CODES[city.continent], "name": city.continent},
            "country": {"code": _CODES[city.country], "name": city.country},
            "latitude": city.latitude,
            "longitude": city.longitude,
        },
    }
