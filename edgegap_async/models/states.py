"""States, progress and changes of everything that can be waited for."""

from __future__ import annotations

import enum
from typing import Generic, Protocol, TypeVar

import attrs


class State(enum.StrEnum):
    """The state of a deployment, a session or a relay session.

    The enumeration is open. ``State("Status.Ready")`` is ``State.READY``: prefix and case are ignored. A state that is
    not listed here does not raise; it becomes a member with its own name whose ``known`` is false::

        state = State("Status.HIBERNATING")
        assert state == "HIBERNATING" and not state.known
    """

    INITIALIZING = "INITIALIZING"
    SEEKING = "SEEKING"
    SEEKED = "SEEKED"
    SCANNING = "SCANNING"
    DEPLOYING = "DEPLOYING"
    READY = "READY"
    ERROR = "ERROR"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"

    @classmethod
    def _missing_(cls, value: object) -> State | None:
        if not isinstance(value, str):
            return None
        name = value.strip().rpartition(".")[2].upper()
        if name in cls.__members__:
            return cls.__members__[name]
        unlisted = str.__new__(cls, name)
        unlisted._name_ = name
        unlisted._value_ = name
        return unlisted

    @property
    def known(self) -> bool:
        """Whether the state is one of those listed here."""
        return self._name_ in type(self).__members__

    @property
    def failed(self) -> bool:
        """Whether it will never be READY: ERROR, or UNPROCESSABLE for a session that found no server."""
        return self._name_ in {"ERROR", "UNPROCESSABLE"}

    @property
    def gone(self) -> bool:
        """Whether it is TERMINATING or TERMINATED: a server in this state accepts no players any more."""
        return self in {State.TERMINATING, State.TERMINATED}


class Progress(enum.Enum):
    """How a wait continues after a snapshot, whatever is waited for."""

    PENDING = "not ready yet"
    INCOMPLETE = "ready, but its address, its ports or another required part is still missing"
    READY = "ready"
    FAILED = "in error"
    GONE = "terminating or terminated"


def progress_of(state: State | None, *, complete: bool) -> Progress:
    """Return how a wait continues after a snapshot.

    Args:
        state: The state in the snapshot, None if the snapshot has none.
        complete: Whether everything that is needed to use it is there, once the state is READY.
    """
    if state is None:
        return Progress.PENDING
    if state.failed:
        return Progress.FAILED
    if state.gone:
        return Progress.GONE
    if state is not State.READY:
        return Progress.PENDING
    return Progress.READY if complete else Progress.INCOMPLETE


class Snapshot(Protocol):
    """What one response shows of something that can be waited for."""

    @property
    def state(self) -> State | None:
        """The current state, None if the response has none."""
        ...

    @property
    def progress(self) -> Progress:
        """How a wait continues after this snapshot."""
        ...

    @property
    def reason(self) -> str | None:
        """Why it failed, in the service's words; or, while it is incomplete, what is missing."""
        ...


SnapshotT = TypeVar("SnapshotT", bound=Snapshot)


@attrs.frozen(kw_only=True)
class StateChange(Generic[SnapshotT]):
    """A change of the state of something that is waited for or watched.

    Attributes:
        id: The id of the deployment, session, relay session or lobby.
        old: The state before the change, None for the first snapshot.
        new: The state after the change, None if the response has none.
        snapshot: The response that shows the new state.
    """

    id: str
    old: State | None
    new: State | None
    snapshot: SnapshotT

    @property
    def request_id(self) -> str:
        """The same as ``id``, under the name that a deployment's id has elsewhere."""
        return self.id

    def __str__(self) -> str:
        return f"{self.id}: {self.old or 'requested'} -> {self.new or 'unknown'}"
