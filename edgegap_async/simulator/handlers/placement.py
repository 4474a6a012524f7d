"""The parts of request bodies that decide where something runs: positions of players and location filters."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edgegap_async.simulator.domain.geography import City, Position, city_of_address
from edgegap_async.simulator.domain.location_filters import filtered_cities
from edgegap_async.simulator.domain.rejection import Rejection


def position_of_address(field: str, address: Any) -> Position:
    """Return the position of a player with an IP address.

    Raises:
        Rejection: If the address is invalid. The message names the field.
    """
    try:
        return city_of_address(ipaddress.ip_address(str(address))).position
    except ValueError:
        raise Rejection(400, f"{field}: this must be an IP address") from None


def position_of_coordinates(field: str, coordinates: Mapping[str, Any]) -> Position:
    """Return the position with a ``latitude`` and a ``longitude``.

    Raises:
        Rejection: If one of them is missing, no number or out of range. The message names the field.
    """
    return Position(
        _degrees(f"{field}.latitude", coordinates.get("latitude"), 90),
        _degrees(f"{field}.longitude", coordinates.get("longitude"), 180),
    )


def _degrees(field: str, value: Any, limit: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
        raise Rejection(400, f"{field}: this must be a number from -{limit} to {limit}")
    return float(value)


def select_cities(filters: Iterable[Mapping[str, Any]]) -> Sequence[City]:
    """Return the cities that pass all location filters.

    Raises:
        Rejection: If no city passes them all.
    """
    cities = filtered_cities(filters)
    if not cities:
        raise Rejection(400, "filters: no location passes all filters")
    return cities
