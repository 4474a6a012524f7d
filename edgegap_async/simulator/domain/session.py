"""Simulated sessions: groups of users who play on one deployment.

A session is linked to a deployment, or unlinked until one with free sockets exists. Its state is looked up from its
deployment on each read.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.geography import CITIES, City, Position
from edgegap_async.simulator.domain.states import DeploymentState

CUSTOM: Final = "Custom"
"""The kind of the sessions that a caller creates on a deployment of its choice. They occupy no sockets."""

MAX_ENDED_SESSIONS: Final = 20_000
"""The sessions that the history keeps of those that ended."""


@attrs.frozen
class SessionPlayer:
    """A user of a session, identified by an IP address."""

    ip: str
    position: Position


@attrs.define(kw_only=True, eq=False, repr=False)
class SimulatedSession:
    """A session of the local Edgegap."""

    session_id: str
    custom_id: str | None = None
    kind: str
    """``Default``, ``Seat``, ``Match`` or ``Custom``."""
    application: str
    version: str
    users: dict[str, SessionPlayer]
    """Its users by their addresses."""
    selectors: Sequence[Mapping[str, Any]] = ()
    cities: Collection[City] = CITIES
    """The cities in which its deployment may run."""
    webhook_url: str | None = None
    created_at: float
    """Seconds of the clock."""
    max_duration: int = 60
    """Minutes after the end of its deployment for which it can still be read."""
    deployment: SimulatedDeployment | None = attrs.field(default=None, init=False)
    """The deployment it is linked to."""
    on_delete: Callable[[SimulatedSession], None] = attrs.field(default=lambda _: None, init=False)
    """Called with the session once it is deleted."""
    _deleted: bool = attrs.field(default=False, init=False)

    def __repr__(self) -> str:
        return f"<SimulatedSession {self.session_id} of {self.application} {self.version}: {self.state}>"

    @property
    def linked(self) -> bool:
        """Whether it has a deployment."""
        return self.deployment is not None

    @property
    def state(self) -> DeploymentState:
        """The state of its deployment; SEEKING while it has none."""
        return DeploymentState.SEEKING if self.deployment is None else self.deployment.state

    @property
    def ready(self) -> bool:
        """Whether its deployment is READY."""
        return self.state is DeploymentState.READY

    @property
    def settled_at(self) -> float | None:
        """The moment its deployment becomes READY or fails, past or future; None while that is unknown."""
        if self.deployment is None:
            return None
        moments = [self.deployment.entered_at(state) for state in (DeploymentState.READY, DeploymentState.ERROR)]
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def error(self) -> str | None:
        """The reason of its deployment's failure; None unless the deployment has failed."""
        return None if self.deployment is None else self.deployment.error_detail

    @property
    def exists(self) -> bool:
        """Whether it exists: it was not deleted and its deployment is not TERMINATED."""
        return not self._deleted and self.state is not DeploymentState.TERMINATED

    def is_readable(self, moment: float) -> bool:
        """Whether its details can be read: it exists, or its deployment was TERMINATED not long ago."""
        ended = None if self.deployment is None else self.deployment.ends_at
        return not self._deleted and (ended is None or moment < ended + self.max_duration * 60.0)

    @property
    def sockets(self) -> int:
        """How many sockets of its deployment it occupies."""
        return self.sockets_for(len(self.users))

    def sockets_for(self, users: int) -> int:
        """Return how many sockets it occupies with a number of users."""
        return {"Seat": users, CUSTOM: 0}.get(self.kind, 1)

    def can_join(self, deployment: SimulatedDeployment) -> bool:
        """Whether it may be linked to a deployment: of its version, running, joinable, with enough free sockets."""
        return (
            deployment.is_joinable_by_session
            and deployment.is_active
            and deployment.state is not DeploymentState.ERROR
            and (deployment.application, deployment.version) == (self.application, self.version)
            and self.sockets <= deployment.available_session_sockets
        )

    def selects(self, deployment: SimulatedDeployment) -> bool:
        """Whether it can join a deployment that also has the city and the tags it requires."""
        return (
            self.can_join(deployment)
            and deployment.location in self.cities
            and all(tag in deployment.tag_records for tag in self.required_tags)
        )

    @property
    def required_tags(self) -> list[str]:
        """The tags its deployment must have. A selector that is ``tag_only`` requires nothing."""
        return [each["tag"] for each in self.selectors if not each.get("tag_only", False)]

    def first_selected(self, deployments: Iterable[SimulatedDeployment]) -> SimulatedDeployment | None:
        """Return the first deployment that it selects."""
        return next(filter(self.selects, deployments), None)

    def link(self, deployment: SimulatedDeployment) -> None:
        """Link it to a deployment, whose sockets it occupies from now on."""
        self.deployment = deployment
        deployment.occupy(self.session_id, self)

    def delete(self) -> None:
        """Delete it and free its sockets. Its deployment keeps running. A session that has ended does not change."""
        if not self.exists:
            return
        self._deleted = True
        if self.deployment is not None:
            self.deployment.release(self.session_id)
        self.on_delete(self)


