"""SessionRegistry: users who are to play together on a deployment, one that theirs is linked to or still seeks.

Nothing runs in between: whether a session is ready, or gone with its deployment, is looked up when asked.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.geography import CITIES, City, Position
from edgegap_async.simulator.domain.states import DeploymentState

CUSTOM: Final = "Custom"
"""The kind of those that the caller names and places: the service counts no sockets for them."""


@attrs.frozen
class SessionPlayer:
    """One who plays, known by an address."""

    ip: str
    position: Position

    def shown(self) -> dict[str, Any]:
        """The user as an answer holds one."""
        return {"ip": self.ip, **attrs.asdict(self.position)}


@attrs.define(kw_only=True, eq=False, repr=False)
class SimulatedSession:
    """A session of the local Edgegap; ``created_at`` is a moment of the clock."""

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
    """Where the deployment may be that it seeks."""
    webhook_url: str | None = None
    created_at: float
    deployment: SimulatedDeployment | None = attrs.field(default=None, init=False)
    _deleted: bool = attrs.field(default=False, init=False)

    def __repr__(self) -> str:
        return f"<SimulatedSession {self.session_id} of {self.application} {self.version}: {self.state}>"

    # what it is

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
        """Whether its users can play."""
        return self.state is DeploymentState.READY

    @property
    def settled_at(self) -> float | None:
        """The moment from which it can be played, or its deployment failed; None while that is not known."""
        if self.deployment is None:
            return None
        moments = [self.deployment.entered(state) for state in (DeploymentState.READY, DeploymentState.ERROR)]
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def error(self) -> str | None:
        """Why its deployment failed, once it has."""
        return None if self.deployment is None else self.deployment.error_detail

    @property
    def exists(self) -> bool:
        """Whether it is still there: it goes when it is deleted, and with its deployment."""
        return not self._deleted and self.state is not DeploymentState.TERMINATED

    @property
    def sockets(self) -> int:
        """The sockets that it takes."""
        return self.sockets_for(len(self.users))

    def sockets_for(self, users: int) -> int:
        """The sockets that it would take with so many users."""
        return {"Seat": users, CUSTOM: 0}.get(self.kind, 1)

    # where it plays

    def may_join(self, deployment: SimulatedDeployment) -> bool:
        """Whether a deployment would have it: one of its version that is open to sessions, with enough sockets."""
        return (
            deployment.is_joinable_by_session
            and deployment.goes_on
            and deployment.state is not DeploymentState.ERROR
            and (deployment.application, deployment.version) == (self.application, self.version)
            and self.sockets <= deployment.available_session_sockets
        )

    def seeks(self, deployment: SimulatedDeployment) -> bool:
        """Whether a deployment would have it, and is one that it is looking for."""
        return (
            self.may_join(deployment)
            and deployment.location in self.cities
            and all(tag in deployment.tag_records for tag in self.sought_tags)
        )

    @property
    def sought_tags(self) -> list[str]:
        """The tags that a deployment must have; a selector that is ``tag_only`` selects nothing."""
        return [each["tag"] for each in self.selectors if not each.get("tag_only", False)]

    def first_of(self, deployments: Iterable[SimulatedDeployment]) -> SimulatedDeployment | None:
        """The first deployment that it seeks."""
        return next(filter(self.seeks, deployments), None)

    def link(self, deployment: SimulatedDeployment) -> None:
        """Let it play on a deployment from now on."""
        self.deployment = deployment
        deployment.sessions[self.session_id] = self

    def delete(self) -> None:
        """Delete it; its deployment runs on and has its sockets back."""
        self._deleted = True
        if self.deployment is not None:
            self.deployment.sessions.pop(self.session_id)


class SessionRegistry:
    """Every session there has been, and those among them that still seek a deployment."""

    def __init__(self, ids: random.Random, changed: Callable[[SimulatedSession], None]) -> None:
        """``changed`` is called with each that is new, or was linked."""
        self.history: dict[str, SimulatedSession] = {}
        """Every session by its id, in the order of their creation."""
        self._ids = ids
        self._changed = changed
        self._seeking: list[SimulatedSession] = []

    def new_id(self) -> str:
        """An id that no session has had."""
        while (session_id := f"{self._ids.getrandbits(48):012x}-S") in self.history:
            pass
        return session_id

    def add(self, session: SimulatedSession, deployment: SimulatedDeployment | None) -> None:
        """Take in a new session, linked to a deployment or seeking one."""
        self.history[session.session_id] = session
        if deployment is None:
            self._seeking.append(session)
        else:
            session.link(deployment)
        self._changed(session)

    def existing(self) -> list[SimulatedSession]:
        """Those that are still there, the oldest first."""
        return [each for each in self.history.values() if each.exists]

    def seat(self, deployments: Collection[SimulatedDeployment]) -> None:
        """Link those that seek to the deployments that have room by now, whoever has sought for longest first."""
        for session in self._seeking:
            deployment = session.first_of(deployments) if session.exists else None
            if deployment is not None:
                session.link(deployment)
                self._changed(session)
        self._seeking = [each for each in self._seeking if each.exists and not each.linked]
