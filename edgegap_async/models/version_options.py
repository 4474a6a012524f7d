"""The options of a version, and the body that creates or changes one."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypedDict, get_args

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.environment import Environment, environment_json
from edgegap_async.models.versions import (
    MAX_MEMORY_PER_CPU_UNIT,
    MIN_RESOURCES,
    Probe,
    RestartPolicy,
    SessionConfig,
    VersionKind,
    VersionPort,
)
from edgegap_async.secret import Secret, validate_secret
from edgegap_async.validation import validate_choice, validate_int, validate_list, validate_name, validate_options


class VersionOptions(TypedDict, total=False):
    """Options of a version beside its image, CPU and memory. All are optional; the service has the defaults.

    - ``is_active``: whether it can be deployed; true by default.
    - ``req_video``: GPU in 1/1024 of a GPU, at least 0.
    - ``private_username``, ``private_token``: user name and password or token for a private registry.
    - ``verify_image``: pull the image once before the version is accepted; false by default.
    - ``force_cache``: copy the image to every location in advance, so that servers start fast.
    - ``time_to_deploy``: seconds after which a start counts as failed, at least 15.
    - ``max_duration``: minutes after which a server is stopped, at most 1440, the default; 0 or -1 for never. Only an
      update sends None.
    - ``restart_policy``: ``"always"`` (the default), ``"never"`` or ``"on_failure"``.
    - ``termination_grace_period_seconds``: seconds between SIGTERM and SIGKILL, 5 to 3600.
    - ``will_deploy_in_mainland_china``: whether it may be deployed there; false by default.
    - ``dns_config``: the name of the DNS configuration.
    - ``ports``: the ports that the container listens on; without ports its servers cannot be reached.
    - ``envs``: environment variables, values up to 4 KB.
    - ``endpoint_storage``: the endpoint storage that keeps the logs.
    - ``command``, ``arguments``: replace the container's own; None, which is sent, restores them.

    The provider's documents disagree about three of them. ``max_duration``: the older pages say that 0 is for ever, and
    let an update send null without saying what it means; the newest document allows -1 to 1440 and no null.
    ``command`` and ``arguments``: three pages have them, as a string or null; the newest document and that of 2024 do
    not.

    Deprecated, document of 2024 only:

    - ``use_telemetry``: measure players' round trips before a location is chosen.
    - ``inject_context_env``: put the context's URL and token into the environment; now always done.
    - ``whitelisting_active``: enforce the access control list.
    - ``cache_min_hour``, ``cache_max_hour``: the hours of the day, 0 to 23, between which images are copied.
    - ``enable_all_locations``: use slow locations too.
    - ``session_config``: how sessions share servers.
    - ``probe``: round-trip times for telemetry.
    """

    is_active: bool
    """Whether the version can be deployed. Default: true."""
    req_video: int
    """GPU in 1/1024 of a GPU, at least 0."""
    private_username: str
    """The user name with which the service pulls the image from a private registry."""
    private_token: str | Secret
    """The password or token for the private registry; no error or log shows it."""
    verify_image: bool
    """Pull the image once before the version is accepted, or raise FailedDependency. Default: false."""
    force_cache: bool
    """Copy the image to every location in advance, so that servers start fast."""
    time_to_deploy: int
    """Seconds after which a start counts as failed, at least 15."""
    max_duration: int | None
    """Minutes after which a server is stopped, at most 1440; 0 or -1 for never. Default: 1440. Only an update
    sends None, which only the older pages allow."""
    restart_policy: RestartPolicy
    """When a container that has ended is restarted: ``"always"`` (default), ``"never"`` or ``"on_failure"``."""
    termination_grace_period_seconds: int
    """Seconds between SIGTERM and SIGKILL, 5 to 3600."""
    will_deploy_in_mainland_china: bool
    """Whether the version may be deployed in mainland China. Default: false."""
    dns_config: str
    """The name of the DNS configuration to use."""
    ports: Sequence[VersionPort]
    """The ports that the container listens on; without ports, its servers cannot be reached."""
    envs: Environment
    """The container's environment variables; a value has at most 4 KB of UTF-8."""
    endpoint_storage: str
    """The name of the endpoint storage that keeps the logs."""
    command: str | None
    """Replaces the container's command; None is sent and restores it. Not in the newest document."""
    arguments: str | None
    """Replace the container's arguments; None is sent and restores them. Not in the newest document."""
    use_telemetry: bool
    """Deprecated, document of 2024 only: measure players' round trips before a location is chosen."""
    inject_context_env: bool
    """Deprecated, document of 2024 only: put the context's URL and token into the environment. Now always done."""
    whitelisting_active: bool
    """Deprecated, document of 2024 only: enforce the access control list (``versions.acl``)."""
    cache_min_hour: int
    """Deprecated, document of 2024 only: the hour of the day, 0 to 23, from which images are copied."""
    cache_max_hour: int
    """Deprecated, document of 2024 only: the hour of the day, 0 to 23, until which images are copied."""
    enable_all_locations: bool
    """Deprecated, document of 2024 only: use slow locations too."""
    session_config: SessionConfig
    """Deprecated, document of 2024 only: how sessions share servers."""
    probe: Probe
    """Deprecated, document of 2024 only: round-trip times for telemetry."""


