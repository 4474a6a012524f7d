"""A coordination store in memory, for processes that are simulated in one event loop: see ``CoordinationStore``.

Its times and slots are those of the scripts beside ``edgegap_async.coordination.valkey``, to the last digit.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from typing import Final, TypeVar

import attrs

from edgegap_async.coordination.store import (
    KEY_SECONDS,
    LEASE_SECONDS,
    LIVING_SECONDS,
    MEMBER_SECONDS,
    RESPONSE_SECONDS,
    Membership,
    ReservedSlots,
    SlotRequest,
    StoreError,
)
from edgegap_async.limits.adaptive_rate import MIN_RATE_SHARE, RECOVERY_SECONDS, SLOWDOWN_FACTOR

_SECOND: Final = 1_000_000
"""In microseconds, in which the server counts."""

_ResultT = TypeVar("_ResultT")


def _no_latency() -> float:
    return 0.0


@attrs.define
class _Bucket:
    """The state of a bucket, as in ``bucket.lua``."""

    empty_at: float
    slowed_rate: float
    used_at: float
    paused_until: float = 0.0
    slowed_at: float = 0.0

    def rate(self, now: float, full_rate: float) -> float:
        recovered = (now - max(self.slowed_at, self.paused_until)) / (RECOVERY_SECONDS * _SECOND)
        if recovered >= 1:
            return full_rate
        lowest = min(self.slowed_rate, full_rate)
        return lowest + (full_rate - lowest) * max(recovered, 0.0)


class _Subscriber:
    """The messages on their way to one process, in the order in which they were sent; None ends them."""

    def __init__(self, member: str, context: contextvars.Context) -> None:
        self.member = member
        self.arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._context = context
        self._under_way: deque[bytes | None] = deque()
        self._last_arrival = 0.0

    def deliver(self, message: bytes | None, delay: float) -> None:
        loop = asyncio.get_running_loop()
        self._last_arrival = max(self._last_arrival, loop.time() + delay)
        self._under_way.append(message)
        loop.call_at(self._last_arrival, self._arrive, context=self._context)

    def _arrive(self) -> None:
        self.arrived.put_nowait(self._under_way.popleft())  # timers of the same time run in any order


class SimulatedStoreServer:
    """What the processes share. Each has a ``SimulatedStore`` as its handle.

    Attributes:
        latency: Returns the seconds that a request or a response takes.
        failure_seconds: After how many seconds a call fails while the server is down, half a second at most: 0 is a
            server that refuses connections, half a second one that is silent.
    """

    def __init__(self, clock: Callable[[], float], latency: Callable[[], float] = _no_latency) -> None:
        """Create a server that holds nothing.

        Args:
            clock: The server's clock, in seconds.
            latency: Returns the seconds that a request or a response takes.
        """
        self.latency = latency
        self.failure_seconds = RESPONSE_SECONDS
        self.subscribers: dict[_Subscriber, SimulatedStore] = {}
        self.context = contextvars.Context()
        """The context in which the server runs, and messages are under way, whatever becomes of their sender."""
        self._clock = clock
        self._down = False
        self._buckets: dict[str, _Bucket] = {}
        self._beats: dict[str, int] = {}
        self._watches: dict[str, dict[str, bytes]] = {}
        self._values: dict[str, bytes] = {}
        self._leader: str | None = None
        self._term = 0
        self._lease_until = 0.0

    @property
    def down(self) -> bool:
        """Whether every call fails. A server that goes down ends all subscriptions, and keeps what it holds."""
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        self._down = down
        if down:
            for subscriber in self.subscribers:
                subscriber.deliver(None, self.failure_seconds)

    def disconnect(self, handle: SimulatedStore | None) -> None:
        """Forget a process that has ended."""
        if handle is not None:
            handle.down = True
        for subscriber in [each for each, of in self.subscribers.items() if of is handle]:
            del self.subscribers[subscriber]

    def flush(self) -> None:
        """Lose everything that is stored."""
        self._buckets.clear()
        self._beats.clear()
        self._watches.clear()
        self._values.clear()
        self._leader = None
        self._term = 0
        self._lease_until = 0.0

    def now(self) -> int:
        """Return the time of the server's clock, in microseconds."""
        return round(self._clock() * _SECOND)

    def reserve(self, request: SlotRequest) -> ReservedSlots:
        """Do what ``reserve.lua`` does."""
        now = self.now()
        bucket, rate = self._refilled(request, now)
        interval = _SECOND / rate
        earliest = max(now, bucket.paused_until)
        start = max(bucket.empty_at, earliest - request.capacity * interval)
        slot = max(start + interval, earliest)
        longest = request.longest_delay * _SECOND
        delays: list[float] = []
        while len(delays) < request.count and slot - now <= longest:
            delays.append(slot - now)
            slot = max(start + (len(delays) + 1) * interval, earliest)
            longest = request.horizon * _SECOND
        if delays:
            bucket.empty_at = start + len(delays) * interval
        return ReservedSlots(
            delays=tuple(delay / _SECOND for delay in delays), next_delay=(slot - now) / _SECOND, rate=rate
        )

    def slow_down(self, request: SlotRequest, pause: float, age: float) -> None:
        """Do what ``slow_down.lua`` does."""
        now = self.now()
        bucket, rate = self._refilled(request, now)
        if now - age * _SECOND > bucket.slowed_at:
            bucket.slowed_rate = max(rate * SLOWDOWN_FACTOR, request.rate * MIN_RATE_SHARE)
            bucket.slowed_at = now
        bucket.paused_until = max(bucket.paused_until, now + pause * _SECOND)

    def beat(self, member: str, may_lead: bool = True) -> Membership:
        """Do what ``heartbeat.lua`` does."""
        now = self.now()
        self.remove_stale(now)
        was_known = member in self._beats
        self._beats[member] = now
        members = [each for each, at in self._beats.items() if at >= now - MEMBER_SECONDS * _SECOND]
        longest = now + LEASE_SECONDS * _SECOND
        self._lease_until = min(self._lease_until, longest)
        if may_lead and self._leader != member and (self._leader is None or self._lease_until <= now):
            self._leader = member
            self._term = max(self._term + 1, now // 1000)
        if self._leader == member:
            self._lease_until = longest if may_lead else now
        self._publish(b"", to=member)
        return Membership(
            time=now / _SECOND,
            members=len(members),
            index=sum(each < member for each in members),
            leader=self._leader or "",
            term=self._term,
            was_known=was_known,
            watched=sum(len(self._watches.get(each, ())) for each in self._beats) if self._leader == member else 0,
        )

    def leave(self, member: str) -> None:
        """Do what ``leave.lua`` does."""
        self._beats.pop(member, None)
        self._watches.pop(member, None)
        if self._leader == member:
            self._leader = None

    def living(self) -> set[str]:
        """Do what ``living.lua`` does."""
        self.remove_stale(self.now())
        return set(self._beats)

    def shared_value(self, name: str, proposal: bytes) -> bytes:
        """Do what ``shared_value.lua`` does."""
        return self._values.setdefault(name, proposal)

    def update(self, member: str, watches: Mapping[str, bytes | None], messages: Sequence[bytes]) -> None:
        """Do what ``update.lua`` does."""
        of_member = self._watches.setdefault(member, {})
        for name, value in watches.items():
            if value is None:
                of_member.pop(name, None)
            else:
                of_member[name] = value
        for message in messages:
            self._publish(message)

    def _publish(self, message: bytes, to: str | None = None) -> None:
        for subscriber, handle in self.subscribers.items():
            if not handle.is_cut_off() and to in {None, subscriber.member}:
                subscriber.deliver(message, handle.latency())

    def watches(self, without: Collection[str]) -> dict[str, dict[str, bytes]]:
        """Do what ``watches.lua`` does."""
        self.remove_stale(self.now())
        return {
            member: dict(watches)
            for member, watches in self._watches.items()
            if watches and member in self._beats and member not in without
        }

    def remove_stale(self, now: int) -> None:
        """Do what ``members.lua`` does."""
        for member, at in list(self._beats.items()):
            self._beats[member] = min(at, now)
            if at < now - LIVING_SECONDS * _SECOND:
                del self._beats[member]
                self._watches.pop(member, None)

    def _refilled(self, request: SlotRequest, now: int) -> tuple[_Bucket, float]:
        """Do what ``bucket.lua`` does, and return the current rate as well."""
        bucket = self._buckets.get(request.bucket)
        if bucket is None or bucket.used_at <= now - KEY_SECONDS * _SECOND:
            bucket = _Bucket(empty_at=now + request.horizon * _SECOND, slowed_rate=request.rate, used_at=now)
            self._buckets[request.bucket] = bucket
        if bucket.used_at > now:
            step = bucket.used_at - now
            bucket.empty_at -= step
            bucket.paused_until -= step
            bucket.slowed_at -= step
        rate = bucket.rate(now, request.rate)
        bucket.empty_at = max(bucket.empty_at, now - request.capacity * _SECOND / rate)
        bucket.used_at = now
        return bucket, rate


class SimulatedStore:
    """The store as one process sees it.

    Attributes:
        round_trips: How many requests were sent.
    """

    def __init__(self, server: SimulatedStoreServer, latency: Callable[[], float] | None = None) -> None:
        """Connect to a server.

        Args:
            server: The server.
            latency: Returns the seconds that a request or a response takes; None takes the server's.
        """
        self.round_trips = 0
        self._latency = latency
        self._server = server
        self._down = False

    @property
    def down(self) -> bool:
        """Whether this process cannot reach the server; its subscriptions end."""
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        self._down = down
        if down:
            self._end_subscriptions()

    def latency(self) -> float:
        """Return how many seconds a request or a response takes."""
        return (self._latency or self._server.latency)()

    def is_cut_off(self) -> bool:
        """Return whether nothing gets from the server to this process."""
        return self._down or self._server.down

    async def open(self) -> None:
        """Connect."""
        await self._call(lambda: None)

    async def close(self) -> None:
        """Disconnect."""
        self._end_subscriptions()

    async def beat(self, member: str, *, may_lead: bool = True) -> Membership:
        """Send a heartbeat."""
        return await self._call(lambda: self._server.beat(member, may_lead))

    async def leave(self, member: str) -> None:
        """Remove a member, its watches and its lease."""
        await self._call(lambda: self._server.leave(member))

    async def living(self) -> set[str]:
        """Return the ids of the processes that live."""
        return await self._call(self._server.living)

    async def shared_value(self, name: str, proposal: bytes) -> bytes:
        """Return the value of a name; without one, the proposal becomes its value."""
        return await self._call(lambda: self._server.shared_value(name, proposal))

    async def reserve(self, request: SlotRequest) -> ReservedSlots:
        """Reserve slots of a bucket."""
        return await self._call(lambda: self._server.reserve(request))

    async def slow_down(self, request: SlotRequest, *, pause: float, age: float) -> None:
        """Pause a bucket, and lower its rate."""
        await self._call(lambda: self._server.slow_down(request, pause, age))

    async def update(self, member: str, watches: Mapping[str, bytes | None], messages: Sequence[bytes] = ()) -> None:
        """Register what a member waits for, and send messages."""
        await self._call(lambda: self._server.update(member, watches, messages))

    async def watches(self, without: Collection[str] = ()) -> Mapping[str, Mapping[str, bytes]]:
        """Return what each member waits for."""
        return await self._call(lambda: self._server.watches(without))

    async def messages(self, member: str) -> AsyncGenerator[bytes, None]:
        """Yield the messages that are sent from now on, and an empty one at first and after each heartbeat."""
        subscriber = _Subscriber(member, self._server.context)
        await self._call(lambda: self._server.subscribers.update({subscriber: self}))
        try:
            yield b""
            while (message := await subscriber.arrived.get()) is not None:
                yield message
        finally:
            self._server.subscribers.pop(subscriber, None)
        raise StoreError("the connection to the simulated store ended")

    async def _call(self, work: Callable[[], _ResultT]) -> _ResultT:
        """Send a request: it arrives after the latency, and its response as much later.

        A request that is late, or whose caller is cancelled, is carried out nevertheless.
        """
        self.round_trips += 1
        if self.is_cut_off():
            await asyncio.sleep(min(self._server.failure_seconds, RESPONSE_SECONDS))
            raise StoreError("the simulated store cannot be reached")
        loop = asyncio.get_running_loop()
        response: asyncio.Future[_ResultT] = loop.create_future()

        context = self._server.context

        def arrive() -> None:
            if not self.is_cut_off():
                loop.call_later(self.latency(), respond, work(), context=context)

        def respond(result: _ResultT) -> None:
            if not self.is_cut_off() and not response.done():
                response.set_result(result)

        loop.call_later(self.latency(), arrive, context=context)
        try:
            async with asyncio.timeout(RESPONSE_SECONDS):
                return await response
        except TimeoutError:
            raise StoreError("the simulated store did not respond") from None

    def _end_subscriptions(self) -> None:
        for subscriber, handle in self._server.subscribers.items():
            if handle is self:
                subscriber.deliver(None, self._server.failure_seconds)
