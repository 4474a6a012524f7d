"""The cities in which servers can run, and the search for the one nearest to the players."""

from __future__ import annotations

import ipaddress
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@attrs.frozen
class Position:
    """A point on the earth, in degrees."""

    latitude: float
    longitude: float

    @property
    def vector(self) -> tuple[float, float, float]:
        """The point on a sphere of radius one. Means and distances of vectors are correct across the date line."""
        latitude, longitude = math.radians(self.latitude), math.radians(self.longitude)
        return (
            math.cos(latitude) * math.cos(longitude),
            math.cos(latitude) * math.sin(longitude),
            math.sin(latitude),
        )


@attrs.frozen
class City:
    """A city with machines in it. Its fields are those of a location in the service's responses."""

    city: str
    country: str
    continent: str
    administrative_division: str
    timezone: str
    latitude: float
    longitude: float

    @property
    def position(self) -> Position:
        """The city's position."""
        return Position(self.latitude, self.longitude)


_NA: Final = "North America"
_SA: Final = "South America"
_EU: Final = "Europe"
_AS: Final = "Asia"
_OC: Final = "Oceania"
_AF: Final = "Africa"

# fmt: off
CITIES: Final[tuple[City, ...]] = (
    City("Montreal", "Canada", _NA, "Quebec", "Eastern Time", 45.508888, -73.561668),
    City("Toronto", "Canada", _NA, "Ontario", "Eastern Time", 43.653226, -79.383184),
    City("Vancouver", "Canada", _NA, "British Columbia", "Pacific Time", 49.282729, -123.120738),
    City("New York", "United States", _NA, "New York", "Eastern Time", 40.712776, -74.005974),
    City("Ashburn", "United States", _NA, "Virginia", "Eastern Time", 39.043757, -77.487442),
    City("Atlanta", "United States", _NA, "Georgia", "Eastern Time", 33.748995, -84.387982),
    City("Miami", "United States", _NA, "Florida", "Eastern Time", 25.761680, -80.191790),
    City("Chicago", "United States", _NA, "Illinois", "Central Time", 41.878114, -87.629798),
    City("Dallas", "United States", _NA, "Texas", "Central Time", 32.776664, -96.796988),
    City("Denver", "United States", _NA, "Colorado", "Mountain Time", 39.739236, -104.990251),
    City("Los Angeles", "United States", _NA, "California", "Pacific Time", 34.052234, -118.243685),
    City("Seattle", "United States", _NA, "Washington", "Pacific Time", 47.606209, -122.332071),
    City("Queretaro", "Mexico", _NA, "Queretaro", "Central Standard Time", 20.588793, -100.389888),
    City("Bogota", "Colombia", _SA, "Bogota", "Colombia Time", 4.710989, -74.072092),
    City("Lima", "Peru", _SA, "Lima", "Peru Time", -12.046374, -77.042793),
    City("Sao Paulo", "Brazil", _SA, "Sao Paulo", "Brasilia Time", -23.550520, -46.633308),
    City("Buenos Aires", "Argentina", _SA, "Buenos Aires", "Argentina Time", -34.603684, -58.381559),
    City("Santiago", "Chile", _SA, "Santiago Metropolitan", "Chile Time", -33.448890, -70.669265),
    City("London", "United Kingdom", _EU, "England", "Greenwich Mean Time", 51.507351, -0.127758),
    City("Paris", "France", _EU, "Ile-de-France", "Central European Time", 48.856614, 2.352222),
    City("Amsterdam", "Netherlands", _EU, "North Holland", "Central European Time", 52.370216, 4.895168),
    City("Frankfurt", "Germany", _EU, "Hesse", "Central European Time", 50.110922, 8.682127),
    City("Madrid", "Spain", _EU, "Community of Madrid", "Central European Time", 40.416775, -3.703790),
    City("Milan", "Italy", _EU, "Lombardy", "Central European Time", 45.464204, 9.189982),
    City("Stockholm", "Sweden", _EU, "Stockholm County", "Central European Time", 59.329323, 18.068581),
    City("Warsaw", "Poland", _EU, "Masovian Voivodeship", "Central European Time", 52.229676, 21.012229),
    City("Istanbul", "Turkey", _EU, "Istanbul", "Turkey Time", 41.008238, 28.978359),
    City("Dubai", "United Arab Emirates", _AS, "Dubai", "Gulf Standard Time", 25.204849, 55.270783),
    City("Mumbai", "India", _AS, "Maharashtra", "India Standard Time", 19.075984, 72.877656),
    City("Chennai", "India", _AS, "Tamil Nadu", "India Standard Time", 13.082680, 80.270718),
    City("Singapore", "Singapore", _AS, "Singapore", "Singapore Standard Time", 1.352083, 103.819836),
    City("Jakarta", "Indonesia", _AS, "Jakarta", "Western Indonesia Time", -6.208763, 106.845599),
    City("Hong Kong", "Hong Kong", _AS, "Hong Kong", "Hong Kong Time", 22.319304, 114.169361),
    City("Tokyo", "Japan", _AS, "Tokyo", "Japan Standard Time", 35.689487, 139.691706),
    City("Osaka", "Japan", _AS, "Osaka", "Japan Standard Time", 34.693738, 135.502165),
    City("Seoul", "South Korea", _AS, "Seoul", "Korea Standard Time", 37.566535, 126.977969),
    City("Sydney", "Australia", _OC, "New South Wales", "Australian Eastern Time", -33.868820, 151.209296),
    City("Perth", "Australia", _OC, "Western Australia", "Australian Western Time", -31.950527, 115.860457),
    City("Auckland", "New Zealand", _OC, "Auckland", "New Zealand Time", -36.848460, 174.763332),
    City("Johannesburg", "South Africa", _AF, "Gauteng", "South Africa Standard Time", -26.204103, 28.047305),
)
# fmt: on

_VECTORS: Final[Mapping[City, tuple[float, float, float]]] = {city: city.position.vector for city in CITIES}


def city_of_address(address: IPAddress) -> City:
    """Return the simulated city of an IP address: arbitrary, but always the same for one address."""
    return CITIES[zlib.crc32(address.packed) % len(CITIES)]


def nearest_city(users: Sequence[Position], cities: Iterable[City] = CITIES) -> City:
    """Return the city nearest to the mean position of the users.

    Raises:
        ValueError: If there are no users or no cities.
    """
    points = [user.vector for user in users]
    x, y, z = (sum(axis) for axis in zip(*points, strict=True))
    # users on opposite sides of the earth have no mean position: use that of the first user
    middle = (x, y, z) if math.hypot(x, y, z) > 1e-9 else points[0]
    return max(cities, key=lambda city: _dot_product(middle, _VECTORS[city]))


def _dot_product(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