class SessionRegistry:
    """Every session of a local Edgegap, and those that are not linked to a deployment yet."""

    def __init__(self, rng: random.Random, on_change: Callable[[SimulatedSession], None]) -> None:
        """Create an empty registry.

        Args:
            rng: The source of session ids.
            on_change: Called with each session that is created or linked, or has ended.
        """
        self.history: dict[str, SimulatedSession] = {}
        """The sessions by id, in the order of creation, without those that ended before the last 20,000 that did."""
        self._ended: deque[str] = deque()
        self._rng = rng
        self._on_change = on_change
        self._unlinked: list[SimulatedSession] = []

    def new_id(self) -> str:
        """Return an id that no session has had."""
        while (session_id := f"{self._rng.getrandbits(48):012x}-S") in self.history:
            pass
        return session_id

    def add(self, session: SimulatedSession, deployment: SimulatedDeployment | None) -> None:
        """Add a new session, linked to a deployment or unlinked."""
        self.history[session.session_id] = session
        session.on_delete = self._note_end
        if deployment is None:
            self._unlinked.append(session)
        else:
            session.link(deployment)
        self._on_change(session)

    @property
    def waiting(self) -> Sequence[SimulatedSession]:
        """The existing sessions that are not linked to a deployment, the oldest first."""
        return [session for session in self._unlinked if session.exists]

    def existing(self) -> list[SimulatedSession]:
        """Return the sessions that exist, the oldest first."""
        return [session for session in self.history.values() if session.exists]

    def linked_to(self, deployment: SimulatedDeployment) -> list[SimulatedSession]:
        """Return the sessions that are linked to a deployment and not deleted, in the order of their linking."""
        return [self.history[session_id] for session_id in deployment.socket_holders]

    def note_termination(self, deployment: SimulatedDeployment) -> None:
        """Record that the sessions of a deployment have ended: it is TERMINATED."""
        for session in self.linked_to(deployment):
            self._note_end(session)

    def _note_end(self, session: SimulatedSession) -> None:
        self._ended.append(session.session_id)
        while len(self._ended) > MAX_ENDED_SESSIONS:
            forgotten = self.history.pop(self._ended.popleft())
            if forgotten.deployment is not None:
                forgotten.deployment.socket_holders.pop(forgotten.session_id, None)
        self._on_change(session)

    def link_waiting(self, deployments: Collection[SimulatedDeployment]) -> None:
        """Link unlinked sessions, the oldest first, to the deployments that have free sockets by now."""
        for session in self._unlinked:
            deployment = session.first_selected(deployments) if session.exists else None
            if deployment is not None:
                session.link(deployment)
                self._on_change(session)
        self._unlinked = [session for session in self._unlinked if session.exists and not session.linked]
