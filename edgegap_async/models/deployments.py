"""Deployments as the service shows them, and the game server that a player needs to know of."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from datetime import datetime

import attrs

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.fields import Count, Number, Progress, State, extra_field, progress_of
from edgegap_async.models.filters import DeployFilter
from edgegap_async.models.locations import Location
from edgegap_async.models.ports import NO_PORTS, Ports
from edgegap_async.models.tags import without_guard_tags


@attrs.frozen(kw_only=True)
class GameServer:
    """A server that is ready: the same whether it was seen by a status call, in a list or by a webhook."""

    request_id: str
    fqdn: str
    public_ip: str
    ports: Ports
    tags: tuple[str, ...] = ()
    start_time: datetime | None = None
    ready_after: float | None = attrs.field(default=None, eq=False)

    def address(self, port: str | int | None = None) -> str:
        """What a player connects to, ``host:port``; ``port`` is a port's name or its number in the container.

        Without ``port`` the server must have exactly one. Raises KeyError for a port it does not have and
        ConfigurationError where one has to be named.
        """
        if port is None:
            if len(self.ports) != 1:
                raise ConfigurationError(
                    f"the server {self.request_id} has {len(self.ports)} ports ({', '.join(self.ports)}): name one"
                )
            port = next(iter(self.ports))
        external = self.ports[port].external
        if external is None:
            raise KeyError(f"port {port!r} of the server {self.request_id} is not open to the outside")
        return f"{self.fqdn or self.public_ip}:{external}"


@attrs.frozen(kw_only=True)
class DeploymentSession:
    """A session that is linked to a deployment, in short (document of 2024)."""

    session_id: str
    status: State | None = None
    ready: bool | None = None
    linked: bool | None = None
    kind: str | None = None
    user_count: Count | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class DeploymentSnapshot(abc.ABC):
    """What every sight of a deployment shows, be it a status call or a row of a list.

    Before it is ready the address, the ports and the times may be missing. ``sockets``, ``sockets_usage``,
    ``whitelisting_active`` and ``is_joinable_by_session`` stand only in the document of 2024.
    """

    request_id: str
    fqdn: str | None = None
    public_ip: str | None = None
    start_time: datetime | None = None
    ports: Ports = NO_PORTS
    location: Location | None = None
    tags: tuple[str, ...] = attrs.field(default=(), converter=without_guard_tags)
    """Without the one by which the client itself finds it."""
    sockets: Count | None = None
    sockets_usage: Count | None = None
    whitelisting_active: bool | None = None
    is_joinable_by_session: bool | None = None
    extra: Mapping[str, JSON] = extra_field()

    @property
    @abc.abstractmethod
    def state(self) -> State | None:
        """The state now, None where this sight does not say."""

    @property
    def is_ready(self) -> bool:
        """Whether the container has started."""
        return self.state is State.READY

    @property
    def is_reachable(self) -> bool:
        """Whether it is ready and its address and ports are known: these can come a moment later."""
        addressed = self.is_ready and (self.fqdn or self.public_ip) and self.ports
        return bool(addressed) and all(port.external for port in self.ports.values())

    @property
    def progress(self) -> Progress:
        """Whether it can be played on: INCOMPLETE while its address or ports are missing."""
        return progress_of(self.state, complete=self.is_reachable)

    @property
    def reason(self) -> str | None:
        """What it lacks when it is ready and not reachable."""
        if self.progress is not Progress.INCOMPLETE:
            return None
        return "no ports" if self.fqdn or self.public_ip else "no address"

    def server(self, *, ready_after: float | None = None) -> GameServer:
        """The game server it is, once it is reachable."""
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
    """A deployment as ``GET /v1/status/{deployment_id}`` shows it.

    ``elapsed_time`` is in seconds, ``max_duration`` in minutes; ``removal_time`` is when it was or will be removed.
    ``sessions`` stands only in the document of 2024.
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
        """Why it failed, or what it lacks when it is ready and not reachable."""
        return self.error_detail or super().reason

    @property
    def state(self) -> State | None:
        """The state now: the flags ``error`` and ``running`` decide where the status is behind them."""
        if self.current_status is not None and self.current_status.gone:
            return self.current_status
        if self.error:
            return State.ERROR
        return State.READY if self.running else self.current_status


@attrs.frozen(kw_only=True)
class DeploymentRow(DeploymentSnapshot):
    """A deployment as a row of ``GET /v1/deployments`` shows it."""

    status: State | None = None
    ready: bool | None = None

    @property
    def state(self) -> State | None:
        """The state now: READY where the row has only the flag ``ready``, None where it does not say."""
        return self.status or (State.READY if self.ready else None)


@attrs.frozen(kw_only=True)
class DeploymentRequest:
    """What a v2 create answers: the deployment is on its way."""

    request_id: str
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class DeploymentRequestV1:
    """What a v1 create answers: the deployment is on its way."""

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
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class StopReceipt:
    """What came of a stop; ``already_gone`` when there was nothing left to stop, which is as good."""

    request_id: str
    message: str
    already_gone: bool = False
    deployment_summary: Deployment | None = None


@attrs.frozen(kw_only=True)
class Stopped:
    """What the service answers to a stop."""

    message: str | None = None
    deployment_summary: Deployment | None = None


@attrs.frozen(kw_only=True)
class BulkStopped:
    """A deployment that a bulk stop will stop."""

    request_id: str


@attrs.frozen(kw_only=True)
class BulkStop:
    """What the service answers to a bulk stop."""

    processable: tuple[BulkStopped, ...] = ()


@attrs.frozen(kw_only=True)
class CrashData:
    """How a container ended."""

    exit_code: int | None = None
    message: str | None = None
    restart_count: int | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class ContainerLogs:
    """What the container wrote; ``logs_link`` where it is kept, if it is."""

    logs: str | None = None
    crash_logs: str | None = None
    crash_data: CrashData | None = None
    encoding: str | None = None
    logs_link: str | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Series:
    """A measured quantity over time: three tuples of one length."""

    labels: tuple[str, ...] = ()
    datasets: tuple[Number | None, ...] = ()
    timestamps: tuple[datetime | None, ...] = ()
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Totals:
    """Bytes since the start, over the network and to the disk."""

    receive_total: Series | None = None
    transmit_total: Series | None = None
    disk_read_total: Series | None = None
    disk_write_total: Series | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Network:
    """Bytes a second."""

    receive: Series | None = None
    transmit: Series | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Metrics:
    """What a container used over time."""

    total: Totals | None = None
    cpu: Series | None = None
    cpu_throttle_rate: Series | None = None
    cpu_throttle_total: Series | None = None
    mem: Series | None = None
    network: Network | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class DeploymentSettings:
    """What can be changed of a deployment that runs."""

    is_joinable_by_session: bool | None = None
    extra: Mapping[str, JSON] = extra_field()
