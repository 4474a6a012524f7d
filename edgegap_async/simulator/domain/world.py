"""The state of a local Edgegap: deployments, sessions, machines and everything else the handlers read and change."""

from __future__ import annotations

import heapq
import itertools
import random
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from edgegap_async.simulator.clock import Calendar, Clock
from edgegap_async.simulator.domain.deployment import (
    DeploymentTag,
    PlannedFailure,
    SimulatedDeployment,
    limit_time,
    schedule_states,
)
from edgegap_async.simulator.domain.deployment_parameters import DeploymentParameters
from edgegap_async.simulator.domain.geography import CITIES, City, nearest_city
from edgegap_async.simulator.domain.lobby import SimulatedLobby
from edgegap_async.simulator.domain.machine import Machine, documentation_address
from edgegap_async.simulator.domain.random_streams import RandomStreams
from edgegap_async.simulator.domain.registry import ContainerRegistry
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.relay import RelayRegistry, SimulatedRelay
from edgegap_async.simulator.domain.resource_types import APPLICATION, VERSION
from edgegap_async.simulator.domain.session import SessionRegistry, SimulatedSession
from edgegap_async.simulator.domain.smart_fleets import SmartFleets
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.domain.store import Store
from edgegap_async.simulator.domain.telemetry import TelemetryMeasurement, TelemetryMeasurements
from edgegap_async.simulator.settings import (
    DEFAULT_VERSION,
    PortSettings,
    VersionSettings,
    WorldSettings,
    application_fields,
    version_fields,
    version_settings,
)

RETENTION: Final = 300.0
"""Seconds for which a TERMINATED deployment can still be found by its id."""

MAX_ENDED: Final = 20_000
"""The TERMINATED deployments that the history keeps."""

_MAX_STALE_ENDS: Final = 1000
"""The ends that are kept although a stop has replaced them, beside one for each existing deployment."""

_MACHINES_PER_CITY: Final = 16

WebhookSource: TypeAlias = SimulatedDeployment | SimulatedSession | SimulatedRelay | TelemetryMeasurement
"""What sends webhooks."""


