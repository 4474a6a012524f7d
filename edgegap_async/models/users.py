"""Players: IP addresses or positions, and how each operation takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.encoding import omit_none
from edgegap_async.validation import validate_ip_address, validate_list, validate_number


@attrs.frozen(kw_only=True)
class User:
    """A player of the match, for whom the nearest location is sought: an IP address, or a position in degrees.

    Made with ``User.ip("203.0.113.7")`` or ``User.at(45.5, -73.6)``. Wherever users are asked for, an address may
    also be written as text and a position as ``(latitude, longitude)``.
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
        """A player at an IPv4 or IPv6 address. Raises ConfigurationError for anything else."""
        return cls(ip_address=validate_ip_address(address))

    @classmethod
    def at(cls, latitude: float, longitude: float, *, ip_address: str | None = None) -> User:
        """A player at a position: latitude -90 to 90 (north positive), longitude -180 to 180 (east positive).

        ``ip_address`` is needed, beside the position, by the v1 deploy only. Raises ConfigurationError out of range.
        """
        return cls(
            ip_address=None if ip_address is None else validate_ip_address(ip_address),
            latitude=_degrees(latitude, 90, "latitude"),
            longitude=_degrees(longitude, 180, "longitude"),
        )

    @property
    def has_position(self) -> bool:
        """Whether a position is known."""
        return self.latitude is not None

    def as_v2(self) -> JSON:
        """The user as v2 wants it."""
        if self.has_position:
            place: JSON = {"latitude": self.latitude, "longitude": self.longitude}
            return {"user_type": "geo_coordinates", "user_data": place}
        return {"user_type": "ip_address", "user_data": {"ip_address": self.ip_address}}


UserLike: TypeAlias = User | str | tuple[float, float]
"""A user, an IP address, or (latitude, longitude)."""


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
        raise ConfigurationError("users is empty: the service places a server near at least one")
    return users


def users_v2(values: Sequence[UserLike]) -> JSON:
    """``users`` of a v2 create. Raises ConfigurationError for none, or for one that is no user."""
    return [user.as_v2() for user in _users(values)]


def users_v1(values: Sequence[UserLike]) -> dict[str, JSON]:
    """``ip_list`` or ``geo_ip_list`` of a v1 deployment or session, which takes exactly one of them.

    Raises ConfigurationError for users of both kinds, and for a position without an IP address.
    """
    users = _users(values)
    placed = [user for user in users if user.has_position]
    if not placed:
        return {"ip_list": [user.ip_address for user in users]}
    if len(placed) != len(users):
        raise ConfigurationError(
            "v1 takes addresses or positions, not both: "
            "give every user a position, or none (v2, deployments.create, takes both)"
        )
    if not all(user.ip_address for user in placed):
        raise ConfigurationError(
            "v1 needs the IP address beside a position: User.at(latitude, longitude, ip_address=...)"
        )
    return {
        "geo_ip_list": [
            {"ip": user.ip_address, "latitude": user.latitude, "longitude": user.longitude} for user in placed
        ]
    }


def position(place: tuple[float, float]) -> JSON:
    """A latitude and a longitude in degrees. Raises ConfigurationError out of range."""
    user = User.at(*place)
    return {"latitude": user.latitude, "longitude": user.longitude}


def relay_users(values: Sequence[UserLike]) -> JSON:
    """``users`` of a relay session: addresses as ``ip``, positions in degrees.

    Raises ConfigurationError for none, or for one that is no user.
    """
    return [omit_none(ip=user.ip_address, latitude=user.latitude, longitude=user.longitude) for user in _users(values)]
