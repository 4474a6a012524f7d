"""One deployment, and the life it leads.

Its life is a schedule made when it is created, and looked up from the clock whenever somebody asks: nothing
runs in between, and a clock moved by hand moves every deployment at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import attrs

from edgegap_async.simulator.clock import Calendar, Clock
from edgegap_async.simulator.domain.geography import City
from edgegap_async.simulator.domain.host import Machine, OpenPort
from edgegap_async.simulator.domain.states import DeploymentState

if TYPE_CHECKING:
    from edgegap_async.simulator.domain.session import SimulatedSession

TERMINATION: Final = 0.5
"""Seconds from TERMINATING to TERMINATED."""

_DEPLOYING_AFTER: Final = (0.2, 0.4)
"""The part of the time to ready that is spent seeking a place."""


SETTLED: Final = frozenset({DeploymentState.READY, DeploymentState.ERROR})
ENDING: Final = frozenset({DeploymentState.TERMINATING, DeploymentState.TERMINATED})


@attrs.frozen
class PlannedFailure:
    """That a deployment will fail: why, and whether it has failed before its creation is answered."""

    detail: str
    at_once: bool = False


@attrs.frozen
class Step:
    """From this moment of the clock on, this state."""

    moment: float
    state: DeploymentState


def life(
    start: float, seconds: float, max_duration: int, chance: random.Random, doom: PlannedFailure | None = None
) -> list[Step]:
    """The schedule of a deployment created at ``start`` that takes so many seconds to be ready.

    ``max_duration`` is in minutes after READY, negative for no end. One that is doomed comes to ERROR
    instead, and rests there.
    """
    if doom is not None and doom.at_once:
        return [Step(start, DeploymentState.SEEKING), Step(start, DeploymentState.ERROR)]
    settled = start + seconds
    steps = [
        Step(start, DeploymentState.SEEKING),
        Step(start + seconds * chance.uniform(*_DEPLOYING_AFTER), DeploymentState.DEPLOYING),
        Step(settled, DeploymentState.ERROR if doom else DeploymentState.READY),
    ]
    return steps if doom or max_duration < 0 else steps + _ending(settled + max_duration * 60.0)


def _ending(moment: float) -> list[Step]:
    return [Step(moment, DeploymentState.TERMINATING), Step(moment + TERMINATION, DeploymentState.TERMINATED)]


@attrs.frozen
class DeploymentTag:
    """A tag of a deployment; the moments are the clock's."""

    name: str
    created_at: float
    updated_at: float


@attrs.frozen
class Report:
    """What somebody reported about a deployment."""

    at: float
    reason: str
    metadata: Mapping[str, Any]


