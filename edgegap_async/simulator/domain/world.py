"""The state of a local Edgegap: its machines and every deployment it has ever had."""

from __future__ import annotations

import heapq
import itertools
import random
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from edgegap_async.simulator.clock import Calendar, Clock
from edgegap_async.simulator.domain.deployment import DeploymentTag, PlannedFailure, SimulatedDeployment, life
from edgegap_async.simulator.domain.geography import CITIES, City, Position, nearest
from edgegap_async.simulator.domain.host import Machine, address
from edgegap_async.simulator.domain.lobby import SimulatedLobby
from edgegap_async.simulator.domain.random_streams import RandomStreams
from edgegap_async.simulator.domain.registry import ContainerRegistry
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.relay import RelayRegistry, SimulatedRelay
from edgegap_async.simulator.domain.resource_types import APPLICATION, VERSION
from edgegap_async.simulator.domain.session import SessionRegistry, SimulatedSession
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.domain.store import Store
from edgegap_async.simulator.domain.telemetry import Measurements
from edgegap_async.simulator.handlers.pages import PageRequest
from edgegap_async.simulator.handlers.query import Query
from edgegap_async.simulator.settings import (
    DEFAULT_VERSION,
    PortSettings,
    VersionSettings,
    WorldSettings,
    application_fields,
    version_fields,
    version_settings,
)

REMEMBERED: Final = 300.0
"""Seconds for which a TERMINATED deployment can still be asked for."""

_HOSTS_PER_CITY: Final = 16

Hooked: TypeAlias = SimulatedDeployment | SimulatedSession | SimulatedRelay
"""What webhooks can be asked for."""


@attrs.frozen(kw_only=True)
class Order:
    """What is asked for when a deployment is created, whichever way it was asked."""

    application: str
    version: str | None
    users: Sequence[Position]
    user_count: int
    cities: Collection[City] = CITIES
    private_hosts: Sequence[str] = ()
    tags: Sequence[str] = ()
    environment: Mapping[str, str] = attrs.field(factory=dict[str, str])
    webhooks: Mapping[str, str] = attrs.field(factory=dict[str, str])
    resources: Mapping[str, int] | None = None
    command: str | None = None
    arguments: str | None = None