class World:
    """The state that the handlers read and change.

    No method awaits, so each handler runs without interruption by another request.
    """

    def __init__(self, settings: WorldSettings, clock: Clock, calendar: Calendar) -> None:
        """Create the applications, versions and private fleets of the settings.

        Args:
            settings: What exists at the start, and how long things take.
            clock: The source of the present moment.
            calendar: Converts its moments to dates.
        """
        streams = RandomStreams(settings.seed)
        self.random_streams: RandomStreams = streams
        self.clock: Clock = clock
        self.calendar: Calendar = calendar
        self.max_page_size: int = settings.max_page_size
        self.opened_at: float = clock()
        self.history: dict[str, SimulatedDeployment] = {}
        """The deployments by id, in the order of creation, without those that ended before the last 20,000 that did."""
        self._ended: deque[str] = deque()
        self._numbers = itertools.count()
        self._time_to_ready = settings.time_to_ready
        self.store: Store = Store(clock)
        """The records of all resource types: applications, versions, fleets ..."""
        self.registry: ContainerRegistry = ContainerRegistry(settings.images, clock())
        """The container registry."""
        self.measurements: TelemetryMeasurements = TelemetryMeasurements(streams.stream("telemetry"))
        """The telemetry measurements."""
        self.on_change: Callable[[WebhookSource], None] = lambda _: None
        """Called with what is created or linked, with what a stop or a failure reschedules, and with what has ended."""
        self.relays: RelayRegistry = RelayRegistry(streams.stream("relays"), clock, self._time_to_ready)
        """The relay sessions."""
        self.lobbies: dict[str, SimulatedLobby] = {}
        """The lobbies by their names."""
        self._any_application = settings.applications is None
        self._known_versions: Mapping[str, Mapping[str, VersionSettings]] = settings.applications or {}
        self._seed_store()
        self._list_lag = settings.list_lag
        self._ids = streams.stream("ids")
        self._lifetimes = streams.stream("lives")
        self._other_times = streams.stream("other lives")
        self._ports = streams.stream("ports")
        self._sessions = SessionRegistry(streams.stream("sessions"), self._notify)
        self._existing: dict[str, SimulatedDeployment] = {}
        self._end_heap: list[tuple[float, str]] = []
        self._machines: dict[City, list[Machine]] = {}
        self.private_fleets: dict[str, tuple[Machine, ...]] = self._make_private_fleets(settings.private_fleets)
        """The hosts of each private fleet, by the fleet's name."""
        self._smart_fleets = SmartFleets(self.store, self._sessions, self.resolve_version, self.create)

    # reading

    @property
    def existing(self) -> dict[str, SimulatedDeployment]:
        """The deployments that are not TERMINATED, by their ids, in the order of creation."""
        self.apply_due_changes()
        return self._existing

    @property
    def sessions(self) -> SessionRegistry:
        """The sessions. Unlinked ones have been linked to deployments with free sockets."""
        self.apply_due_changes()
        return self._sessions

    def sessions_of(self, deployment: SimulatedDeployment) -> list[SimulatedSession]:
        """Return the existing sessions that are linked to a deployment."""
        return [session for session in self._sessions.linked_to(deployment) if session.exists]

    def find(self, request_id: str) -> SimulatedDeployment | None:
        """Return the deployment with an id; None if it is unknown or was TERMINATED ``RETENTION`` seconds ago."""
        self.apply_due_changes()
        deployment = self.history.get(request_id)
        return deployment if deployment is not None and self._is_retained(deployment) else None

    def _is_retained(self, deployment: SimulatedDeployment) -> bool:
        ended = deployment.ends_at
        return ended is None or self.clock() < ended + RETENTION

    def listed(self, request_ids: Collection[str] | None = None) -> Iterator[SimulatedDeployment]:
        """Iterate over the deployments that lists contain, the newest first.

        A deployment is listed once it is as old as the list lag, and until it is TERMINATED.

        Args:
            request_ids: The ids to which the iteration is limited. By default, it covers every deployment.
        """
        existing = self.existing
        if request_ids is None:
            deployments: Iterator[SimulatedDeployment] = map(existing.__getitem__, reversed(existing))
        else:
            named = [existing[request_id] for request_id in request_ids if request_id in existing]
            deployments = iter(sorted(named, key=lambda each: each.number, reverse=True))
        if self._list_lag <= 0:
            return deployments
        newest = self.clock() - self._list_lag
        return itertools.dropwhile(lambda each: each.created_at > newest, deployments)

    def deployments_on(self, host: Machine) -> Iterator[SimulatedDeployment]:
        """Iterate over the deployments that run on a private fleet's host."""
        return (each for each in self.existing.values() if each.host is host)

    def resolve_version(self, application: str, name: str | None) -> tuple[str, VersionSettings]:
        """Return the name and the settings of the version to deploy: the named one, or the newest.

        Raises:
            Rejection: If the application or the version is inactive, or unknown while not any application is accepted.
        """
        self.require_application(application)
        record = self.store.find(APPLICATION, {"app_name": application})
        if record is not None and not record.fields["is_active"]:
            raise Rejection(400, f"application: {application!r} is not active")
        versions = {each.fields["name"]: each for each in self.store.list_under(VERSION, {"app_name": application})}
        resolved = name or next(reversed(versions), DEFAULT_VERSION)
        if resolved in versions:
            if not versions[resolved].fields.get("is_active", True):
                raise Rejection(400, f"version: {resolved!r} of {application!r} is not active")
            configured = self._known_versions.get(application, {}).get(resolved)
            return resolved, version_settings(versions[resolved].fields, configured)
        self.require_version(application, resolved)
        return resolved, VersionSettings()

    def require_application(self, application: str, *, field: str = "application", status: int = 404) -> None:
        """Check that an application exists; while any application is accepted, each does.

        Args:
            application: Its name.
            field: The field of the request that has the name.
            status: The status of the rejection.

        Raises:
            Rejection: It does not exist.
        """
        if not self._any_application and not self.store.find(APPLICATION, {"app_name": application}):
            raise Rejection(status, f"{field}: {application!r} does not exist")

    def require_version(self, application: str, version: str, *, status: int = 404) -> None:
        """Check that a version exists; while any application is accepted, each does.

        Args:
            application: The application's name.
            version: The version's name.
            status: The status of the rejection.

        Raises:
            Rejection: It does not exist.
        """
        path = {"app_name": application, "version_name": version}
        if not self._any_application and not self.store.find(VERSION, path):
            raise Rejection(status, f"version: {application!r} has no version {version!r}")

    # changing

    def create(
        self, parameters: DeploymentParameters, planned_failure: PlannedFailure | None = None
    ) -> SimulatedDeployment:
        """Create a deployment.

        Raises:
            Rejection: If its application, version or private host is unknown, or if no machine has free ports.
        """
        self._remove_terminated()
        version, settings = self.resolve_version(parameters.application, parameters.version)
        host = self._assign_machine(parameters, settings.ports)
        now = self.clock()
        seconds = self._lifetimes.uniform(*(settings.time_to_ready or self._time_to_ready))
        seconds, failure = limit_time(seconds, settings.time_to_deploy, planned_failure)
        deployment = SimulatedDeployment(
            number=next(self._numbers),
            request_id=self._new_id(),
            application=parameters.application,
            version=version,
            host=host,
            ports=host.open(settings.ports),
            created_at=now,
            max_duration=settings.max_duration,
            user_count=parameters.user_count,
            environment=parameters.environment,
            webhooks=parameters.webhooks,
            resources=parameters.resources,
            command=parameters.command,
            arguments=parameters.arguments,
            stop_key=str(self._ids.randint(100, 999)),
            delete_token=new_secret(self._ids),
            security_number=str(self._ids.randint(100, 999)),
            context_token=new_secret(self._ids),
            sockets=settings.session_config.sockets,
            empty_ttl=settings.session_config.empty_ttl if settings.session_config.shares_deployments else None,
            policy=parameters.policy,
            tag_records={name: DeploymentTag(name, now, now) for name in parameters.tags},
            schedule=schedule_states(now, seconds, settings.max_duration, self._lifetimes, failure),
            failure_detail=failure.detail if failure else None,
            clock=self.clock,
            calendar=self.calendar,
            on_reschedule=self._note_schedule,
        )
        self.history[deployment.request_id] = self._existing[deployment.request_id] = deployment
        self._note_schedule(deployment)
        self._sessions.link_waiting(self._existing.values())
        return deployment

    def random_time_to_ready(self) -> float:
        """Return a random time to ready, in seconds, for something other than a deployment."""
        return self._other_times.uniform(*self._time_to_ready)

    def apply_due_changes(self) -> None:
        """Apply what follows from the last request or is due by the clock: each request and each read calls it."""
        self._remove_terminated()
        self._sessions.link_waiting(self._existing.values())
        self._smart_fleets.act()

    def _remove_terminated(self) -> None:
        """Remove the TERMINATED deployments from the existing ones and free their ports."""
        now = self.clock()
        while self._end_heap and self._end_heap[0][0] <= now:
            _, request_id = heapq.heappop(self._end_heap)
            deployment = self._existing.get(request_id)
            # a later reschedule may have made this entry stale
            if deployment is not None and deployment.state_at(now) is DeploymentState.TERMINATED:
                del self._existing[request_id]
                deployment.host.close(deployment.ports)
                self._ended.append(request_id)
                self._sessions.note_termination(deployment)
                self._notify(deployment)
        if len(self._end_heap) > 2 * len(self._existing) + _MAX_STALE_ENDS:
            existing = self._existing.values()
            self._end_heap = [(each.ends_at, each.request_id) for each in existing if each.ends_at is not None]
            heapq.heapify(self._end_heap)
        while len(self._ended) > MAX_ENDED and not self._is_retained(self.history[self._ended[0]]):
            del self.history[self._ended.popleft()]

    def _note_schedule(self, deployment: SimulatedDeployment) -> None:
        """Record when a deployment ends, and report it and its sessions as changed."""
        if deployment.ends_at is not None:
            heapq.heappush(self._end_heap, (deployment.ends_at, deployment.request_id))
        self._notify(deployment)
        for session in self._sessions.linked_to(deployment):
            self._notify(session)

    def _notify(self, source: WebhookSource) -> None:
        self.on_change(source)

    def _new_id(self) -> str:
        while (request_id := f"{self._ids.getrandbits(48):012x}") in self.history:
            pass
        return request_id

    def _seed_store(self) -> None:
        for application, versions in self._known_versions.items():
            self.store.add(APPLICATION, {"app_name": application}, application_fields(application))
            for version, settings in versions.items():
                path = {"app_name": application, "version_name": version}
                self.store.add(VERSION, path, {**VERSION.defaults, **version_fields(version, settings)})

    # machines

    def _assign_machine(self, parameters: DeploymentParameters, ports: Sequence[PortSettings]) -> Machine:
        if parameters.private_hosts:
            return self._assign_private_host(parameters)
        city = nearest_city(parameters.users, parameters.cities)
        machines = self._machines.setdefault(city, [])
        for machine in machines:
            if machine.free_ports >= len(ports):
                return machine
        if len(machines) == _MACHINES_PER_CITY:
            raise Rejection(500, f"no machine in {city.city} has {len(ports)} free ports")
        number = CITIES.index(city) * _MACHINES_PER_CITY + len(machines)
        machines.append(Machine(city, documentation_address(number), rng=self._ports))
        return machines[-1]

    def _assign_private_host(self, parameters: DeploymentParameters) -> Machine:
        known = {host.host_id: host for hosts in self.private_fleets.values() for host in hosts}
        unknown = [host_id for host_id in parameters.private_hosts if host_id not in known]
        if unknown:
            raise Rejection(400, f"private_host_ids: host {unknown[0]!r} does not exist")
        hosts = [known[host_id] for host_id in parameters.private_hosts]
        city = nearest_city(parameters.users, [host.city for host in hosts])
        return next(host for host in hosts if host.city == city)

    def _make_private_fleets(self, sizes: Mapping[str, int]) -> dict[str, tuple[Machine, ...]]:
        rng = self.random_streams.stream("fleets")
        numbers = itertools.count(len(CITIES) * _MACHINES_PER_CITY)
        return {
            fleet: tuple(_private_host(fleet, documentation_address(next(numbers)), rng) for _ in range(size))
            for fleet, size in sizes.items()
        }


def _private_host(fleet: str, address: str, rng: random.Random) -> Machine:
    city = rng.choice(CITIES)
    continent = city.continent.lower().replace(" ", "-")
    return Machine(city, address, fleet, f"alpha-{continent}-{rng.getrandbits(32):08x}", rng)


def new_secret(rng: random.Random) -> str:
    """Return a random token in the form of a UUID."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
