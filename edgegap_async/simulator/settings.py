"""What can be decided about a local Edgegap's applications, private fleets and times, checked and typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

import attrs

from edgegap_async.simulator.domain.host import PortSettings

Applications: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Settings by version by application: ``{"kart": {"v1.2": {"ports": [...], "max_duration": 60}}}``."""

Span: TypeAlias = tuple[float, float]
"""The least and the most seconds something takes."""

SessionKind: TypeAlias = Literal["Default", "Seat", "Match"]
"""How sessions of a version come to a deployment: each to its own, or as many to one as there are sockets."""

DEFAULT_VERSION: Final = "latest"
"""What a deployment without a version gets while any application is accepted."""

DEFAULT_DURATION: Final = 1440
"""Minutes a deployment lives when nothing says how long."""

_OF_PORTS: Final = ("name", "port", "protocol", "tls_upgrade")
_OF_SESSIONS: Final = ("kind", "sockets", "autodeploy")


def checked_span(span: tuple[float, float]) -> Span:
    """The span itself; raises ``ValueError`` unless it is two numbers, none below 0, in order."""
    least, most = span
    if not 0 <= least <= most:
        raise ValueError(f"time_to_ready is the least and the most seconds, not {span}")
    return float(least), float(most)


def _ports(given: Iterable[PortSettings | Mapping[str, Any]]) -> tuple[PortSettings, ...]:
    return tuple(each if isinstance(each, PortSettings) else PortSettings.read(each) for each in given)


@attrs.frozen(kw_only=True)
class SessionSettings:
    """How sessions of a version come to a deployment.

    A session of kind Seat takes a socket for each of its users, any other takes one. With ``autodeploy`` a
    deployment is started for a session that finds none.
    """

    kind: SessionKind = attrs.field(default="Default", validator=attrs.validators.in_(get_args(SessionKind)))
    sockets: int = attrs.field(default=10, validator=attrs.validators.ge(1))
    autodeploy: bool = True


def _session_config(given: SessionSettings | Mapping[str, Any]) -> SessionSettings:
    return given if isinstance(given, SessionSettings) else SessionSettings(**given)


@attrs.frozen(kw_only=True)
class VersionSettings:
    """What a version of an application is like: its ports, its end, the time it takes to be ready, its sessions."""

    ports: tuple[PortSettings, ...] = attrs.field(default=(PortSettings(),), converter=_ports)
    max_duration: int = DEFAULT_DURATION
    """Minutes from READY to the end; negative for none."""
    time_to_ready: Span | None = attrs.field(default=None, converter=attrs.converters.optional(checked_span))
    session_config: SessionSettings = attrs.field(factory=SessionSettings, converter=_session_config)


def read_applications(given: Applications) -> dict[str, dict[str, VersionSettings]]:
    """The applications with their versions' settings; raises ``ValueError`` for a setting there is not."""
    read: dict[str, dict[str, VersionSettings]] = {}
    for application, versions in given.items():
        for version, settings in versions.items():
            try:
                read.setdefault(application, {})[version] = VersionSettings(**settings)
            except TypeError as error:
                raise ValueError(f"the settings of {application} {version}: {error}") from error
    return read


# the same as bodies


def application_fields(name: str) -> dict[str, Any]:
    """The body an application of the settings would have been created with."""
    return {"name": name, "is_active": True, "image": ""}


def version_fields(name: str, settings: VersionSettings) -> dict[str, Any]:
    """The body a version of the settings would have been created with."""
    return {
        "name": name,
        "req_cpu": 512,
        "req_memory": 1024,
        "docker_repository": "registry.edgegap.com",
        "docker_image": "local/game-server",
        "docker_tag": name,
        "max_duration": settings.max_duration,
        "session_config": attrs.asdict(settings.session_config),
        "ports": [
            {"port": port.port, "protocol": port.protocol, "tls_upgrade": port.tls_upgrade, "name": port.name}
            for port in settings.ports
        ],
    }


def settings_of(fields: Mapping[str, Any], given: VersionSettings | None) -> VersionSettings:
    """What a version is like by its fields; one that names no ports has the one of ``PortSettings``."""
    ports = [{name: port[name] for name in _OF_PORTS if name in port} for port in fields["ports"]]
    sessions = fields.get("session_config", {})
    return VersionSettings(
        ports=[PortSettings.read(port) for port in ports] or (PortSettings(),),
        max_duration=fields.get("max_duration", DEFAULT_DURATION),
        time_to_ready=given.time_to_ready if given else None,
        session_config={name: sessions[name] for name in _OF_SESSIONS if name in sessions},
    )
