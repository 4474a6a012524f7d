"""Players: IP addresses or positions, and the form in which each operation takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.encoding import omit_none
from edgegap_async.validation import validate_ip_address, validate_list, validate_number


@attrs.frozen(kw_only=True)
class User:
    """A player of a match: the service chooses the location closest to all players.

    A player is an IP address, a position, or both::

        users = [User.ip("203.0.113.7"), User.at(45.5, -73.6)]
        users = ["203.0.113.7", (45.5, -73.6)]       # the same

    Attributes:
        ip_address: An IPv4 or IPv6 address.
        latitude: Degrees north, -90 to 90.
        longitude: Degrees east, -180 to 180.
    """

    ip_address: str | None = None
    latitude: float | None = None
    longitude: float | None = None

    def __attrs_post_init__(self) -> None:
        if self.ip_address is not None:
            validate_ip_address(self.ip_address)
        if self.latitude is not None and self.longitude is not None:
            _degrees(self.latitude, 90, "latitude")
            _degrees(self.longitude, 180, "longitude")
        elif (self.latitude, self.longitude) != (None, None) or self.ip_address is None:
            raise ConfigurationError("a user needs an IP address, or both latitude and longitude")

    @classmethod
    def ip(cls, address: str) -> User:
        """Return a player at an IPv4 or IPv6 address; raises ConfigurationError for any other value."""
        return cls(ip_address=validate_ip_address(address))

    @classmethod
    def at(cls, latitude: float, longitude: float, *, ip_address: str | None = None) -> User:
        """Return a player at a position.

        Args:
            latitude: Degrees north, -90 to 90.
            longitude: Degrees east, -180 to 180.
            ip_address: The player's IP address, which only ``deployments.create_v1`` needs beside the position.

        Raises:
            ConfigurationError: The position is out of range, or the address is invalid.
        """
        return cls(
            ip_address=None if ip_address is None else validate_ip_address(ip_address),
            latitude=_degrees(latitude, 90, "latitude"),
            longitude=_degrees(longitude, 180, "longitude"),
        )

    @property
    def has_position(self) -> bool:
        """Whether the player's position is known."""
        return self.latitude is not None

    def as_v2(self) -> JSON:
        """Return the user as v2 expects it: the position if there is one, else the address."""
        if self.has_position:
            coordinates: JSON = {"latitude": self.latitude, "longitude": self.longitude}
            return {"user_type": "geo_coordinates", "user_data": coordinates}
        return {"user_type": "ip_address", "user_data": {"ip_address": self.ip_address}}


UserLike: TypeAlias = User | str | tuple[float, float]
"""A player: a User, an IP address, or ``(latitude, longitude)`` in degrees."""


def _degrees(value: float, limit: int, what: str) -> float:
    return float(validate_number(value, f"a {what} (degrees)", minimum=-limit, maximum=limit))


def _user(value: UserLike) -> User:
    match value:
        case User():
            return value
        case str():
            return User.ip(value)
        case (latitude, longitude):
            return User.at(latitude, longitude)
        case _:  # pyright: ignore[reportUnnecessaryComparison]
            raise ConfigurationError(f"a user is a User, an IP address or (latitude, longitude), not {value!r}")


def _users(values: Sequence[UserLike]) -> list[User]:
    users = [_user(value) for value in validate_list(values, "users")]
    if not users:
        raise ConfigurationError("users is empty: the service places the server near at least one player")
    return users


def users_v2(values: Sequence[UserLike]) -> JSON:
    """Return ``users`` of a v2 deployment; raises ConfigurationError for an empty list and for an invalid user."""
    return [user.as_v2() for user in _users(values)]


def users_v1(values: Sequence[UserLike]) -> dict[str, JSON]:
    """Return ``ip_list`` or ``geo_ip_list`` of a v1 deployment or session, which takes exactly one of them.

    Raises:
        ConfigurationError: Only some users have a position, or one has a position without an IP address.
    """
    users = _users(values)
    with_position = [user for user in users if user.has_position]
    if not with_position:
        return {"ip_list": [user.ip_address for user in users]}
    if len(with_position) != len(users):
        raise ConfigurationError(
            "v1 takes addresses or positions, not both: give every user a position, or none "
            "(v2, deployments.create, takes both)"
        )
    if not all(user.ip_address for user in with_position):
        raise ConfigurationError(
            "v1 needs the IP address beside a position: User.at(latitude, longitude, ip_address=...)"
        )
    return {
        "geo_ip_list": [
            {"ip": user.ip_address, "latitude": user.latitude, "longitude": user.longitude} for user in with_position
        ]
    }


def position_json(coordinates: tuple[float, float]) -> JSON:
    """Return a latitude and a longitude, in degrees, as an object; raises ConfigurationError if out of range."""
    user = User.at(*coordinates)
    return {"latitude": user.latitude, "longitude": user.longitude}


def relay_users(values: Sequence[UserLike]) -> JSON:
    """Return ``users`` of a relay session; raises ConfigurationError for an empty list and for an invalid user."""
    return [omit_none(ip=user.ip_address, latitude=user.latitude, longitude=user.longitude) for user in _users(values)]
