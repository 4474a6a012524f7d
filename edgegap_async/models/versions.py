"""Versions of an application: a container image, what it needs, and who may reach it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, TypedDict, get_args

import attrs

from edgegap_async.config import Secret, validate_secret
from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.environment import Environment, environment_json
from edgegap_async.models.fields import Count, Number, extra_field
from edgegap_async.validation import validate_choice, validate_int, validate_list, validate_name, validate_options

RestartPolicy: TypeAlias = Literal["always", "never", "on_failure"]
"""When the service starts a container again that has ended."""

SessionKind: TypeAlias = Literal["Default", "Seat", "Match"]
"""What sessions share: nothing, a server whose seats are players, a server whose seats are sessions."""

LEAST_RESOURCES: Final = 100
"""The fewest CPU units, and the fewest MB of memory, that a version can ask for."""

_MEMORY_TO_CPU: Final = 2
"""MB of memory that a CPU unit may have at most."""


@attrs.frozen(kw_only=True)
class VersionPort:
    """A port that the container listens on, 0 to 59999.

    ``to_check`` has the service look whether it is open before the server counts as ready, ``tls_upgrade`` has it
    speak TLS before the container for HTTP and WS. A deployment names its ports by ``name``.
    """

    port: int
    protocol: str = "UDP"
    to_check: bool = True
    tls_upgrade: bool = False
    name: str | None = None
    extra: Mapping[str, JSON] = extra_field()

    def as_json(self) -> JSON:
        """The port as a version is given it. Raises ConfigurationError for a number out of range."""
        return {
            "port": validate_int(self.port, "a port", maximum=59999),
            "protocol": self.protocol,
            "to_check": self.to_check,
            "tls_upgrade": self.tls_upgrade,
            **omit_none(name=self.name),
        }


@attrs.frozen(kw_only=True)
class SessionConfig:
    """How sessions share servers (document of 2024 only, deprecated).

    ``sockets`` is how many seats a server has, ``empty_ttl`` how many minutes one without sessions is kept,
    ``session_max_duration`` how many minutes a session lasts, at least 60. ``autodeploy`` has the service start a
    server where none has a free seat.
    """

    kind: SessionKind
    sockets: Count
    autodeploy: bool | None = None
    empty_ttl: int | None = None
    session_max_duration: int | None = None
    extra: Mapping[str, JSON] = extra_field()

    def as_json(self) -> JSON:
        """The configuration as a version is given it. Raises ConfigurationError for what is out of range."""
        return {
            "kind": validate_choice(self.kind, get_args(SessionKind), "a session's kind"),
            "sockets": validate_int(self.sockets, "sockets", minimum=1),
            **omit_none(
                autodeploy=self.autodeploy,
                empty_ttl=None if self.empty_ttl is None else validate_int(self.empty_ttl, "empty_ttl", minimum=1),
                session_max_duration=None
                if self.session_max_duration is None
                else validate_int(self.session_max_duration, "session_max_duration", minimum=60),
            ),
        }


@attrs.frozen(kw_only=True)
class Probe:
    """The round trips, in milliseconds, that telemetry aims at and refuses (document of 2024 only, deprecated)."""

    optimal_ping: int
    rejected_ping: int
    extra: Mapping[str, JSON] = extra_field()

    def as_json(self) -> JSON:
        """The probe as a version is given it. Raises ConfigurationError for less than 1 ms."""
        return {
            "optimal_ping": validate_int(self.optimal_ping, "optimal_ping", minimum=1),
            "rejected_ping": validate_int(self.rejected_ping, "rejected_ping", minimum=1),
        }


@attrs.frozen(kw_only=True)
class VersionVariable:
    """A variable of a version's environment as it is shown; ``is_secret`` is the ``is_hidden`` of 2024."""

    key: str
    value: str | None = attrs.field(default=None, repr=False)
    is_hidden: bool | None = None
    is_secret: bool | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Version:
    """A version of an application.

    ``req_cpu`` is in 1/1024 of a core, ``req_memory`` in MB, ``req_video`` in 1/1024 of a GPU. ``caching_percent`` goes
    from 0 to 1 (``cached`` has it in percent). ``time_to_deploy`` and ``termination_grace_period_seconds`` are in
    seconds, ``max_duration`` in minutes, -1 for no end. The hours of caching, the telemetry, ``whitelisting_active``,
    ``enable_all_locations``, ``session_config`` and ``probe`` stand only in the document of 2024.
    """

    name: str
    is_active: bool | None = None
    req_cpu: int | None = None
    req_memory: int | None = None
    req_video: int | None = None
    docker_repository: str | None = None
    docker_image: str | None = None
    docker_tag: str | None = None
    private_username: str | None = None
    private_token: Secret | None = None
    verify_image: bool | None = None
    force_cache: bool | None = None
    caching_percent: Number | None = None
    time_to_deploy: int | None = None
    max_duration: int | None = None
    restart_policy: str | None = None
    termination_grace_period_seconds: int | None = None
    will_deploy_in_mainland_china: bool | None = None
    dns_config: str | None = None
    ports: tuple[VersionPort, ...] = ()
    envs: tuple[VersionVariable, ...] = ()
    endpoint_storage: str | None = None
    use_telemetry: bool | None = None
    inject_context_env: bool | None = None
    whitelisting_active: bool | None = None
    cache_min_hour: int | None = None
    cache_max_hour: int | None = None
    enable_all_locations: bool | None = None
    session_config: SessionConfig | None = None
    probe: Probe | None = None
    create_time: datetime | None = None
    last_updated: datetime | None = None
    extra: Mapping[str, JSON] = extra_field()

    @property
    def cached(self) -> float:
        """In how many percent of the locations its image is cached; above 80 servers start fast nearly anywhere."""
        return 100 * (self.caching_percent or 0.0)


