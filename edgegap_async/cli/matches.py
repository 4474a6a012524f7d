"""Matches to deploy servers for: players of one region, somewhere around their cities. All of it from a seed."""

from __future__ import annotations

import functools
import ipaddress
import math
import random
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from edgegap_async.models.users import User
from edgegap_async.simulator.domain.geography import Position, city_of_address, nearest_city

# fmt: off
REGIONS: Final[Mapping[str, Mapping[str, tuple[float, float]]]] = {
    "US East": {
        "Boston": (42.36, -71.06), "New York": (40.71, -74.01), "Philadelphia": (39.95, -75.17),
        "Washington": (38.91, -77.04), "Montreal": (45.50, -73.57), "Toronto": (43.65, -79.38),
        "Atlanta": (33.75, -84.39), "Miami": (25.76, -80.19),
    },
    "US Central": {
        "Chicago": (41.88, -87.63), "Minneapolis": (44.98, -93.27), "Kansas City": (39.10, -94.58),
        "Dallas": (32.78, -96.80), "Houston": (29.76, -95.37), "Denver": (39.74, -104.99),
    },
    "US West": {
        "Seattle": (47.61, -122.33), "Vancouver": (49.28, -123.12), "Portland": (45.52, -122.68),
        "San Francisco": (37.77, -122.42), "Los Angeles": (34.05, -118.24), "San Diego": (32.72, -117.16),
        "Phoenix": (33.45, -112.07),
    },
    "South America": {
        "Sao Paulo": (-23.55, -46.63), "Rio de Janeiro": (-22.91, -43.17), "Curitiba": (-25.43, -49.27),
        "Porto Alegre": (-30.03, -51.23), "Montevideo": (-34.90, -56.16), "Buenos Aires": (-34.60, -58.38),
        "Rosario": (-32.94, -60.64), "Santiago": (-33.45, -70.67), "Valparaiso": (-33.05, -71.61),
    },
    "Western Europe": {
        "London": (51.51, -0.13), "Manchester": (53.48, -2.24), "Dublin": (53.35, -6.26),
        "Paris": (48.86, 2.35), "Lyon": (45.76, 4.84), "Brussels": (50.85, 4.35),
        "Amsterdam": (52.37, 4.90), "Madrid": (40.42, -3.70), "Valencia": (39.47, -0.38),
        "Lisbon": (38.72, -9.14),
    },
    "Central Europe": {
        "Berlin": (52.52, 13.41), "Hamburg": (53.55, 9.99), "Cologne": (50.94, 6.96),
        "Munich": (48.14, 11.58), "Zurich": (47.38, 8.54), "Milan": (45.46, 9.19),
        "Vienna": (48.21, 16.37), "Prague": (50.08, 14.44), "Warsaw": (52.23, 21.01),
        "Budapest": (47.50, 19.04),
    },
    "Nordics": {
        "Stockholm": (59.33, 18.07), "Gothenburg": (57.71, 11.97), "Oslo": (59.91, 10.75),
        "Copenhagen": (55.68, 12.57), "Helsinki": (60.17, 24.94),
    },
    "Middle East": {
        "Dubai": (25.20, 55.27), "Abu Dhabi": (24.45, 54.38), "Doha": (25.29, 51.53),
        "Riyadh": (24.71, 46.68), "Muscat": (23.59, 58.41),
    },
    "India": {
        "Mumbai": (19.08, 72.88), "Pune": (18.52, 73.86), "Delhi": (28.61, 77.21),
        "Hyderabad": (17.39, 78.49), "Bengaluru": (12.97, 77.59), "Chennai": (13.08, 80.27),
    },
    "Southeast Asia": {
        "Singapore": (1.35, 103.82), "Kuala Lumpur": (3.14, 101.69), "Jakarta": (-6.21, 106.85),
        "Bandung": (-6.92, 107.61), "Bangkok": (13.76, 100.50), "Manila": (14.60, 120.98),
    },
    "East Asia": {
        "Tokyo": (35.69, 139.69), "Nagoya": (35.18, 136.91), "Osaka": (34.69, 135.50),
        "Fukuoka": (33.59, 130.40), "Seoul": (37.57, 126.98), "Busan": (35.18, 129.08),
        "Taipei": (25.03, 121.57), "Hong Kong": (22.32, 114.17),
    },
    "Oceania": {
        "Sydney": (-33.87, 151.21), "Melbourne": (-37.81, 144.96), "Brisbane": (-27.47, 153.03),
        "Perth": (-31.95, 115.86), "Auckland": (-36.85, 174.76), "Wellington": (-41.29, 174.78),
    },
    "South Africa": {
        "Johannesburg": (-26.20, 28.05), "Pretoria": (-25.75, 28.19), "Durban": (-29.86, 31.02),
        "Cape Town": (-33.92, 18.42),
    },
}
"""Where players live, by what a matchmaker would call their region: latitude and longitude of each city."""
# fmt: on

