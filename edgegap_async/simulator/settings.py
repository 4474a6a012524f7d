"""Settings of a local Edgegap's world: applications, ports, session rules, private fleets and times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, get_args

import attrs

from edgegap_async.validation import suggestion, validate_int, validate_number, validate_options

ApplicationSettings: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Settings by version by application: ``{"kart": {"v1.2": {"ports": [...], "max_duration": 60}}}``."""

Span: TypeAlias = tuple[float, float]
"""A range of durations: the shortest and the longest, in seconds."""

SessionLinking: TypeAlias = Literal["Default", "Seat", "Match"]
"""How sessions of a version share deployments: one deployment each, or as many on one as it has sockets."""

REGISTRY: Final = "registry.edgegap.com"
"""The address of the service's own container registry."""

DEFAULT_VERSION: Final = "latest"
"""The version of a deployment whose request names none, while any application is accepted."""

DEFAULT_DURATION: Final = 1440
"""Minutes that a deployment runs when its version sets no ``max_duration``."""

_VERSION_SETTINGS: Final = ("ports", "max_duration", "time_to_ready", "time_to_deploy", "session_config")


def validate_span(span: tuple[float, float]) -> Span:
    """Return a range of seconds as floats.

    Raises:
        ValueError: A bound is below 0, or the first is greater than the second.
    """
    shortest, longest = span
    if not 0 <= shortest <= longest:
        raise ValueError(f"time_to_ready must be the shortest and the longest duration in seconds, not {span}")
    return float(shortest), float(longest)


@attrs.frozen
class PortSettings:
    """A port of a version: what the game server listens on inside its container."""

    name: str = "gameport"
    port: int = 7777
    """The port inside the container."""
    protocol: str = "UDP"
    tls_upgrade: bool = False
    """Whether the service terminates TLS in front of the port (protocols HTTP and WS)."""

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> PortSettings:
        """Create a port from a mapping with these keys; without a ``name``, the port number is the name.

        Raises:
            ValueError: The mapping has another key.
        """
        validate_options(settings, _PORT_KEYS, "a port")
        fields: dict[str, Any] = {"name": str(settings.get("port", "gameport"))} | dict(settings)
        return cls(**fields)


_PORT_KEYS: Final = tuple(field.name for field in attrs.fields(PortSettings))


def _ports(ports: Iterable[PortSettings | Mapping[str, Any]]) -> tuple[PortSettings, ...]:
    return tuple(port if isinstance(port, PortSettings) else PortSettings.from_mapping(port) for port in ports)


@attrs.frozen(kw_only=True)
class SessionSettings:
    """How sessions of a version are linked to deployments.

    A session of kind ``Seat`` takes one socket for each of its users; a session of another kind takes one.
    """

    kind: SessionLinking = attrs.field(default="Default", validator=attrs.validators.in_(get_args(SessionLinking)))
    sockets: int = attrs.field(default=10, validator=attrs.validators.ge(1))
    """Sockets of each deployment of the version."""
    autodeploy: bool = True
    """Whether a session that finds no deployment starts one."""
    empty_ttl: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(1)))
    """Minutes without sessions after which a deployment ends; None for no such end."""
    session_max_duration: int = attrs.field(default=60, validator=attrs.validators.ge(60))
    """Minutes after the end of its deployment for which a session can still be read."""

    @property
    def shares_deployments(self) -> bool:
        """Whether several sessions share a deployment, which fleets and ``empty_ttl`` require."""
        return self.kind != "Default"


_SESSION_KEYS: Final = tuple(field.name for field in attrs.fields(SessionSettings))


def _session_config(config: SessionSettings | Mapping[str, Any]) -> SessionSettings:
    if isinstance(config, SessionSettings):
        return config
    validate_options(config, _SESSION_KEYS, "session_config")
    return SessionSettings(**config)


def _time_to_deploy(value: int) -> int:
    return validate_int(value, "time_to_deploy (seconds)", minimum=15)


@attrs.frozen(kw_only=True)
class VersionSettings:
    """Settings of one version of an application."""

    ports: tuple[PortSettings, ...] = attrs.field(default=(PortSettings(),), converter=_ports)
    max_duration: int = DEFAULT_DURATION
    """Minutes from READY to termination; 0 or less for no limit."""
    time_to_ready: Span | None = attrs.field(default=None, converter=attrs.converters.optional(validate_span))
    """Seconds from creation to READY; None for the time of the local Edgegap."""
    time_to_deploy: int | None = attrs.field(default=None, converter=attrs.converters.optional(_time_to_deploy))
    """Seconds from creation after which a deployment that is not READY fails; None for no limit."""
    session_config: SessionSettings = attrs.field(factory=SessionSettings, converter=_session_config)


