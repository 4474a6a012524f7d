"""A simulated deployment and its schedule of states.

A schedule is made when its deployment is created. Each read of the state looks it up from the clock: no task runs
in between, and advancing a ``VirtualClock`` advances every deployment at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import attrs

from edgegap_async.simulator.clock import Calendar, Clock
from edgegap_async.simulator.domain.geography import City
from edgegap_async.simulator.domain.machine import Machine, OpenPort
from edgegap_async.simulator.domain.resource_types import ResourceRecord
from edgegap_async.simulator.domain.states import ENDING, SETTLED, DeploymentState

TERMINATION_SECONDS: Final = 0.5
"""Seconds from TERMINATING to TERMINATED."""

_SEEKING_SHARE: Final = (0.2, 0.4)
"""The least and the greatest share of the time to ready that a deployment spends in SEEKING."""


@attrs.frozen
class PlannedFailure:
    """A failure that a deployment is created with.

    Attributes:
        detail: The deployment's ``error_detail`` once it has failed.
        at_once: Whether the deployment is in ERROR before the response to its creation is sent.
    """

    detail: str
    at_once: bool = False


@attrs.frozen
class ScheduledState:
    """A state that a deployment enters at a moment of the clock."""

    moment: float
    state: DeploymentState


def schedule_states(
    start: float,
    seconds: float,
    max_duration: int,
    rng: random.Random,
    planned_failure: PlannedFailure | None = None,
) -> list[ScheduledState]:
    """Return the schedule of a new deployment: to READY and TERMINATED, or to ERROR, where it stays.

    Args:
        start: When the deployment is created, in seconds of the clock.
        seconds: The time it takes to become READY or to fail.
        max_duration: Minutes from READY to termination; 0 or less for no end.
        rng: The source of the time spent in SEEKING.
        planned_failure: The failure that replaces READY.
    """
    if planned_failure is not None and planned_failure.at_once:
        return [ScheduledState(start, DeploymentState.SEEKING), ScheduledState(start, DeploymentState.ERROR)]
    settled = start + seconds
    steps = [
        ScheduledState(start, DeploymentState.SEEKING),
        ScheduledState(start + seconds * rng.uniform(*_SEEKING_SHARE), DeploymentState.DEPLOYING),
        ScheduledState(settled, DeploymentState.ERROR if planned_failure else DeploymentState.READY),
    ]
    return steps if planned_failure or max_duration <= 0 else steps + _termination(settled + max_duration * 60.0)


def limit_time(
    seconds: float, time_to_deploy: int | None, planned_failure: PlannedFailure | None
) -> tuple[float, PlannedFailure | None]:
    """Return the time that a deployment takes to become READY or to fail, and its failure if it fails.

    Args:
        seconds: The time it would take without a limit.
        time_to_deploy: The limit of its version, in seconds; None for none.
        planned_failure: The failure that it is created with.
    """
    fails_at_once = planned_failure is not None and planned_failure.at_once
    if time_to_deploy is None or seconds <= time_to_deploy or fails_at_once:
        return seconds, planned_failure
    detail = f"the deployment was not ready within the time_to_deploy of its version, {time_to_deploy} seconds"
    return time_to_deploy, PlannedFailure(detail)


def _termination(moment: float) -> list[ScheduledState]:
    return [
        ScheduledState(moment, DeploymentState.TERMINATING),
        ScheduledState(moment + TERMINATION_SECONDS, DeploymentState.TERMINATED),
    ]


@attrs.frozen
class DeploymentTag:
    """A tag of a deployment. Both moments are seconds of the clock."""

    name: str
    created_at: float
    updated_at: float


@attrs.frozen
class DeploymentReport:
    """A problem that a client reported about a deployment.

    Attributes:
        at: When it was reported, in seconds of the clock.
        reason: The reason that the client gave.
        metadata: What else the client sent with it.
    """

    at: float
    reason: str
    metadata: Mapping[str, Any]


class SocketHolder(Protocol):
    """Something that occupies sockets of a deployment: a session."""

    @property
    def sockets(self) -> int:
        """How many sockets it occupies."""
        ...


@attrs.define(kw_only=True, eq=False, repr=False)
class SimulatedDeployment:
    """A deployment of the local Edgegap.

    Moments (``created_at``, ``ready_at``, ``ends_at``) are seconds of the clock. A test reads the true state of a
    deployment here, and can stop it or make it fail::

        deployment = local.deployments[request.request_id]
        assert deployment.state is DeploymentState.READY
        deployment.fail("out of memory")
    """

    number: int
    """Its position in the order in which deployments were created, from 0."""
    request_id: str
    application: str
    version: str
    host: Machine
    ports: tuple[OpenPort, ...]
    created_at: float
    max_duration: int
    """Minutes from READY to termination; 0 or less for no end."""
    user_count: int
    environment: Mapping[str, str]
    """The variables of the creating request, by key."""
    webhooks: Mapping[str, str]
    """URLs by event: ``ready``, ``error``, ``terminated``; ``any`` for the one URL of ``POST /v1/deploy``."""
    resources: Mapping[str, int] | None
    """The reserved ``cpu_units`` and ``memory_mib``; None where the request names none."""
    command: str | None
    arguments: str | None
    stop_key: str
    """The key in the URL with which its container stops it."""
    delete_token: str
    """The token with which its container stops it."""
    security_number: str
    """The number in the URL with which its container requests its context."""
    context_token: str
    """The token with which its container requests its context."""
    tag_records: dict[str, DeploymentTag]
    """Its tags by name, with their dates."""
    initial_tags: tuple[str, ...] = attrs.field(
        init=False, default=attrs.Factory(lambda self: tuple(self.tag_records), takes_self=True)
    )
    """The tags that it was created with, which its container gets."""
    log_storage: bool | str | None = None
    """Where its logs are kept: True for the storage of its version, as by default, False for none, or a storage."""
    reports: list[DeploymentReport] = attrs.field(factory=list[DeploymentReport])
    is_joinable_by_session: bool = True
    sockets: int
    """How many sockets its sessions share."""
    socket_holders: dict[str, SocketHolder] = attrs.field(factory=dict[str, SocketHolder])
    """The sessions that are linked to it, by their ids: ``occupy`` and ``release`` change them."""
    empty_ttl: int | None = None
    """Minutes without sessions after which it ends; None for no such end."""
    policy: ResourceRecord | None = None
    """The policy of the fleet that created it."""
    stop_requested_at: float | None = None

    _schedule: list[ScheduledState] = attrs.field(alias="schedule")
    _full_schedule: list[ScheduledState] = attrs.field(init=False)
    """Its schedule if it is never empty for too long."""
    _emptied_at: float = attrs.field(init=False)
    _is_kept: bool = attrs.field(default=False, init=False)
    _failure_detail: str | None = attrs.field(alias="failure_detail")
    _clock: Clock = attrs.field(alias="clock")
    _calendar: Calendar = attrs.field(alias="calendar")
    _on_reschedule: Callable[[SimulatedDeployment], None] = attrs.field(alias="on_reschedule")

    def __attrs_post_init__(self) -> None:
        self._full_schedule = self._schedule
        self._emptied_at = self.created_at
        self._schedule = self._planned()

    def __repr__(self) -> str:
        return f"<SimulatedDeployment {self.request_id} of {self.application} {self.version}: {self.state}>"

    @property
    def state(self) -> DeploymentState:
        """Its state at the clock's present moment."""
        return self.state_at(self._clock())

    def state_at(self, moment: float) -> DeploymentState:
        """Return its state at a moment of the clock, by its present schedule."""
        # read for every row of every list: from the end, where a deployment spends most of its life
        for step in reversed(self._schedule):
            if step.moment <= moment:
                return step.state
        return self._schedule[0].state

    @property
    def last_state(self) -> DeploymentState:
        """The state before the present one; INITIALIZING before the first."""
        steps = self._steps_until(self._clock())
        return steps[-2].state if len(steps) > 1 else DeploymentState.INITIALIZING

    def _steps_until(self, moment: float) -> list[ScheduledState]:
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
        """The city it runs in."""
        return self.host.city

    @property
    def public_ip(self) -> str:
        """The address of its machine."""
        return self.host.address

    @property
    def fqdn(self) -> str:
        """Its domain name."""
        return f"{self.request_id}.pr.edgegap.net"

    @property
    def fleet_name(self) -> str | None:
        """The private fleet it runs on; None for a public machine."""
        return self.host.fleet

    @property
    def host_name(self) -> str | None:
        """The id of the private fleet's host it runs on; None for a public machine."""
        return self.host.host_id

    @property
    def tags(self) -> list[str]:
        """The names of its tags, in the order in which they were added."""
        return list(self.tag_records)

    @property
    def sockets_usage(self) -> int:
        """How many of its sockets are occupied."""
        return sum(holder.sockets for holder in self.socket_holders.values())

    @property
    def available_session_sockets(self) -> int:
        """How many of its sockets are free."""
        return self.sockets - self.sockets_usage

    @property
    def created(self) -> datetime:
        """When it was created, as a date and time in UTC."""
        return self._calendar.at(self.created_at)

    def entered_at(self, state: DeploymentState) -> float | None:
        """Return the moment it enters a state, past or future; None if its schedule has no such state."""
        return next((step.moment for step in self._schedule if step.state is state), None)

    @property
    def ready_at(self) -> float | None:
        """The moment it becomes READY, past or future; None if it never does."""
        return self.entered_at(DeploymentState.READY)

    @property
    def ends_at(self) -> float | None:
        """The moment it becomes TERMINATED, past or future; None if it has no end."""
        return self.entered_at(DeploymentState.TERMINATED)

    @property
    def was_ready(self) -> bool:
        """Whether it has been READY by now. From then on it has an address, ports and a start time."""
        ready = self.ready_at
        return ready is not None and ready <= self._clock()

    @property
    def error_detail(self) -> str | None:
        """The reason of its failure; None unless it has failed."""
        failed = self.entered_at(DeploymentState.ERROR)
        return self._failure_detail if failed is not None and failed <= self._clock() else None

    @property
    def is_active(self) -> bool:
        """Whether it runs, and is billed, until it is stopped: it is not terminating and no stop was requested."""
        return self.stop_requested_at is None and self.state not in ENDING

    # changing

    def occupy(self, holder_id: str, holder: SocketHolder) -> None:
        """Link a session to it."""
        self.socket_holders[holder_id] = holder
        self._plan_again()

    def release(self, holder_id: str) -> None:
        """Free the sockets of a session."""
        del self.socket_holders[holder_id]
        self._emptied_at = self._clock()
        self._plan_again()

    def keep(self, is_kept: bool) -> None:
        """Set whether it runs on however long it is empty, because its fleet needs it."""
        if is_kept is not self._is_kept:
            self._is_kept = is_kept
            self._plan_again()

    def stop(self) -> None:
        """Stop it: immediately in READY or ERROR, otherwise as soon as it enters one of them.

        Stopping a deployment again has no effect.
        """
        now = self._clock()
        if not self.is_active:
            return
        self.stop_requested_at = now
        settled = next(step.moment for step in self._schedule if step.state in SETTLED)
        moment = max(now, settled)
        self._reschedule(self._until(moment) + _termination(moment))

    def fail(self, detail: str) -> None:
        """Move it to ERROR now. A deployment that is terminating or was stopped does not change.

        Args:
            detail: Its ``error_detail`` from now on.
        """
        now = self._clock()
        if self.is_active:
            self._failure_detail = detail
            self._full_schedule = [*self._steps_until(now), ScheduledState(now, DeploymentState.ERROR)]
            self._reschedule(self._full_schedule)

    def _plan_again(self) -> None:
        if self.is_active and self._schedule != (planned := self._planned()):
            self._reschedule(planned)

    def _reschedule(self, schedule: list[ScheduledState]) -> None:
        self._schedule = schedule
        self._on_reschedule(self)

    def _planned(self) -> list[ScheduledState]:
        """Its full schedule, up to the moment at which it will have been empty for too long."""
        ready = next((step.moment for step in self._full_schedule if step.state is DeploymentState.READY), None)
        if ready is None or self.empty_ttl is None or self.socket_holders or self._is_kept:
            return self._full_schedule
        end = max(ready, self._emptied_at) + self.empty_ttl * 60.0
        if any(step.moment <= end for step in self._full_schedule if step.state in ENDING | {DeploymentState.ERROR}):
            return self._full_schedule
        return self._until(end) + _termination(end)

    def _until(self, moment: float) -> list[ScheduledState]:
        return [step for step in self._full_schedule if step.moment <= moment and step.state not in ENDING]