DOCUMENTATION_RANGES: Final = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
"""Addresses that are nobody's (RFC 5737)."""

_FEWEST, _MOST = 3, 5
_NEIGHBOURS: Final = 3
"""Players of a match live in one city and in so many next to it."""

_KNOWN_BY_ADDRESS: Final = 0.25
"""The share of players of whom only the address is known."""

_SUBURBS: Final = 0.2
"""Degrees that players live from the middle of their city at most."""


@attrs.frozen
class Player:
    """A player, and the city they live in or near."""

    city: str
    user: User


@attrs.frozen
class Match:
    """Players who wait for a server."""

    number: int
    region: str
    players: tuple[Player, ...]

    @property
    def cities(self) -> str:
        """Where the players live, each city once, in the order of their joining."""
        return ", ".join(dict.fromkeys(player.city for player in self.players))


def matches(count: int, seed: int, *, by_address: bool = True) -> tuple[Match, ...]:
    """``count`` matches numbered from 1; the nth of a seed is always the same, however many there are.

    Without ``by_address`` the position of every player is known: nobody but a local Edgegap can tell where
    a documentation address is.
    """
    return tuple(_match(number, seed, by_address) for number in range(1, count + 1))


def _match(number: int, seed: int, by_address: bool) -> Match:
    chance = random.Random(f"{seed}:match:{number}")
    region = _region(number, seed)
    home = chance.choice(list(REGIONS[region]))
    around = [home, home, *_neighbours(region, home)]
    cities = [home, *(chance.choice(around) for _ in range(chance.randint(_FEWEST, _MOST) - 1))]
    return Match(number, region, tuple(_player(city, REGIONS[region][city], chance, by_address) for city in cities))


def _region(number: int, seed: int) -> str:
    """All regions in an order of their own, then all in another."""
    lap, place = divmod(number - 1, len(REGIONS))
    return random.Random(f"{seed}:regions:{lap}").sample(list(REGIONS), len(REGIONS))[place]


def _player(city: str, place: tuple[float, float], chance: random.Random, by_address: bool) -> Player:
    latitude, longitude = (round(degrees + chance.uniform(-_SUBURBS, _SUBURBS), 4) for degrees in place)
    if chance.random() < _KNOWN_BY_ADDRESS and by_address:
        return Player(city, User.ip(chance.choice(_addresses_near(nearest_city([Position(latitude, longitude)]).city))))
    return Player(city, User.at(latitude, longitude))


def _neighbours(region: str, home: str) -> Sequence[str]:
    cities = REGIONS[region]
    others = sorted(cities.keys() - {home}, key=lambda city: (_distance(cities[home], cities[city]), city))
    return others[:_NEIGHBOURS]


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance on a sphere of radius one."""
    return math.dist(Position(*one).vector, Position(*other).vector)


def _addresses_near(city: str) -> Sequence[str]:
    return _addresses()[city]


@functools.cache
def _addresses() -> Mapping[str, Sequence[str]]:
    """The documentation addresses by the city in which a local Edgegap takes them to be."""
    found: dict[str, list[str]] = {}
    for network in DOCUMENTATION_RANGES:
        for address in ipaddress.ip_network(network).hosts():
            found.setdefault(city_of_address(address).city, []).append(str(address))
    return found