@attrs.frozen(kw_only=True)
class VersionAnswer:
    """What the service answers to whoever creates or changes a version."""

    version: Version
    success: bool | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class VersionDeleted:
    """What the service answers to whoever deletes a version."""

    success: bool | None = None
    message: str | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class ACLEntry:
    """A range of addresses that may reach the servers of a version; ``id`` is a number as text."""

    id: str
    cidr: str | None = None
    label: str | None = None
    is_active: bool | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class ACLAnswer:
    """What the service answers to whoever adds or removes a range."""

    whitelist_entry: ACLEntry
    success: bool | None = None
    extra: Mapping[str, JSON] = extra_field()


class VersionOptions(TypedDict, total=False):
    """What a version may be given beside its image and its resources."""

    is_active: bool
    """Whether it can be deployed."""
    req_video: int
    """1/1024 of a GPU."""
    private_username: str
    """Who pulls the image from a private registry."""
    private_token: str | Secret
    """The password or token for it; never shown."""
    verify_image: bool
    """Have the service try to pull the image first: it answers with FailedDependency where it cannot."""
    force_cache: bool
    """Have the image loaded ahead to every location, so that servers start fast."""
    time_to_deploy: int
    """Seconds after which a start counts as failed, at least 15."""
    max_duration: int
    """Minutes after which a server is stopped, at most 1440; -1 for no end."""
    restart_policy: RestartPolicy
    """When a container that has ended is started again."""
    termination_grace_period_seconds: int
    """Seconds from SIGTERM to the end, 5 to 3600."""
    will_deploy_in_mainland_china: bool
    """Whether it may be deployed there."""
    dns_config: str
    """The DNS configuration to use."""
    ports: Sequence[VersionPort]
    """What the container listens on; without any, its servers cannot be reached."""
    envs: Environment
    """The container's environment; values up to 4 KB."""
    endpoint_storage: str
    """The endpoint storage that keeps the logs."""
    use_telemetry: bool
    """Deprecated, document of 2024 only: measure players' round trips before a place is chosen."""
    inject_context_env: bool
    """Deprecated, document of 2024 only: it is always done now."""
    whitelisting_active: bool
    """Deprecated, document of 2024 only: whether the ACL is enforced."""
    cache_min_hour: int
    """Deprecated, document of 2024 only: the hour, 0 to 23, from which to cache."""
    cache_max_hour: int
    """Deprecated, document of 2024 only: the hour, 0 to 23, until which to cache."""
    enable_all_locations: bool
    """Deprecated, document of 2024 only: use slow locations too."""
    session_config: SessionConfig
    """Deprecated, document of 2024 only: how sessions share servers."""
    probe: Probe
    """Deprecated, document of 2024 only: what telemetry aims at."""


def _number(name: str, minimum: int, maximum: float = math.inf) -> Callable[[Any], JSON]:
    return lambda value: validate_int(value, name, minimum=minimum, maximum=maximum)


_AS_SENT: Final[Mapping[str, Callable[[Any], JSON]]] = {
    "req_cpu": _number("req_cpu", LEAST_RESOURCES),
    "req_memory": _number("req_memory", LEAST_RESOURCES),
    "req_video": _number("req_video", 0),
    "private_token": lambda token: validate_secret(token, "the private token").reveal(),
    "time_to_deploy": _number("time_to_deploy", 15),
    "max_duration": _number("max_duration", -1, 1440),
    "restart_policy": lambda policy: validate_choice(policy, get_args(RestartPolicy), "restart_policy"),
    "termination_grace_period_seconds": _number("termination_grace_period_seconds", 5, 3600),
    "ports": lambda ports: [port.as_json() for port in validate_list(ports, "ports")],
    "envs": environment_json,
    "cache_min_hour": _number("cache_min_hour", 0, 23),
    "cache_max_hour": _number("cache_max_hour", 0, 23),
    "session_config": SessionConfig.as_json,
    "probe": Probe.as_json,
}
"""What a version is given and is not sent as it is: checked, or put in other words."""


def version_body(
    options: VersionOptions, *, name: str | None, req_cpu: int | None, req_memory: int | None, **image: str | None
) -> dict[str, JSON]:
    """What is given of a version as a body has it. Raises ConfigurationError for what the service would not take."""
    validate_options(options, VersionOptions.__annotations__, "a version")
    fields: dict[str, Any] = {"name": name, "req_cpu": req_cpu, "req_memory": req_memory, **image, **options}
    body = {
        field: _AS_SENT[field](value) if field in _AS_SENT else value
        for field, value in fields.items()
        if value is not None
    }
    if name is not None:
        validate_name(name, "the version's name", max_length=64)
    if req_cpu is not None and req_memory is not None and req_memory > _MEMORY_TO_CPU * req_cpu:
        raise ConfigurationError(
            f"req_memory is at most twice req_cpu: {req_cpu} CPU units can have {_MEMORY_TO_CPU * req_cpu} MB, "
            f"not {req_memory}"
        )
    return body


def version_secrets(options: VersionOptions) -> tuple[Secret, ...]:
    """What of the options no error must show."""
    token = options.get("private_token")
    return () if token is None else (validate_secret(token, "the private token"),)
