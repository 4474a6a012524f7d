"""Deployments: requests, statuses, rows of the list, stops and logs, and the game server that is ready."""

from __future__ import annotations

import abc
from datetime import datetime

import attrs

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.base import Count, Model
from edgegap_async.models.location_filters import DeployFilter
from edgegap_async.models.locations import Location
from edgegap_async.models.ports import NO_PORTS, Ports
from edgegap_async.models.states import Progress, State, progress_of
from edgegap_async.models.tags import without_guard_tags


@attrs.frozen(kw_only=True)
class GameServer:
    """A server that is ready and reachable: the same object whether a status, a list or a webhook showed it.

    ::

        server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"])
        print(server.address("gameport"), "after", server.ready_after, "seconds")

    Attributes:
        request_id: The deployment's id.
        fqdn: The host name, empty if the service gives only an IP address.
        public_ip: The IP address, empty if the service gives only a host name.
        ports: The ports by name.
        tags: The caller's own tags.
        start_time: When the container started, in UTC.
        ready_after: Seconds from the request to READY, as this client measured them; None if this client did not make
            the request. Ignored by ``==`` and ``hash``, since it does not belong to the server.
    """

    request_id: str
    fqdn: str
    public_ip: str
    ports: Ports
    tags: tuple[str, ...] = ()
    start_time: datetime | None = None
    ready_after: float | None = attrs.field(default=None, eq=False)

    def address(self, port: str | int | None = None) -> str:
        """Return the address that players connect to, as ``host:port``.

        Args:
            port: The port's name or its number in the container; may be omitted if the server has exactly one port.

        Raises:
            KeyError: The server does not have that port, or the port is not open.
            ConfigurationError: ``port`` is omitted and the server has no port or several.
        """
        if port is None:
            if len(self.ports) != 1:
                raise ConfigurationError(
                    f"cannot choose a port: the server {self.request_id} has {len(self.ports)} ports "
                    f"({', '.join(self.ports)}): pass the name of one"
                )
            port = next(iter(self.ports))
        external = self.ports[port].external
        if external is None:
            raise KeyError(f"port {port!r} of the server {self.request_id} has no external port: it is not open")
        return f"{self.fqdn or self.public_ip}:{external}"


@attrs.frozen(kw_only=True)
class DeploymentSession(Model):
    """The summary of a session that is linked to a deployment; only the document of 2024 lists it.

    Attributes:
        session_id: The session's id.
        status: The session's state.
        ready: Whether its deployment is ready.
        linked: Whether it has a deployment.
        kind: ``Default``, ``Seat`` or ``Match``.
        user_count: The number of players.
    """

    session_id: str
    status: State | None = None
    ready: bool | None = None
    linked: bool | None = None
    kind: str | None = None
    user_count: Count | None = None


@attrs.frozen(kw_only=True)
class DeploymentSnapshot(Model, abc.ABC):
    """What every response about a deployment shows, a status as well as a row of a list.

    Until the deployment is ready, the address, the ports and the times may be missing.

    Attributes:
        request_id: The deployment's id.
        fqdn: The host name.
        public_ip: The IP address.
        start_time: When the container started, in UTC.
        ports: The ports by name.
        location: Where it runs.
        tags: The caller's own tags, without the tag that the deploy guard adds.
        sockets: The number of seats for sessions (document of 2024 only).
        sockets_usage: The number of seats that are taken (document of 2024 only).
        whitelisting_active: Whether the version's access control list is enforced (document of 2024 only).
        is_joinable_by_session: Whether sessions may join (document of 2024 only).
    """

    request_id: str
    fqdn: str | None = None
    public_ip: str | None = None
    start_time: datetime | None = None
    ports: Ports = NO_PORTS
    location: Location | None = None
    tags: tuple[str, ...] = attrs.field(default=(), converter=without_guard_tags)
    sockets: Count | None = None
    sockets_usage: Count | None = None
    whitelisting_active: bool | None = None
    is_joinable_by_session: bool | None = None

    @property
    @abc.abstractmethod
    def state(self) -> State | None:
        """The current state, None if the response has none."""

    @property
    def is_ready(self) -> bool:
        """Whether the container has started."""
        return self.state is State.READY

    @property
    def is_reachable(self) -> bool:
        """Whether it is ready and its address and ports are known: they can follow a moment after READY."""
        has_address = self.is_ready and (self.fqdn or self.public_ip) and self.ports
        return bool(has_address) and all(port.external for port in self.ports.values())

    @property
    def progress(self) -> Progress:
        """How a wait continues: INCOMPLETE while it is ready and its address or ports are missing."""
        return progress_of(self.state, complete=self.is_reachable)

    @property
    def reason(self) -> str | None:
        """What is missing while it is ready and not reachable, else None."""
        if self.progress is not Progress.INCOMPLETE:
            return None
        return "no ports" if self.fqdn or self.public_ip else "no address"

    def server(self, ready_after: float | None = None) -> GameServer:
        """Return the game server that the deployment is, once it is reachable.

        Args:
            ready_after: Seconds from the request to READY, None if unknown.
        """
        return GameServer(
            request_id=self.request_id,
            fqdn=self.fqdn or "",
            public_ip=self.public_ip or "",
            ports=self.ports,
            tags=self.tags,
            start_time=self.start_time,
            ready_after=ready_after,
        )


