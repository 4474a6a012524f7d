"""What callers give: users, environment, resources, names. Each is checked here, before anything is sent."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias, TypedDict, TypeVar, get_args

import attrs

from edgegap_async.config import Secret
from edgegap_async.errors import JSON, ConfigurationError

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_TAG: Final = 40
_LONGEST_ENVIRONMENT_VALUE: Final = 4096
_T = TypeVar("_T")

FilterType: TypeAlias = Literal["any", "all", "not"]
"""How the values of a filter count: one of them, all of them, none of them."""


def checked_name(value: object, what: str, *, shortest: int = 1, longest: float = math.inf) -> str:
    """A name that fits in one segment of a path, of so many characters. Raises ConfigurationError for any other."""
    if not isinstance(value, str):
        raise ConfigurationError(f"{what} must be a text, not {type(value).__name__}")
    if not value.strip():
        raise ConfigurationError(f"{what} is empty")
    if "/" in value or "\\" in value or value in {".", ".."} or _CONTROL.search(value):
        raise ConfigurationError(
            f"{what} {value!r} cannot be part of an address: no slash, backslash, line break, '.' or '..'"
        )
    if not shortest <= len(value) <= longest:
        bound = f"at least {shortest}" if len(value) < shortest else f"at most {longest}"
        raise ConfigurationError(f"{what} has {bound} characters, {value!r} has {len(value)}")
    return value


def checked_names(values: Iterable[str], what: str) -> list[str]:
    """Names, each of which fits in one segment of a path. Raises ConfigurationError for any other."""
    return [checked_name(value, f"each of {what}") for value in sequence(values, what)]


def checked_tag(value: object) -> str:
    """A tag of 1 to 40 characters. Raises ConfigurationError for any other."""
    return checked_name(value, "a tag", longest=_LONGEST_TAG)


def checked_tags(values: Sequence[str]) -> list[str]:
    """Tags, each of 1 to 40 characters. A single text is refused: it would become a tag a letter."""
    return [checked_tag(value) for value in sequence(values, "tags")]


def sequence(values: Iterable[_T], what: str) -> list[_T]:
    """The values as a list. Raises ConfigurationError for a text and for what cannot be iterated."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{what} must be a list, not {type(values).__name__}")
    return list(values)


def one_of(value: str, choices: Iterable[str], what: str) -> str:
    """One of the words that the service has for something. Raises ConfigurationError for any other."""
    if value not in (known := tuple(choices)):
        raise ConfigurationError(f"{what} is {', '.join(known[:-1])} or {known[-1]}, not {value!r}")
    return value


def within(value: float, what: str, *, least: float, most: float = math.inf) -> float:
    """A number in a range. Raises ConfigurationError for one outside, and for what is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{what} must be a number, not {type(value).__name__}")
    if not least <= value <= most:
        allowed = f"at least {least}" if math.isinf(most) else f"within {least} and {most}"
        raise ConfigurationError(f"{what} must be {allowed}, not {value}")
    return value


def whole(value: int, what: str, *, least: float = 0, most: float = math.inf) -> int:
    """A whole number in a range. Raises ConfigurationError for any other."""
    if not isinstance(within(value, what, least=least, most=most), int):
        raise ConfigurationError(f"{what} must be a whole number, not {value}")
    return value


def secret(value: str | Secret, what: str) -> Secret:
    """A key or password that is sent in a body, given as text or hidden already.

    Raises ConfigurationError, which does not show it, for an empty one and for what is no text.
    """
    hidden = Secret(value) if isinstance(value, str) else value
    if not isinstance(hidden, Secret):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{what} must be a text or a Secret, not {type(value).__name__}")
    if not hidden.reveal():
        raise ConfigurationError(f"{what} is empty")
    return hidden


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
            _address(self.ip_address)
        if self.latitude is not None and self.longitude is not None:
            _degrees(self.latitude, 90, "latitude")
            _degrees(self.longitude, 180, "longitude")
        elif (self.latitude, self.longitude) != (None, None) or self.ip_address is None:
            raise ConfigurationError("a user needs an IP address, or both latitude and longitude")

    @classmethod
    def ip(cls, address: str) -> User:
        """A player at an IPv4 or IPv6 address. Raises ConfigurationError for anything else."""
        return cls(ip_address=_address(address))

    @classmethod
    def at(cls, latitude: float, longitude: float, *, ip_address: str | None = None) -> User:
        """A player at a position: latitude -90 to 90 (north positive), longitude -180 to 180 (east positive).

        ``ip_address`` is needed, beside the position, by the v1 deploy only. Raises ConfigurationError out of range.
        """
        return cls(
            ip_address=None if ip_address is None else _address(ip_address),
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


def _address(value: str) -> str:
    try:
        # a number would be taken for an address too
        return str(ipaddress.ip_address(value if isinstance(value, str) else ""))  # pyright: ignore[reportUnnecessaryIsInstance]
    except ValueError:
        raise ConfigurationError(f"a user's address must be an IPv4 or IPv6 address, not {value!r}") from None


def _degrees(value: float, limit: int, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"a {what} must be a number of degrees, not {value!r}")
    if not -limit <= value <= limit:
        raise ConfigurationError(f"a {what} must be within -{limit} and {limit} degrees, not {value}")
    return float(value)


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
    users = [_user(value) for value in sequence(values, "users")]
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


def addresses(values: Sequence[str], what: str) -> list[JSON]:
    """IP addresses, at least one. Raises ConfigurationError for none, or for what is no address."""
    checked: list[JSON] = [_address(value) for value in sequence(values, what)]
    if not checked:
        raise ConfigurationError(f"{what} is empty: name at least one IP address")
    return checked


def position(place: tuple[float, float]) -> JSON:
    """A latitude and a longitude in degrees. Raises ConfigurationError out of range."""
    user = User.at(*place)
    return {"latitude": user.latitude, "longitude": user.longitude}


def users_of_relay(values: Sequence[UserLike]) -> JSON:
    """``users`` of a relay session: addresses as ``ip``, positions in degrees.

    Raises ConfigurationError for none, or for one that is no user.
    """
    return [given(ip=user.ip_address, latitude=user.latitude, longitude=user.longitude) for user in _users(values)]


@attrs.frozen(kw_only=True)
class EnvironmentVariable:
    """A variable of the container's environment; a hidden one is not shown by the service afterwards."""

    key: str
    value: str = attrs.field(repr=False)
    is_hidden: bool = False


