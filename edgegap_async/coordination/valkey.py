"""A coordination store on a Valkey or Redis server."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, cast

from edgegap_async.coordination.connections import Argument, ChannelSubscription, ServerConnectionPool, StoreConnections
from edgegap_async.coordination.scripts import LUA, build_script
from edgegap_async.coordination.server_url import create_pool, pool_of_client
from edgegap_async.coordination.store import (
    KEY_SECONDS,
    LEASE_SECONDS,
    LIVING_SECONDS,
    MEMBER_SECONDS,
    Membership,
    ReservedSlots,
    SlotRequest,
)
from edgegap_async.frames import without_locals
from edgegap_async.limits.adaptive_rate import MIN_RATE_SHARE, RECOVERY_SECONDS, SLOWDOWN_FACTOR

if TYPE_CHECKING:
    from redis.asyncio import Redis

_MICROSECONDS: Final = 1e6
_KEY_MILLISECONDS: Final = round(KEY_SECONDS * 1000)


class ValkeyStore:
    """What the processes of an organisation share, on a Valkey or Redis server: see ``CoordinationStore``.

    Every method is one command or one script. All keys have the same hash tag, and expire a day after their last use.
    """

    clock: ClassVar[str] = LUA["clock"]
    """The part of the scripts that reads the time."""

    @without_locals
    def __init__(self, url_or_client: str | Redis, *, organisation: str) -> None:
        """Connect nothing yet.

        Args:
            url_or_client: The URL of a server (redis, rediss, valkey, valkeys or unix), or a client of the package
                ``redis``, which stays open.
            organisation: What all processes of an organisation have in common, in hexadecimal digits.

        Raises:
            ConfigurationError: The URL or client is not one of a single server.
        """
        self._owns_pool = isinstance(url_or_client, str)
        pool = create_pool(url_or_client) if isinstance(url_or_client, str) else pool_of_client(url_or_client)
        self._connections = StoreConnections(cast("ServerConnectionPool", pool))
        self._prefix = f"edgegap:{{{organisation}}}:"
        self._channel = self._key("messages")
        self._members = self._key("members")
        self._leader = self._key("leader")
        self._watches = self._key("watches:")
        self._values = self._key("values")
        bucket, members = LUA["bucket"], LUA["members"]
        self._reserve = build_script(self.clock, bucket, LUA["reserve"])
        self._slow_down = build_script(self.clock, bucket, LUA["slow_down"])
        self._heartbeat = build_script(self.clock, members, LUA["heartbeat"])
        self._living = build_script(self.clock, members, LUA["living"])
        self._read_watches = build_script(self.clock, members, LUA["watches"])
        self._leave = build_script(LUA["leave"])
        self._share = build_script(LUA["shared_value"])
        self._update = build_script(LUA["update"])

    def __repr__(self) -> str:
        return f"<ValkeyStore at {self._connections.address}>"

    @property
    def round_trips(self) -> int:
        """How many requests were sent to the store."""
        return self._connections.round_trips

    @without_locals
    async def open(self) -> None:
        """Connect.

        Raises:
            StoreError: The server cannot be reached, or refused the password.
        """
        await self._connections.run("PING")

    async def close(self) -> None:
        """Disconnect; a client that was passed in stays open."""
        if self._owns_pool:
            with contextlib.suppress(Exception):  # the connections are closed all the same
                await self._connections.close()

    @without_locals
    async def beat(self, member: str, *, may_lead: bool = True) -> Membership:
        """Send a heartbeat, and become the leader if there is none.

        Args:
            member: The member, which receives an empty message as well.
            may_lead: Whether it may lead; a leader that may not stays the leader until another member's heartbeat.
        """
        reply = await self._connections.run_script(
            self._heartbeat,
            (self._members, self._watches, self._leader, self._values, self._channel_of(member)),
            (LIVING_SECONDS, member, MEMBER_SECONDS, LEASE_SECONDS, _KEY_MILLISECONDS, int(may_lead)),
        )
        time, members, index, leader, term, was_known, watched = cast(
            "tuple[bytes, int, int, bytes, bytes, int, int]", reply
        )
        return Membership(
            time=int(time) / _MICROSECONDS,
            members=members,
            index=index,
            leader=leader.decode(),
            term=int(term),
            was_known=bool(was_known),
            watched=watched,
        )

    @without_locals
    async def leave(self, member: str) -> None:
        """Remove a member, its watches and its lease."""
        keys = (self._members, f"{self._watches}{member}", self._leader)
        await self._connections.run_script(self._leave, keys, (member,))

    @without_locals
    async def living(self) -> set[str]:
        """Return the ids of the processes that sent a heartbeat within ``LIVING_SECONDS`` and did not leave."""
        reply = await self._connections.run_script(self._living, (self._members, self._watches), (LIVING_SECONDS,))
        return {member.decode() for member in cast("list[bytes]", reply)}

    @without_locals
    async def shared_value(self, name: str, proposal: bytes) -> bytes:
        """Return the value of a name; without one, the proposal becomes its value. Heartbeats keep the values."""
        arguments = (name, proposal, _KEY_MILLISECONDS)
        return cast("bytes", await self._connections.run_script(self._share, (self._values,), arguments))

    @without_locals
    async def reserve(self, request: SlotRequest) -> ReservedSlots:
        """Reserve slots of a bucket, in the order in which the store receives the requests."""
        reply = await self._connections.run_script(
            self._reserve,
            (self._key(f"bucket:{request.bucket}"),),
            (*_bucket_arguments(request), request.count, request.longest_delay),
        )
        next_delay, rate, *delays = map(float, cast("list[bytes]", reply))
        return ReservedSlots(
            delays=tuple(delay / _MICROSECONDS for delay in delays),
            next_delay=next_delay / _MICROSECONDS,
            rate=rate,
        )

    @without_locals
    async def slow_down(self, request: SlotRequest, *, pause: float, age: float) -> None:
        """Pause a bucket, and lower its rate as ``TokenBucket.slow_down`` does.

        Args:
            request: The bucket.
            pause: Seconds from now during which no slot is released.
            age: Seconds since the refused request was sent.
        """
        await self._connections.run_script(
            self._slow_down,
            (self._key(f"bucket:{request.bucket}"),),
            (*_bucket_arguments(request), pause, age, SLOWDOWN_FACTOR, MIN_RATE_SHARE),
        )

    @without_locals
    async def update(self, member: str, watches: Mapping[str, bytes | None], messages: Sequence[bytes] = ()) -> None:
        """Register what a member waits for, and send messages, in one round trip.

        Args:
            member: The member.
            watches: Descriptions by name; None removes one.
            messages: Sent to all processes that are subscribed, this one included.
        """
        described = [(name, value) for name, value in watches.items() if value is not None]
        removed = [name for name, value in watches.items() if value is None]
        arguments: list[Argument] = [_KEY_MILLISECONDS, len(described), len(removed)]
        for name, value in described:
            arguments += (name, value)
        arguments += removed
        arguments += messages
        keys = (f"{self._watches}{member}", self._channel)
        await self._connections.run_script(self._update, keys, tuple(arguments))

    @without_locals
    async def watches(self, without: Collection[str] = ()) -> Mapping[str, Mapping[str, bytes]]:
        """Return what each member waits for, by member and name, and remove those of members that do not live.

        Args:
            without: Members whose watches are left out.
        """
        reply = await self._connections.run_script(
            self._read_watches, (self._members, self._watches), (LIVING_SECONDS, *without)
        )
        found = iter(cast("list[bytes | list[bytes]]", reply))
        watches: dict[str, Mapping[str, bytes]] = {}
        for member, pairs in zip(found, found, strict=True):
            items = iter(cast("list[bytes]", pairs))
            of_member = {name.decode(): value for name, value in zip(items, items, strict=True)}
            if of_member:
                watches[cast("bytes", member).decode()] = of_member
        return watches

    @without_locals
    async def messages(self, member: str) -> AsyncGenerator[bytes, None]:
        """Yield the messages that are sent from now on, and an empty one at first and after each of its heartbeats.

        Args:
            member: The member that receives them.

        Raises:
            StoreError: The connection was closed, or nothing was received for four seconds.
        """
        subscription = ChannelSubscription(self._connections)
        try:
            await subscription.open(self._channel, self._channel_of(member))
            yield b""
            while True:
                yield await subscription.receive()
        finally:
            await subscription.close()

    def _channel_of(self, member: str) -> str:
        return f"{self._channel}:{member}"

    def _key(self, name: str) -> str:
        return self._prefix + name


def _bucket_arguments(request: SlotRequest) -> tuple[Argument, ...]:
    """Return what bucket.lua reads."""
    return request.rate, request.capacity, request.horizon, RECOVERY_SECONDS, _KEY_MILLISECONDS
