"""Generates matches from a seed: players of one region, in or near its cities."""

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
"""The latitude and longitude of cities that players live in, by region, as a matchmaker would name it."""
# fmt: on

DOCUMENTATION_RANGES: Final = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
"""Address ranges reserved for documentation (RFC 5737): no real player has one."""

_MIN_PLAYERS, _MAX_PLAYERS = 3, 5
_NEIGHBOURS: Final = 3
"""How many of the nearest cities the players of a match come from, beside the match's own city."""

_ADDRESS_SHARE: Final = 0.25
"""The share of players who are known by their address, and not by their position."""

_MAX_OFFSET: Final = 0.2
"""How far players live from the centre of their city, in degrees of latitude and of longitude."""


@attrs.frozen
class MatchPlayer:
    """A player of a match, and the city that they live in or near."""

    city: str
    user: User


@attrs.frozen
class Match:
    """Players who need a server.

    Attributes:
        number: The number of the match, from 1.
        region: The region that all players live in: a key of ``REGIONS``.
        players: The players.
    """

    number: int
    region: str
    players: tuple[MatchPlayer, ...]

    @property
    def cities(self) -> str:
        """The cities of the players, each once, in the order of the players."""
        return ", ".join(dict.fromkeys(player.city for player in self.players))


def generate_matches(count: int, seed: int, *, by_address: bool = True) -> tuple[Match, ...]:
    """Generate matches, numbered from 1.

    A match depends on the seed and its number only, not on the count.

    Args:
        count: How many matches to generate.
        seed: The seed of everything random.
        by_address: Whether some players are known by an address of a documentation range instead of a position. Only
            the local Edgegap has a location for these addresses.
    """
    return tuple(_match(number, seed, by_address) for number in range(1, count + 1))


def _match(number: int, seed: int, by_address: bool) -> Match:
    rng = random.Random(f"{seed}:match:{number}")
    region = _region(number, seed)
    home = rng.choice(list(REGIONS[region]))
    candidates = [home, home, *_nearest_cities(region, home)]
    cities = [home, *(rng.choice(candidates) for _ in range(rng.randint(_MIN_PLAYERS, _MAX_PLAYERS) - 1))]
    return Match(number, region, tuple(_player(city, REGIONS[region][city], rng, by_address) for city in cities))


def _region(number: int, seed: int) -> str:
    """Return the region of a match: every region once in random order, then all again in another order."""
    round_number, index = divmod(number - 1, len(REGIONS))
    return random.Random(f"{seed}:regions:{round_number}").sample(list(REGIONS), len(REGIONS))[index]


def _player(city: str, centre: tuple[float, float], rng: random.Random, by_address: bool) -> MatchPlayer:
    latitude, longitude = (round(degrees + rng.uniform(-_MAX_OFFSET, _MAX_OFFSET), 4) for degrees in centre)
    if rng.random() < _ADDRESS_SHARE and by_address:
        server_city = nearest_city([Position(latitude, longitude)]).city
        return MatchPlayer(city, User.ip(rng.choice(_addresses_by_city()[server_city])))
    return MatchPlayer(city, User.at(latitude, longitude))


def _nearest_cities(region: str, home: str) -> Sequence[str]:
    cities = REGIONS[region]
    others = sorted(cities.keys() - {home}, key=lambda city: (_distance(cities[home], cities[city]), city))
    return others[:_NEIGHBOURS]


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the straight-line distance of two positions on a sphere of radius one."""
    return math.dist(Position(*one).vector, Position(*other).vector)


@functools.cache
def _addresses_by_city() -> Mapping[str, Sequence[str]]:
    """Return the documentation addresses by the city that the local Edgegap locates them in."""
    addresses: dict[str, list[str]] = {}
    for network in DOCUMENTATION_RANGES:
        for address in ipaddress.ip_network(network).hosts():
            addresses.setdefault(city_of_address(address).city, []).append(str(address))
    return addresses