class World:
    """Everything the handlers read and change; nothing in it waits, so each handler is one step."""

    def __init__(self, settings: WorldSettings, clock: Clock, calendar: Calendar) -> None:
        self.chances = chances = RandomStreams(settings.seed)
        self.clock = clock
        self.calendar = calendar
        self.max_page_size = settings.max_page_size
        self.opened_at: float = clock()
        self.history: dict[str, SimulatedDeployment] = {}
        """Every deployment by its id, in the order of their creation."""
        self._time_to_ready = settings.time_to_ready
        self.store: Store = Store(clock)
        """Applications, versions and whatever else is created and deleted by name."""
        self.registry: ContainerRegistry = ContainerRegistry(settings.images, clock())
        """The images of the container registry."""
        self.measurements: Measurements = Measurements(chances.stream("telemetry"))
        """What telemetry has measured."""
        self.changed: Callable[[Hooked], None] = lambda _: None
        """Called with whatever is new, or becomes ready or ends at another moment than it would have."""
        self.relays: RelayRegistry = RelayRegistry(chances.stream("relays"), clock, self._time_to_ready)
        """The relay sessions."""
        self.lobbies: dict[str, SimulatedLobby] = {}
        """The lobbies, by their names."""
        self._any_application = settings.applications is None
        self._known_versions: Mapping[str, Mapping[str, VersionSettings]] = settings.applications or {}
        self._seed_store()
        self._list_lag = settings.list_lag
        self._ids = chances.stream("ids")
        self._lives = chances.stream("lives")
        self._other_lives = chances.stream("other lives")
        self._ports = chances.stream("ports")
        self._sessions = SessionRegistry(chances.stream("sessions"), self._tell)
        self._alive: dict[str, SimulatedDeployment] = {}
        self._ends: list[tuple[float, str]] = []
        self._machines: dict[City, list[Machine]] = {}
        self.fleets: dict[str, tuple[Machine, ...]] = self._make_fleets(settings.private_fleets)
        """The hosts of each private fleet."""

    # what exists

    @property
    def alive(self) -> dict[str, SimulatedDeployment]:
        """The deployments that are not TERMINATED, in the order of their creation."""
        self._catch_up()
        return self._alive

    @property
    def sessions(self) -> SessionRegistry:
        """The sessions, each linked to a deployment if there is one for it."""
        self._catch_up()
        return self._sessions

    def _catch_up(self) -> None:
        """Let happen what should have by now."""
        self._bury()
        self._sessions.seat(self._alive.values())

    def _bury(self) -> None:
        """Take the TERMINATED ones out of the way, and give their ports back."""
        now = self.clock()
        while self._ends and self._ends[0][0] <= now:
            _, request_id = heapq.heappop(self._ends)
            deployment = self._alive.get(request_id)
            # its end may have been moved since this one was noted
            if deployment is not None and deployment.state_at(now) is DeploymentState.TERMINATED:
                del self._alive[request_id]
                deployment.host.close(deployment.ports)

    def find(self, request_id: str) -> SimulatedDeployment | None:
        """A deployment that can still be asked for; one long gone is as unknown as one that never was."""
        self._catch_up()
        deployment = self.history.get(request_id)
        if deployment is None:
            return None
        gone = deployment.ends_at
        return None if gone is not None and self.clock() >= gone + REMEMBERED else deployment

    def listed(self, query: Query, page: PageRequest) -> tuple[Sequence[SimulatedDeployment], int]:
        """A page of what a query selects, in its order, else the newest first; and how many there are."""
        candidates = self._newest_first(query)
        chosen = [each for each in candidates if query.matches(each)] if query.filters else list(candidates)
        return query.ordered(chosen)[page.start : page.stop], len(chosen)

    def _newest_first(self, query: Query) -> Iterator[SimulatedDeployment]:
        """The deployments that a query has to look at."""
        alive, known = self.alive, query.request_ids
        if known is None:
            candidates: Iterator[SimulatedDeployment] = map(alive.__getitem__, reversed(alive))
        else:
            some = [alive[request_id] for request_id in known if request_id in alive]
            candidates = iter(sorted(some, key=lambda each: each.number, reverse=True))
        if self._list_lag <= 0:
            return candidates
        shown = self.clock() - self._list_lag
        return itertools.dropwhile(lambda each: each.created_at > shown, candidates)

    def on_host(self, host: Machine) -> Iterator[SimulatedDeployment]:
        """The deployments that a private fleet's host holds now."""
        return (each for each in self.alive.values() if each.host is host)

    def version(self, application: str, named: str | None) -> tuple[str, VersionSettings]:
        """The version to deploy and what it is like; the newest where none is named."""
        if not self._any_application and not self.store.find(APPLICATION, {"app_name": application}):
            raise Rejection(404, f"application: there is no application {application!r}")
        versions = {each.fields["name"]: each for each in self.store.under(VERSION, {"app_name": application})}
        name = named or next(reversed(versions), DEFAULT_VERSION)
        if name in versions:
            return name, version_settings(versions[name].fields, self._known_versions.get(application, {}).get(name))
        if not self._any_application:
            raise Rejection(404, f"version: {application!r} has no version {name!r}")
        return name, VersionSettings()

    # what changes

    def create(self, order: Order, doom: PlannedFailure | None = None) -> SimulatedDeployment:
        """Create a deployment; raises ``Rejection`` when its application or host is not known."""
        self._bury()
        version, settings = self.version(order.application, order.version)
        host = self._host(order, settings.ports)
        now = self.clock()
        span = settings.time_to_ready or self._time_to_ready
        deployment = SimulatedDeployment(
            number=len(self.history),
            request_id=self._new_id(),
            application=order.application,
            version=version,
            host=host,
            ports=host.open(settings.ports),
            created_at=now,
            max_duration=settings.max_duration,
            user_count=order.user_count,
            environment=order.environment,
            webhooks=order.webhooks,
            resources=order.resources,
            command=order.command,
            arguments=order.arguments,
            stop_key=str(self._ids.randint(100, 999)),
            delete_token=new_secret(self._ids),
            security_number=str(self._ids.randint(100, 999)),
            context_token=new_secret(self._ids),
            sockets=settings.session_config.sockets,
            tag_records={name: DeploymentTag(name, now, now) for name in order.tags},
            schedule=life(now, self._lives.uniform(*span), settings.max_duration, self._lives, doom),
            doom=doom.detail if doom else None,
            clock=self.clock,
            calendar=self.calendar,
            ending_changed=self._note_end,
        )
        self.history[deployment.request_id] = self._alive[deployment.request_id] = deployment
        self._note_end(deployment)
        self._sessions.seat(self._alive.values())
        return deployment

    def time_to_ready(self) -> float:
        """Seconds that something takes which is no deployment, chosen anew."""
        return self._other_lives.uniform(*self._time_to_ready)

    def _note_end(self, deployment: SimulatedDeployment) -> None:
        if deployment.ends_at is not None:
            heapq.heappush(self._ends, (deployment.ends_at, deployment.request_id))
        self._tell(deployment)
        for session in deployment.sessions.values():
            self._tell(session)

    def _tell(self, it: Hooked) -> None:
        self.changed(it)

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

    def _host(self, order: Order, ports: Sequence[PortSettings]) -> Machine:
        if order.private_hosts:
            return self._private_host(order)
        city = nearest(order.users, order.cities)
        machines = self._machines.setdefault(city, [])
        for machine in machines:
            if machine.free_ports >= len(ports):
                return machine
        if len(machines) == _HOSTS_PER_CITY:
            raise Rejection(500, f"no machine in {city.city} has free ports")
        number = CITIES.index(city) * _HOSTS_PER_CITY + len(machines)
        machines.append(Machine(city, address(number), chance=self._ports))
        return machines[-1]

    def _private_host(self, order: Order) -> Machine:
        known = {host.host_id: host for hosts in self.fleets.values() for host in hosts}
        unknown = [host_id for host_id in order.private_hosts if host_id not in known]
        if unknown:
            raise Rejection(400, f"private_host_ids: there is no host {unknown[0]!r}")
        hosts = [known[host_id] for host_id in order.private_hosts]
        city = nearest(order.users, [host.city for host in hosts])
        return next(host for host in hosts if host.city == city)

    def _make_fleets(self, sizes: Mapping[str, int]) -> dict[str, tuple[Machine, ...]]:
        chance = self.chances.stream("fleets")
        numbers = itertools.count(len(CITIES) * _HOSTS_PER_CITY)
        return {
            fleet: tuple(_private(fleet, address(next(numbers)), chance) for _ in range(size))
            for fleet, size in sizes.items()
        }


def _private(fleet: str, own_address: str, chance: random.Random) -> Machine:
    city = chance.choice(CITIES)
    continent = city.continent.lower().replace(" ", "-")
    return Machine(city, own_address, fleet, f"alpha-{continent}-{chance.getrandbits(32):08x}", chance)


def new_secret(chance: random.Random) -> str:
    """A token, in the form of a uuid."""
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))