@attrs.frozen(kw_only=True)
class Deployment(DeploymentSnapshot):
    """The status of a deployment: ``GET /v1/status/{deployment_id}``.

    Attributes:
        app_name: The application's name.
        app_version: The version's name.
        current_status: The state as the service reports it; ``state`` also takes the flags into account.
        last_status: The state before.
        running: Whether it is ready.
        error: Whether it failed.
        error_detail: Why it failed.
        removal_time: When it was removed or will be, in UTC.
        elapsed_time: Seconds since the start.
        max_duration: Minutes after which the service stops it; 0 or -1 for never.
        command: The command that replaces the container's own.
        arguments: The arguments that replace the container's own.
        sessions: The sessions that are linked to it (document of 2024 only).
    """

    app_name: str | None = None
    app_version: str | None = None
    current_status: State | None = None
    last_status: State | None = None
    running: bool | None = None
    error: bool | None = None
    error_detail: str | None = None
    removal_time: datetime | None = None
    elapsed_time: Count | None = None
    max_duration: Count | None = None
    command: str | None = None
    arguments: str | None = None
    sessions: tuple[DeploymentSession, ...] = ()

    @property
    def reason(self) -> str | None:
        """Why it failed; or, while it is ready and not reachable, what is missing."""
        return self.error_detail or super().reason

    @property
    def state(self) -> State | None:
        """The current state: the flags ``error`` and ``running`` decide while ``current_status`` lags behind them."""
        if self.current_status is not None and self.current_status.gone:
            return self.current_status
        if self.error:
            return State.ERROR
        return State.READY if self.running else self.current_status


@attrs.frozen(kw_only=True)
class DeploymentRow(DeploymentSnapshot):
    """A deployment in the list: a row of ``GET /v1/deployments``.

    Rows have neither the application nor the reason of a failure; ``deployments.get`` returns both.
    """

    status: State | None = None
    ready: bool | None = None

    @property
    def state(self) -> State | None:
        """The current state: READY if the row has only the flag ``ready``, None if it has neither."""
        return self.status or (State.READY if self.ready else None)


@attrs.frozen(kw_only=True)
class DeploymentRequest(Model):
    """The response of ``POST /v2/deployments``: the deployment is created and not ready yet."""

    request_id: str


@attrs.frozen(kw_only=True)
class DeploymentRequestV1(Model):
    """The response of ``POST /v1/deploy``: the deployment is created and not ready yet.

    Attributes:
        request_id: The deployment's id.
        request_dns: The host name that it will have.
        request_app: The application's name.
        request_version: The version's name.
        request_user_count: The number of players.
        filters: The location filters of the request.
        tags: The caller's own tags.
        container_log_storage: The endpoint storage that keeps the logs, as the service returns it.
        city: The city that the request restricts it to.
        country: The country that the request restricts it to.
        continent: The continent that the request restricts it to.
        administrative_division: The state or province that the request restricts it to.
        location: The position that the request names in place of the players. Only the provider's page of June 2025
            has it, as it has ``ap_sort_strategy``.
        ap_sort_strategy: How locations are sorted before one is chosen.
    """

    request_id: str
    request_dns: str | None = None
    request_app: str | None = None
    request_version: str | None = None
    request_user_count: Count | None = None
    filters: tuple[DeployFilter, ...] = ()
    tags: tuple[str, ...] = attrs.field(default=(), converter=without_guard_tags)
    container_log_storage: JSON = None
    city: str | None = None
    country: str | None = None
    continent: str | None = None
    administrative_division: str | None = None
    location: Location | None = None
    ap_sort_strategy: str | None = None


@attrs.frozen(kw_only=True)
class StopReceipt:
    """The result of a stop.

    Attributes:
        request_id: The deployment's id.
        message: The service's own words.
        already_gone: Whether there was nothing to stop: the deployment was terminated before, or is unknown.
        deployment_summary: The last status, if the service returns one.
    """

    request_id: str
    message: str
    already_gone: bool = False
    deployment_summary: Deployment | None = None


@attrs.frozen(kw_only=True)
class StopResponse(Model):
    """The response of ``DELETE /v1/stop/{deployment_id}``."""

    message: str | None = None
    deployment_summary: Deployment | None = None


@attrs.frozen(kw_only=True)
class StoppedDeployment(Model):
    """A deployment that a bulk stop will stop."""

    request_id: str


@attrs.frozen(kw_only=True)
class BulkStopResponse(Model):
    """The response of ``POST /v1/deployments/bulk-stop``: the deployments that will be stopped."""

    processable: tuple[StoppedDeployment, ...] = ()


@attrs.frozen(kw_only=True)
class CrashData(Model):
    """How the container ended.

    Attributes:
        exit_code: The exit code of its process.
        message: The service's description.
        restart_count: How often it was restarted.
    """

    exit_code: int | None = None
    message: str | None = None
    restart_count: int | None = None


@attrs.frozen(kw_only=True)
class ContainerLogs(Model):
    """What the container wrote: ``GET /v1/deployment/{deployment_id}/container-logs``.

    Attributes:
        logs: The output.
        crash_logs: The output before a crash.
        crash_data: How the container ended, None while it runs.
        encoding: The encoding of the output, such as ``utf-8``.
        logs_link: The URL of the stored logs, None if they are not stored.
    """

    logs: str | None = None
    crash_logs: str | None = None
    crash_data: CrashData | None = None
    encoding: str | None = None
    logs_link: str | None = None


@attrs.frozen(kw_only=True)
class DeploymentSettings(Model):
    """The settings of a deployment that can be changed while it runs."""

    is_joinable_by_session: bool | None = None
