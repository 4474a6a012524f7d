"""The kinds of field that several models share."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Generic, Protocol, TypeAlias, TypeVar

import attrs

from edgegap_async.errors import JSON


class NumberOrText(enum.Enum):
    """Marks the fields that the service sends as a number in one place and as text in another."""

    LENIENT = enum.auto()


Number: TypeAlias = Annotated[float, NumberOrText.LENIENT]
"""A float that may arrive as text."""

Count: TypeAlias = Annotated[int, NumberOrText.LENIENT]
"""An int that may arrive as text."""

EXTRA: Final = "extra"
"""The name of the field in which a model keeps what it has no field for."""


_NOTHING: Final[Mapping[str, JSON]] = MappingProxyType({})


def extra_field() -> Mapping[str, JSON]:
    """The field for what the service sent and the model does not know; no part of equality."""
    field: Any = attrs.field(default=_NOTHING, eq=False, repr=False, kw_only=True)
    return field  # type: ignore[no-any-return]


@attrs.frozen(kw_only=True)
class Message:
    """What the service says when it has done something and has nothing else to tell."""

    message: str | None = None
    extra: Mapping[str, JSON] = extra_field()


class State(enum.StrEnum):
    """The state of a deployment, a session or a relay.

    An open enumeration: ``State("Status.Ready")`` is ``State.READY``, whatever the prefix and the case, and a state
    that is not listed here becomes a member of its own name with ``known`` false instead of an error.
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
        stranger = str.__new__(cls, name)
        stranger._name_ = name
        stranger._value_ = name
        return stranger

    @property
    def known(self) -> bool:
        """Whether the state is one of those listed here."""
        return self._name_ in type(self).__members__

    @property
    def failed(self) -> bool:
        """Whether it will never be READY; a session that found no server is unprocessable."""
        return self._name_ in {"ERROR", "UNPROCESSABLE"}

    @property
    def gone(self) -> bool:
        """Whether a server in this state no longer serves anybody, or is about to stop."""
        return self in {State.TERMINATING, State.TERMINATED}


class Progress(enum.Enum):
    """How far something is that can be awaited, whatever its kind and its states."""

    PENDING = "not ready yet"
    INCOMPLETE = "ready, and something of it is missing still"
    READY = "ready"
    FAILED = "in error"
    GONE = "gone, or about to"


def progress_of(state: State | None, *, complete: bool) -> Progress:
    """What a state means for somebody who waits; ``complete`` is whether one that is READY has all it should have."""
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
    """One look at something that can be awaited."""

    @property
    def state(self) -> State | None:
        """The state it is in, None where this look does not say."""
        ...

    @property
    def progress(self) -> Progress:
        """What that means for somebody who waits."""
        ...

    @property
    def reason(self) -> str | None:
        """Why it failed, in the service's words, or what it lacks while it is incomplete."""
        ...


SnapshotT = TypeVar("SnapshotT", bound=Snapshot)


@attrs.frozen(kw_only=True)
class StateChange(Generic[SnapshotT]):
    """A change of the state of something that is waited for or watched.

    Attributes:
        id: The id of the deployment, session, relay session or lobby.
        old: The state before, None the first time.
        new: The state now, None where the response does not say.
        snapshot: The response that showed it.
    """

    id: str
    old: State | None
    new: State | None
    snapshot: SnapshotT

    @property
    def request_id(self) -> str:
        """The same as ``id``: the name that a deployment's id has elsewhere."""
        return self.id

    def __str__(self) -> str:
        return f"{self.id}: {self.old or 'requested'} -> {self.new or 'unknown'}"