_KINDS: Final = ("session", "non-session")


def _number(name: str, minimum: int, maximum: float = math.inf) -> Callable[[Any], JSON]:
    return lambda value: validate_int(value, name, minimum=minimum, maximum=maximum)


_ENCODERS: Final[Mapping[str, Callable[[Any], JSON]]] = {
    "req_cpu": _number("req_cpu", MIN_RESOURCES),
    "req_memory": _number("req_memory", MIN_RESOURCES),
    "req_video": _number("req_video", 0),
    "private_token": lambda token: validate_secret(token, "the private token").reveal(),
    "time_to_deploy": _number("time_to_deploy", 15),
    "max_duration": _number("max_duration", -1, 1440),
    "restart_policy": lambda policy: validate_choice(policy, get_args(RestartPolicy), "restart_policy"),
    "termination_grace_period_seconds": _number("termination_grace_period_seconds", 5, 3600),
    "ports": lambda ports: [port.as_json() for port in validate_list(ports, "ports")],
    "envs": environment_json,
    "kind": lambda kind: validate_choice(kind, _KINDS, "kind") if isinstance(kind, str) else validate_int(kind, "kind"),
    "cache_min_hour": _number("cache_min_hour", 0, 23),
    "cache_max_hour": _number("cache_max_hour", 0, 23),
    "session_config": SessionConfig.as_json,
    "probe": Probe.as_json,
}
"""The fields that are checked or are sent in another form."""

NULL_ON_CREATE: Final = frozenset({"command", "arguments"})
"""The options whose None a create sends as null."""

NULL_ON_UPDATE: Final = NULL_ON_CREATE | {"max_duration"}
"""The options whose None an update sends as null."""


def version_body(
    options: VersionOptions,
    *,
    nullable: Collection[str],
    name: str | None,
    req_cpu: int | None,
    req_memory: int | None,
    kind: VersionKind | None = None,
    **image: str | None,
) -> dict[str, JSON]:
    """Return the body that creates or changes a version.

    A field that is None is not sent, unless it is an option that was passed and can be null.

    Args:
        options: See ``VersionOptions``.
        nullable: The options whose None is sent.
        name: The version's name, 1 to 64 characters.
        req_cpu: CPU in 1/1024 of a core, at least 100.
        req_memory: Memory in MB, at least 100 and at most twice ``req_cpu``.
        kind: A number, ``"session"`` or ``"non-session"``.
        **image: ``docker_repository``, ``docker_image`` and ``docker_tag``.

    Raises:
        ConfigurationError: A value that the service would refuse, or an option that does not exist.
    """
    validate_options(options, VersionOptions.__annotations__, "a version")
    fields: dict[str, Any] = {
        "name": name,
        "req_cpu": req_cpu,
        "req_memory": req_memory,
        "kind": kind,
        **image,
        **options,
    }
    body = {
        field: _ENCODERS[field](value) if value is not None and field in _ENCODERS else value
        for field, value in fields.items()
        if value is not None or field in nullable
    }
    if name is not None:
        validate_name(name, "the version's name", max_length=64)
    if req_cpu is not None and req_memory is not None and req_memory > MAX_MEMORY_PER_CPU_UNIT * req_cpu:
        raise ConfigurationError(
            f"req_memory is at most twice req_cpu: {req_cpu} CPU units can have "
            f"{MAX_MEMORY_PER_CPU_UNIT * req_cpu} MB, not {req_memory}"
        )
    return body


def version_secrets(options: VersionOptions) -> tuple[Secret, ...]:
    """Return the options that no error may show."""
    token = options.get("private_token")
    return () if token is None else (validate_secret(token, "the private token"),)