@attrs.define(kw_only=True, eq=False, repr=False)
class SimulatedDeployment:
    """A deployment of the local Edgegap.

    Moments (``created_at``, ``ready_at``) are seconds of the clock. ``stop_key`` and ``delete_token`` are
    what is injected into its container for it to stop itself, ``security_number`` and ``context_token`` for it
    to ask about itself.
    """

    number: int
    """Its place in the order in which deployments were created."""
    request_id: str
    application: str
    version: str
    host: Machine
    ports: tuple[OpenPort, ...]
    created_at: float
    max_duration: int
    """Minutes from READY to its end; negative for none."""
    user_count: int
    environment: Mapping[str, str]
    """The variables it was given, by key."""
    webhooks: Mapping[str, str]
    """URLs by event: ``ready``, ``error``, ``terminated``; ``any`` for the one URL of ``POST /v1/deploy``."""
    resources: Mapping[str, int] | None
    command: str | None
    arguments: str | None
    stop_key: str
    delete_token: str
    security_number: str
    context_token: str
    tag_records: dict[str, DeploymentTag]
    """Its tags by name, with their dates."""
    reports: list[Report] = attrs.field(factory=list[Report])
    is_joinable_by_session: bool = True
    sockets: int
    """What the sessions on it share: each takes some."""
    sessions: dict[str, SimulatedSession] = attrs.field(factory=dict[str, "SimulatedSession"])
    """The sessions that are linked to it, by their ids."""
    stop_requested_at: float | None = None

    _schedule: list[Step] = attrs.field(alias="schedule")
    _doom: str | None = attrs.field(alias="doom")
    _clock: Clock = attrs.field(alias="clock")
    _calendar: Calendar = attrs.field(alias="calendar")
    _ending_changed: Callable[[SimulatedDeployment], None] = attrs.field(alias="ending_changed")

    def __repr__(self) -> str:
        return f"<SimulatedDeployment {self.request_id} of {self.application} {self.version}: {self.state}>"

    @property
    def state(self) -> DeploymentState:
        """Its state at the clock's present moment."""
        return self.state_at(self._clock())

    def state_at(self, moment: float) -> DeploymentState:
        """Its state at a moment, by its schedule as it is now."""
        # read for every row of every list: from the end, where a deployment spends most of its life
        for step in reversed(self._schedule):
            if step.moment <= moment:
                return step.state
        return self._schedule[0].state

    @property
    def last_state(self) -> DeploymentState:
        """The state before the present one."""
        steps = self._steps_at(self._clock())
        return steps[-2].state if len(steps) > 1 else DeploymentState.INITIALIZING

    def _steps_at(self, moment: float) -> list[Step]:
        return [step for step in self._schedule if step.moment <= moment] or self._schedule[:1]

    @property
    def status(self) -> str:
        """Its state as lists name it: in lower case, without prefix."""
        return self.state.lower()

    @property
    def city(self) -> str:
        """The name of the city it runs in."""
        return self.host.city.city

    @property
    def location(self) -> City:
        """Where it runs."""
        return self.host.city

    @property
    def public_ip(self) -> str:
        """The address of its host."""
        return self.host.address

    @property
    def fqdn(self) -> str:
        """Its name on the network."""
        return f"{self.request_id}.pr.edgegap.net"

    @property
    def fleet_name(self) -> str | None:
        """The private fleet it runs on, if it does."""
        return self.host.fleet

    @property
    def host_name(self) -> str | None:
        """The private fleet's host it runs on, if it does."""
        return self.host.host_id

    @property
    def tags(self) -> list[str]:
        """Its tags, in the order they were given."""
        return list(self.tag_records)

    @property
    def sockets_usage(self) -> int:
        """How many of its sockets are taken."""
        return sum(session.sockets for session in self.sessions.values())

    @property
    def available_session_sockets(self) -> int:
        """How many of its sockets are free."""
        return self.sockets - self.sockets_usage

    @property
    def created(self) -> datetime:
        """When it was created, as a date in UTC."""
        return self._calendar.at(self.created_at)

    def entered(self, state: DeploymentState) -> float | None:
        """The moment it enters a state, past or still to come; None if it never does."""
        return next((step.moment for step in self._schedule if step.state is state), None)

    @property
    def ready_at(self) -> float | None:
        """The moment it becomes READY, past or still to come; None if it never does."""
        return self.entered(DeploymentState.READY)

    @property
    def ends_at(self) -> float | None:
        """The moment it becomes TERMINATED, past or still to come; None if it rests."""
        return self.entered(DeploymentState.TERMINATED)

    @property
    def was_ready(self) -> bool:
        """Whether it has been READY by now: from then on it has an address, ports and a start time."""
        ready = self.ready_at
        return ready is not None and ready <= self._clock()

    @property
    def error_detail(self) -> str | None:
        """Why it failed, once it has."""
        failed = self.entered(DeploymentState.ERROR)
        return self._doom if failed is not None and failed <= self._clock() else None

    @property
    def goes_on(self) -> bool:
        """Whether it will go on running, and be billed, unless somebody stops it."""
        return self.stop_requested_at is None and self.state not in ENDING

    def stop(self) -> None:
        """Tell it to stop: at once when it is READY or in ERROR, else as soon as it is; twice is once."""
        now = self._clock()
        if not self.goes_on:
            return
        self.stop_requested_at = now
        settled = next(step.moment for step in self._schedule if step.state in SETTLED)
        moment = max(now, settled)
        kept = [step for step in self._schedule if step.moment <= moment and step.state not in ENDING]
        self._schedule = kept + _ending(moment)
        self._ending_changed(self)

    def fail(self, detail: str) -> None:
        """Let it come to ERROR now, with this detail, and rest there; one that is ending goes on ending."""
        now = self._clock()
        if self.goes_on:
            self._doom = detail
            self._schedule = [*self._steps_at(now), Step(now, DeploymentState.ERROR)]
            self._ending_changed(self)