KnownVersions: TypeAlias = Mapping[str, Mapping[str, VersionSettings]]
"""The settings by version by application, validated."""


def parse_applications(applications: ApplicationSettings) -> KnownVersions:
    """Return the settings of every version of every application.

    Raises:
        ValueError: A setting is unknown or invalid; the message names the application and the version.
    """
    return {
        application: {name: _parse_version(f"{application} {name}", fields) for name, fields in versions.items()}
        for application, versions in applications.items()
    }


def _parse_version(name: str, fields: Mapping[str, Any]) -> VersionSettings:
    for field in fields:
        if field not in _VERSION_SETTINGS:
            raise ValueError(f"{name} takes no setting {field!r}: {suggestion(field, _VERSION_SETTINGS)}")
    try:
        return VersionSettings(**fields)
    except (TypeError, ValueError) as error:
        # the validators of attrs add the field and the value to the message
        raise ValueError(f"the settings of {name} are invalid: {error.args[0]}") from error


def _private_fleets(sizes: Mapping[str, int] | None) -> Mapping[str, int]:
    return {"test-fleet": 2} if sizes is None else sizes


def _images(tags: Mapping[str, Sequence[str]] | None) -> Mapping[str, Sequence[str]]:
    return {"local/game-server": ["v1.0", "v1.1"]} if tags is None else tags


def _list_lag(value: float) -> float:
    return validate_number(value, "list_lag (seconds)", minimum=0)


def _page_size(value: int) -> int:
    return validate_int(value, "max_page_size", minimum=1)


@attrs.frozen(kw_only=True)
class WorldSettings:
    """Settings of the simulated service itself: what exists in it at the start, and how long things take."""

    seed: int = 1
    """The seed of all random numbers."""
    time_to_ready: Span = attrs.field(default=(2.0, 6.0), converter=validate_span)
    """Seconds from creation to READY: the shortest and the longest."""
    applications: KnownVersions | None = attrs.field(
        default=None, converter=attrs.converters.optional(parse_applications)
    )
    """The applications that exist at the start; None accepts deployments of any application."""
    private_fleets: Mapping[str, int] = attrs.field(default=None, converter=_private_fleets)
    """The number of hosts by private fleet; None for one fleet of two hosts, ``test-fleet``."""
    images: Mapping[str, Sequence[str]] = attrs.field(default=None, converter=_images)
    """The tags by image of the container registry; None for ``local/game-server`` with two tags."""
    list_lag: float = attrs.field(default=0.0, converter=_list_lag)
    """Seconds from the creation of a deployment until lists include it."""
    max_page_size: int = attrs.field(default=100, converter=_page_size)
    """The most items of a page, whatever ``limit`` a request has."""


# request bodies of what the settings create


def application_fields(name: str) -> dict[str, Any]:
    """Return the request body that creates an application of the settings."""
    return {"name": name, "is_active": True, "image": ""}


def version_fields(name: str, settings: VersionSettings) -> dict[str, Any]:
    """Return the request body that creates a version of the settings."""
    time_to_deploy = {} if settings.time_to_deploy is None else {"time_to_deploy": settings.time_to_deploy}
    return {
        "name": name,
        "req_cpu": 512,
        "req_memory": 1024,
        "docker_repository": REGISTRY,
        "docker_image": "local/game-server",
        "docker_tag": name,
        "max_duration": settings.max_duration,
        "session_config": attrs.asdict(settings.session_config, filter=lambda _, value: value is not None),
        "ports": [attrs.asdict(port) for port in settings.ports],
        **time_to_deploy,
    }


def version_settings(fields: Mapping[str, Any], configured: VersionSettings | None) -> VersionSettings:
    """Return the settings of a stored version.

    Args:
        fields: The version's fields, as a request body has them.
        configured: The settings that the version had at the start, if any: its ``time_to_ready`` is no field.
    """
    ports = [{name: port[name] for name in _PORT_KEYS if name in port} for port in fields["ports"]]
    sessions = fields.get("session_config", {})
    max_duration = fields.get("max_duration")  # null after an update with null
    return VersionSettings(
        ports=ports,
        max_duration=DEFAULT_DURATION if max_duration is None else max_duration,
        time_to_ready=configured.time_to_ready if configured else None,
        time_to_deploy=fields.get("time_to_deploy"),
        session_config={name: sessions[name] for name in _SESSION_KEYS if name in sessions},
    )
