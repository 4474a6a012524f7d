"""What a coordination store does: it holds what several processes share, and passes messages between them.

All times are those of the store's clock, in seconds, so the clocks of the processes may differ.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

import attrs

LEASE_SECONDS: Final = 1.2
"""How long a leader stays the leader after its last heartbeat."""

MEMBER_SECONDS: Final = 3.0
"""How long a process counts as a member after its last heartbeat: the members divide the rates if the store is lost."""

LIVING_SECONDS: Final = 60.0
"""How long the servers of a process are spared after its last heartbeat: it may only be paused."""

HORIZON_SECONDS: Final = 0.2
"""How far ahead a process reserves more than one slot, unless the store is far away."""

RESPONSE_SECONDS: Final = 0.5
"""How long a process waits for a response of the store."""

KEY_SECONDS: Final = 86400.0
"""After how long without use the store drops what it holds."""


class StoreError(Exception):
    """The store did not respond in time, or refused a command."""


@attrs.frozen(kw_only=True)
class SlotRequest:
    """A request for slots of a shared bucket.

    Attributes:
        bucket: The name of the bucket.
        rate: The full rate of the bucket, in slots a second.
        capacity: How many slots may follow at once after a pause, at least 1.
        count: How many slots to reserve at most.
        longest_delay: Seconds from now within which the first slot must lie; otherwise none is reserved.
        horizon: Seconds from now within which all further slots must lie. A bucket whose state is unknown is empty for
            as long: other processes may still use slots that they reserved before the state was lost.
    """

    bucket: str
    rate: float
    capacity: float
    count: int
    longest_delay: float
    horizon: float = HORIZON_SECONDS


@attrs.frozen(kw_only=True)
class ReservedSlots:
    """The slots that a process may use from now on.

    Attributes:
        delays: Seconds from now until each slot, in order. All but the first lie within the horizon.
        next_delay: Seconds from now until the first slot that is not reserved.
        rate: The current rate, which is below the full one for a while after a 429.
    """

    delays: tuple[float, ...]
    next_delay: float
    rate: float


@attrs.frozen(kw_only=True)
class Membership:
    """The reply to a heartbeat.

    Attributes:
        time: The time of the store's clock.
        members: How many processes sent a heartbeat within ``MEMBER_SECONDS``, this one included.
        index: The place of this process among them, from 0, in the order of their ids.
        leader: The id of the member that polls for all, maybe this one; empty if none may lead.
        term: A number that grows with each change of the leader.
        was_known: Whether the store knew this process before; if not, all that it had stored is lost.
        watched: For the leader, how many watches all members have; otherwise 0.
    """

    time: float
    members: int
    index: int
    leader: str
    term: int
    was_known: bool
    watched: int = 0


@runtime_checkable
class CoordinationStore(Protocol):
    """The store of one organisation. Each method is one round trip at most; a member is named by its id.

    Every method raises ``StoreError`` if the store does not respond within half a second.
    """

    @property
    def round_trips(self) -> int:
        """How many requests were sent to the store."""
        ...

    async def open(self) -> None:
        """Connect."""
        ...

    async def close(self) -> None:
        """Disconnect; a client that was passed in stays open."""
        ...

    async def beat(self, member: str, *, may_lead: bool = True) -> Membership:
        """Send a heartbeat, and become the leader if there is none. The leader's own heartbeat extends its lease.

        Args:
            member: The member, which receives an empty message as well.
            may_lead: Whether it may lead; a leader that may not stays the leader until another member's heartbeat.
        """
        ...

    async def leave(self, member: str) -> None:
        """Remove a member, its watches and its lease."""
        ...

    async def living(self) -> set[str]:
        """Return the ids of the processes that sent a heartbeat within ``LIVING_SECONDS`` and did not leave."""
        ...

    async def shared_value(self, name: str, proposal: bytes) -> bytes:
        """Return the value of a name; without one, the proposal becomes its value. Heartbeats keep the values."""
        ...

    async def reserve(self, request: SlotRequest) -> ReservedSlots:
        """Reserve slots of a bucket, in the order in which the store receives the requests.

        A bucket whose state is unknown, since it is new or was lost, is empty for a time.
        """
        ...

    async def slow_down(self, request: SlotRequest, *, pause: float, age: float) -> None:
        """Pause a bucket, and lower its rate as ``TokenBucket.slow_down`` does.

        Args:
            request: The bucket; its count and longest delay are ignored.
            pause: Seconds from now during which no slot is released.
            age: Seconds since the refused request was sent: of several that were under way together, the first lowers
                the rate.
        """
        ...

    async def update(self, member: str, watches: Mapping[str, bytes | None], messages: Sequence[bytes] = ()) -> None:
        """Register what a member waits for, and send messages, in one round trip.

        Args:
            member: The member.
            watches: Descriptions by name; None removes one.
            messages: Sent to all processes that are subscribed, this one included.
        """
        ...

    async def watches(self, without: Collection[str] = ()) -> Mapping[str, Mapping[str, bytes]]:
        """Return what each member waits for, by member and name, and remove those of members that do not live.

        Args:
            without: Members whose watches are left out.
        """
        ...

    def messages(self, member: str) -> AsyncGenerator[bytes, None]:
        """Yield the messages that are sent from now on, and an empty one after each heartbeat of the member.

        The generator is subscribed once ``anext`` was awaited for an empty message, which comes first.
        """
        ...
