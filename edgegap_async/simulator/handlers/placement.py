"""Who the players are, and where that lets something run: what several operations are asked in the same words."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from edgegap_async.simulator.domain.geography import CITIES, City, Position, of_address
from edgegap_async.simulator.domain.rejection import Rejection


def at_address(field: str, address: Any) -> Position:
    """Where a player with an address is; raises ``Rejection`` naming the field for what is none."""
    try:
        return of_address(ipaddress.ip_address(str(address))).position
    except ValueError:
        raise Rejection(400, f"{field}: this must be an IP address") from None


def at(field: str, place: Mapping[str, Any]) -> Position:
    """Where a latitude and a longitude are; raises ``Rejection`` naming the field out of range."""
    return Position(
        _degrees(f"{field}.latitude", place.get("latitude"), 90),
        _degrees(f"{field}.longitude", place.get("longitude"), 180),
    )


def _degrees(field: str, value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        raise Rejection(400, f"{field}: this must be a number from -{most} to {most}")
    return float(value)


# where it may run

_FILTERED: Final[Mapping[str, Callable[[City], str]]] = {
    "city": lambda city: city.city,
    "country": lambda city: city.country,
    "continent": lambda city: city.continent,
    "administrative_division": lambda city: city.administrative_division,
}
"""The fields of a location filter that mean something here; others are let through."""


def cities(filters: Iterable[Mapping[str, Any]]) -> Sequence[City]:
    """The cities that pass all filters; raises ``Rejection`` where none does."""
    passing: Sequence[City] = CITIES
    for each in filters:
        of = _FILTERED.get(each["field"])
        if of is not None:
            wanted = each["filter_type"] != "not"
            passing = [city for city in passing if (of(city) in each["values"]) is wanted]
    if not passing:
        raise Rejection(400, "filters: no location passes them all")
    return passing