Environment: TypeAlias = Mapping[str, str] | Sequence[EnvironmentVariable]
"""Variables by name, or EnvironmentVariable where some are hidden."""


def environment_json(values: Environment) -> JSON:
    """The variables as both versions want them. Raises ConfigurationError without a key or over 4 KB."""
    if isinstance(values, Mapping):
        values = [EnvironmentVariable(key=key, value=value) for key, value in values.items()]
    rows: list[JSON] = []
    for variable in sequence(values, "environment_variables"):
        if not isinstance(variable, EnvironmentVariable):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                "environment_variables is a mapping of texts or a list of EnvironmentVariable, "
                f"not of {type(variable).__name__}"
            )
        if not variable.key:
            raise ConfigurationError("an environment variable has no key")
        if not isinstance(variable.value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                f"the environment variable {variable.key} must be a text, not {type(variable.value).__name__}"
            )
        if len(variable.value.encode()) > _LONGEST_ENVIRONMENT_VALUE:
            raise ConfigurationError(f"the environment variable {variable.key} has over 4 KB")
        rows.append({"key": variable.key, "value": variable.value, "is_hidden": variable.is_hidden})
    return rows


@attrs.frozen(kw_only=True)
class Resources:
    """What one deployment gets instead of what its version asks for.

    ``cpu_units`` in 1/1024 of a core and ``memory_mib`` in MiB, both at least 100.
    """

    cpu_units: int
    memory_mib: int

    def __attrs_post_init__(self) -> None:
        for name, amount in (("cpu_units", self.cpu_units), ("memory_mib", self.memory_mib)):
            if amount < 100:
                raise ConfigurationError(f"resources: {name} must be at least 100, not {amount}")

    def as_json(self) -> JSON:
        """The resources as v2 wants them."""
        return {"cpu_units": self.cpu_units, "memory_mib": self.memory_mib}


def given(**fields: JSON) -> dict[str, JSON]:
    """The fields that are not None: what a caller left out is not sent."""
    return {name: value for name, value in fields.items() if value is not None}


def bulk_filters(match: FilterType, **chosen: Sequence[str]) -> list[JSON]:
    """The filters of a bulk stop, one a field that has values.

    Raises ConfigurationError where none has: that would stop everything.
    """
    one_of(match, get_args(FilterType), "match")
    filters: list[JSON] = [
        {"field": field, "values": [*values], "filter_type": match} for field, values in chosen.items() if values
    ]
    if not filters:
        raise ConfigurationError("bulk_stop without anything to choose by would stop everything: name ids or tags")
    return filters


def webhook(url: str | None) -> JSON:
    """A v2 webhook is an object, where v1 has a text."""
    return None if url is None else {"url": url}


class CreateOptions(TypedDict, total=False):
    """What a deployment may be given beside its application, version and users."""

    tags: Sequence[str]
    """At most 40 characters each: to find it in lists, and in its container's environment."""
    environment_variables: Environment
    """Over those of its version; values up to 4 KB."""
    resources: Resources
    """Instead of those of its version."""
    require_cached_locations: bool
    """Only where the version's image is cached already, so that it starts fast."""
    webhook_on_ready: str
    """Address that gets the deployment by POST once it is ready."""
    webhook_on_error: str
    """The same when it fails."""
    webhook_on_terminated: str
    """The same when it is gone."""


def create_body(application: str, version: str, users: Sequence[UserLike], options: CreateOptions) -> dict[str, JSON]:
    """The body of a v2 create. Raises ConfigurationError for what the service would not take."""
    if unknown := set(options) - set(CreateOptions.__annotations__):
        raise ConfigurationError(f"a deployment takes no {min(unknown)!r}")
    resources = options.get("resources")
    return {
        "application": checked_name(application, "the application"),
        "version": checked_name(version, "the version"),
        "users": users_v2(users),
        **given(
            tags=[*checked_tags(options.get("tags", ()))] or None,
            environment_variables=environment_json(options.get("environment_variables", ())) or None,
            resources=None if resources is None else resources.as_json(),
            require_cached_locations=options.get("require_cached_locations"),
            webhook_on_ready=webhook(options.get("webhook_on_ready")),
            webhook_on_error=webhook(options.get("webhook_on_error")),
            webhook_on_terminated=webhook(options.get("webhook_on_terminated")),
        ),
    }


def texts(**parameters: str | datetime | bool | None) -> dict[str, str]:
    """A query's parameters as text, without those that are None; a moment without a zone is UTC."""
    return {name: _parameter(value) for name, value in parameters.items() if value is not None}


def _parameter(value: str | datetime | bool) -> str:
    match value:
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value
            return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
        case bool():
            return "true" if value else "false"
        case str():
            return value
