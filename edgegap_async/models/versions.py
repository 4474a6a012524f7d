"""Versions of an application: the container image, its resources and ports, and its access control list."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.base import Count, Model, Number
from edgegap_async.models.encoding import omit_none
from edgegap_async.secret import Secret
from edgegap_async.validation import validate_choice, validate_int

RestartPolicy: TypeAlias = Literal["always", "never", "on_failure"]
"""When the service restarts a container that has ended."""

VersionKind: TypeAlias = int | Literal["session", "non-session"]
"""Whether a version is for sessions. The only page that has it shows a number and describes the words."""

SessionKind: TypeAlias = Literal["Default", "Seat", "Match"]
"""What sessions share: nothing, a server whose seats are players, or a server whose seats are sessions."""

MIN_RESOURCES: Final = 100
"""The fewest CPU units, and the fewest MB of memory, that a version can have."""

MAX_MEMORY_PER_CPU_UNIT: Final = 2
"""The most MB of memory that a version can have for each CPU unit."""


@attrs.frozen(kw_only=True)
class VersionPort(Model):
    """A port that the container listens on.

    ::

        VersionPort(port=7777, protocol="UDP", name="gameport")

    Attributes:
        port: The port number in the container, 0 to 59999.
        protocol: ``UDP``, ``TCP``, ``HTTP``, ``WS`` ...
        to_check: Whether the port must be open before the server counts as ready.
        tls_upgrade: Whether the service speaks TLS in front of the container; for HTTP and WS.
        name: The name under which a deployment lists the port.
    """

    port: int
    protocol: str = "UDP"
    to_check: bool = True
    tls_upgrade: bool = False
    name: str | None = None

    def as_json(self) -> JSON:
        """Return the port as the service expects it; raises ConfigurationError for a number out of range."""
        return {
            "port": validate_int(self.port, "a port", maximum=59999),
            "protocol": self.protocol,
            "to_check": self.to_check,
            "tls_upgrade": self.tls_upgrade,
            **omit_none(name=self.name),
        }


@attrs.frozen(kw_only=True)
class SessionConfig(Model):
    """How sessions share servers; deprecated, document of 2024 only.

    Attributes:
        kind: ``Default`` (nothing is shared), ``Seat`` (a seat for each player) or ``Match`` (a seat for each session).
        sockets: Seats of a server, at least 1.
        autodeploy: Whether the service starts a server when none has a free seat.
        empty_ttl: Minutes after which a server without sessions is stopped, at least 1; never by default.
        session_max_duration: Minutes for which sessions can be read after their server was terminated, at least 60.
    """

    kind: SessionKind
    sockets: Count
    autodeploy: bool | None = None
    empty_ttl: int | None = None
    session_max_duration: int | None = None

    def as_json(self) -> JSON:
        """Return the configuration as the service expects it; raises ConfigurationError for a value out of range."""
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
class Probe(Model):
    """Round-trip times for telemetry; deprecated, document of 2024 only.

    Attributes:
        optimal_ping: Milliseconds that are aimed at, at least 1.
        rejected_ping: Milliseconds from which a location is refused, at least 1.
    """

    optimal_ping: int
    rejected_ping: int

    def as_json(self) -> JSON:
        """Return the probe as the service expects it; raises ConfigurationError for less than 1 ms."""
        return {
            "optimal_ping": validate_int(self.optimal_ping, "optimal_ping", minimum=1),
            "rejected_ping": validate_int(self.rejected_ping, "rejected_ping", minimum=1),
        }


@attrs.frozen(kw_only=True)
class VersionVariable(Model):
    """An environment variable of a version, as the service shows it.

    Attributes:
        key: The variable's name.
        value: Its value; not shown in ``repr``.
        is_hidden: Whether the service hides the value.
        is_secret: The same, under its name in the document of 2024.
    """

    key: str
    value: str | None = attrs.field(default=None, repr=False)
    is_hidden: bool | None = None
    is_secret: bool | None = None


@attrs.frozen(kw_only=True)
class Version(Model):
    """A version of an application: ``GET /v1/app/{app_name}/version/{version_name}``.

    Attributes:
        name: The version's name.
        is_active: Whether it can be deployed.
        req_cpu: CPU in 1/1024 of a core.
        req_memory: Memory in MB.
        req_video: GPU in 1/1024 of a GPU.
        docker_repository: The registry's host name.
        docker_image: The image's name in the registry.
        docker_tag: The image's tag.
        private_username: The user name for a private registry.
        private_token: The password or token for it.
        verify_image: Whether the service pulls the image once, before it accepts the version.
        force_cache: Whether the image is copied to every location in advance.
        caching_percent: The share of locations that have the image, 0 to 1; ``cached`` is the same in percent.
        time_to_deploy: Seconds after which a start counts as failed.
        max_duration: Minutes after which a server is stopped; 0 or -1 for never.
        restart_policy: When a container that has ended is restarted.
        termination_grace_period_seconds: Seconds between SIGTERM and SIGKILL.
        will_deploy_in_mainland_china: Whether it may be deployed there.
        dns_config: The name of the DNS configuration.
        ports: The ports that the container listens on.
        envs: The container's environment variables.
        endpoint_storage: The endpoint storage that keeps the logs.
        command: Replaces the container's command (not in the newest document).
        arguments: Replace the container's arguments (not in the newest document).
        kind: The version's kind, a number or ``"session"`` or ``"non-session"`` (page of June 2025 only).
        use_telemetry: Whether round trips are measured before a location is chosen (document of 2024 only).
        inject_context_env: Whether the context's URL and token are in the environment (document of 2024 only).
        whitelisting_active: Whether the access control list is enforced (document of 2024 only).
        cache_min_hour: The hour of the day, 0 to 23, from which images are copied (document of 2024 only).
        cache_max_hour: The hour of the day, 0 to 23, until which images are copied (document of 2024 only).
        enable_all_locations: Whether slow locations are used too (document of 2024 only).
        session_config: How sessions share servers (document of 2024 only).
        probe: Round-trip times for telemetry (document of 2024 only).
        create_time: When it was created, in UTC.
        last_updated: When it was changed last, in UTC.
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
    command: str | None = None
    arguments: str | None = None
    kind: JSON = None
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

    @property
    def cached(self) -> float:
        """The percentage of locations that have the image cached; above 80, servers start fast nearly everywhere."""
        return 100 * (self.caching_percent or 0.0)


@attrs.frozen(kw_only=True)
class VersionResponse(Model):
    """The response of creating or changing a version."""

    version: Version
    success: bool | None = None


@attrs.frozen(kw_only=True)
class ACLEntry(Model):
    """An entry of a version's access control list: a range of addresses that may reach its servers.

    Attributes:
        id: The entry's id, a number as a string.
        cidr: An address or a range, such as ``203.0.113.0/24``.
        label: The caller's description.
        is_active: Whether the entry is enforced.
    """

    id: str
    cidr: str | None = None
    label: str | None = None
    is_active: bool | None = None


@attrs.frozen(kw_only=True)
class ACLResponse(Model):
    """The response of adding or removing an entry of an access control list."""

    whitelist_entry: ACLEntry
    success: bool | None = None
