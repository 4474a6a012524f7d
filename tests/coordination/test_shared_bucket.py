"""A bucket that several processes share: their total stays below the limit, is used in full, and divided fairly."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import looptime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.simulated.store import SimulatedStore, SimulatedStoreServer
from edgegap_async.coordination.shared_bucket import AnnouncingBucket, SharedBucket
from edgegap_async.coordination.shared_slots import SharedSlots
from edgegap_async.coordination.store import Membership, SlotRequest, StoreError
from edgegap_async.errors import DeadlineExceeded
from edgegap_async.limits import Priority, TokenBucket, bucket_under

EPSILON = 1e-5
HEARTBEAT = 0.4
STORE_TIME = 1.8e9


def virtually(work: Coroutine[Any, Any, Any]) -> Any:
    """Run in an event loop with virtual time."""
    loop = looptime.new_event_loop(start=1000.0)
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def now() -> float:
    return asyncio.get_running_loop().time()


def most_within(moments: list[float], span: float = 1.0) -> int:
    """Return the largest number of moments in any span of that length."""
    most = first = 0
    moments = sorted(moments)
    for last, moment in enumerate(moments):
        while moment - moments[first] > span + EPSILON:
            first += 1
        most = max(most, last - first + 1)
    return most


class Process:
    """One process: its handle of the store, its slots and its bucket."""

    def __init__(self, processes: Processes, index: int, limits: TokenBucket) -> None:
        self.index = index
        self.processes = processes
        self.store = SimulatedStore(processes.server)
        self.slots = SharedSlots(self.store, self.lose)
        self.bucket = SharedBucket("deploy", limits, self.slots, processes.announce)
        self.used: list[float] = []
        self.connect()

    def connect(self) -> None:
        self.slots.connect()
        self.bucket.drop_slots()

    def lose(self, _: StoreError | None = None) -> None:
        if self.slots._is_connected:
            self.slots.disconnect()
            self.bucket.drop_slots()

    async def acquire(self, **options: Any) -> float:
        waited = await self.bucket.acquire(**options)
        self.used.append(now())
        return waited

    async def acquire_forever(self) -> None:
        while True:
            await self.acquire()


class Processes:
    """Several processes with one store, and what the coordination does for their buckets."""

    def __init__(self, number: int, limits: TokenBucket, latency: float) -> None:
        began = now()
        self.server = SimulatedStoreServer(lambda: STORE_TIME + now() - began, lambda: latency)
        self.members = [Process(self, index, limits) for index in range(number)]
        self.tasks: set[asyncio.Task[Any]] = {asyncio.create_task(self.beat())}

    def announce(self, bucket: str, seconds: float) -> None:
        for each in self.members:
            asyncio.get_running_loop().call_later(0.005, each.bucket.pause, seconds)

    async def beat(self) -> None:
        while True:
            for each in self.members:
                if not self.server.down:
                    membership = Membership(
                        time=self.server.now() / 1e6,
                        members=len(self.members),
                        index=each.index,
                        leader="",
                        term=1,
                        was_known=True,
                    )
                    each.slots.update(membership, now())
                else:  # a heartbeat fails
                    asyncio.get_running_loop().call_later(self.server.failure_seconds, self.fail, each)
            await asyncio.sleep(HEARTBEAT)

    def fail(self, each: Process) -> None:
        if self.server.down:
            each.lose()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        return task

    async def come_back(self) -> None:
        self.server.down = False
        for each in self.members:
            asyncio.get_running_loop().call_later(0.5 * each.index / len(self.members), each.connect)
        await asyncio.sleep(0.5)

    @property
    def used(self) -> list[float]:
        return sorted(itertools.chain(*(each.used for each in self.members)))

    @property
    def round_trips(self) -> int:
        return sum(each.store.round_trips for each in self.members)


@asynccontextmanager
async def processes(
    number: int, limits: TokenBucket | float = 10, *, latency: float = 0.002, full: bool = True
) -> AsyncIterator[Processes]:
    """Yield processes whose bucket is full."""
    limits = limits if isinstance(limits, TokenBucket) else bucket_under(limits)
    found = Processes(number, limits, latency)
    if full:
        await found.members[0].store.reserve(
            SlotRequest(
                bucket="deploy", rate=limits.rate, capacity=limits.capacity, count=0, longest_delay=0, horizon=0
            )
        )
        await asyncio.sleep(10)
    for each in found.members:
        each.store.round_trips = 0
    try:
        yield found
    finally:
        for task in found.tasks:
            task.cancel()
        await asyncio.gather(*found.tasks, return_exceptions=True)
        reserving = [each.bucket._reserving for each in found.members if each.bucket._reserving is not None]
        for each in reserving:
            each.cancel()
        await asyncio.gather(*reserving, return_exceptions=True)
        await asyncio.gather(*(each.slots.close() for each in found.members))
        await asyncio.sleep(1)  # what is under way in the store


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("limit", "number", "latency"),
    [(10, 1, 0.05), (10, 4, 0.005), (10, 50, 0.0002), (20, 4, 0.0002), (20, 50, 0.05), (40, 1, 0.005), (40, 4, 0.05)],
)
async def test_busy_processes_use_the_limit_and_share_it_fairly(limit: int, number: int, latency: float) -> None:
    async with processes(number, limit, latency=latency) as found:
        for each in found.members:
            for _ in range(20):
                found.start(each.acquire_forever())
        await asyncio.sleep(4)
        since, trips = now(), found.round_trips
        await asyncio.sleep(8)
        late = [moment for moment in found.used if moment > since]
        rate = 0.95 * limit
        assert most_within(found.used) <= limit
        assert len(late) >= 0.95 * rate * 8
        assert found.round_trips - trips <= 1.1 * len(late)
        counts = [len(each.used) for each in found.members]
        assert max(counts) - min(counts) <= max(0.35 * max(counts), 2)


@settings(deadline=None, max_examples=20)
@given(
    number=st.integers(1, 6),
    rate=st.floats(2, 60),
    capacity=st.floats(1, 4),
    latency=st.sampled_from([0.0, 0.0002, 0.02]),
    arrivals=st.lists(
        st.tuples(
            st.floats(0, 3), st.integers(0, 5), st.sampled_from(Priority), st.one_of(st.none(), st.floats(0.001, 2))
        ),
        min_size=1,
        max_size=50,
    ),
    span=st.floats(0.05, 3),
)
def test_no_span_exceeds_capacity_plus_rate_times_span(
    number: int,
    rate: float,
    capacity: float,
    latency: float,
    arrivals: list[tuple[float, int, Priority, float | None]],
    span: float,
) -> None:
    async def scenario() -> list[float]:
        async with processes(number, TokenBucket(rate, capacity), latency=latency) as found:

            async def arrive(after: float, index: int, priority: Priority, give_up_after: float | None) -> None:
                await asyncio.sleep(after)
                with contextlib.suppress(TimeoutError):  # some waiters give up
                    async with asyncio.timeout(give_up_after):
                        await found.members[index % number].acquire(priority=priority)

            await asyncio.gather(*(arrive(*arrival) for arrival in arrivals))
            assert [each.bucket.waiting for each in found.members] == [0] * number
            return found.used

    used: list[float] = virtually(scenario())
    # a slot that a cancelled task leaves may be used up to 15 ms later
    assert most_within(used, span) <= math.floor(capacity + rate * (span + 0.015) + EPSILON)


@pytest.mark.looptime
async def test_an_idle_process_sends_nothing_to_the_store() -> None:
    async with processes(3) as found:
        await found.members[0].acquire()
        trips = found.round_trips
        await asyncio.sleep(30)
        assert found.round_trips == trips == 1


@pytest.mark.looptime
@pytest.mark.parametrize("number", [1, 4])
async def test_an_urgent_call_overtakes_polls(number: int) -> None:
    async with processes(number, 40) as found:
        for each in found.members:
            for _ in range(300):
                found.start(each.acquire(priority=Priority.POLL))
        await asyncio.sleep(2)
        waited = await found.members[0].acquire(priority=Priority.URGENT)
        assert waited <= (2 * number + 2) / 38


@pytest.mark.looptime
async def test_a_deadline_that_cannot_be_met_is_refused_at_once() -> None:
    async with processes(2) as found:
        first, second = found.members
        for _ in range(30):
            found.start(first.acquire())
        await asyncio.sleep(1)
        began = now()
        with pytest.raises(DeadlineExceeded, match=r"of all processes has no slot in time: .*\(9.5 a second, 2\d wait"):
            await first.acquire(timeout=0.8)
        assert now() == began, "the own queue is too long"
        trips = second.store.round_trips
        with pytest.raises(DeadlineExceeded, match="no slot in time"):
            await second.acquire(timeout=0.012)
        assert now() - began < 0.01, "after one round trip"
        assert second.store.round_trips == trips + 1
        assert await second.acquire(timeout=0.6) <= 0.6


@pytest.mark.looptime
async def test_a_deadline_that_ends_in_a_pause_is_refused_at_once() -> None:
    async with processes(2) as found:
        first, second = found.members
        assert first.bucket.slow_down(3) == 3
        await asyncio.sleep(0.02)
        for each in (first, second):
            began = now()
            with pytest.raises(DeadlineExceeded, match=r"the next one is 2\.9"):
                await each.acquire(timeout=2.5)
            assert now() == began
            assert each.bucket.slot_in() == pytest.approx(2.98, abs=0.01)


@pytest.mark.looptime
async def test_a_deadline_ends_although_others_overtake() -> None:
    async with processes(1) as found:
        (only,) = found.members
        for _ in range(3):
            await only.acquire()
        poll = found.start(only.acquire(timeout=0.25, priority=Priority.POLL))
        await asyncio.sleep(0)
        for _ in range(20):
            found.start(only.acquire(priority=Priority.URGENT))
        began = now()
        await asyncio.wait([poll])
        assert now() - began <= 0.26


@pytest.mark.looptime
async def test_a_429_in_one_process_pauses_and_slows_all() -> None:
    async with processes(3, 20) as found:
        for each in found.members:
            for _ in range(20):
                found.start(each.acquire_forever())
        await asyncio.sleep(2)
        refused = now()
        assert found.members[1].bucket.slow_down(1.5, sent_at=refused - 0.1) == 1.5
        assert found.members[2].bucket.slow_down(None, sent_at=refused - 0.1) == 1.0
        await asyncio.sleep(4.5)
        used = [moment - refused for moment in found.used]
        assert [moment for moment in used if 0.006 < moment < 1.499] == []
        after = [moment for moment in used if moment > 1.499]
        assert len(after) == pytest.approx(3 * 0.73 * 19, abs=3)
        assert {round(each.bucket.rate / 19, 1) for each in found.members} <= {0.7, 0.8}
        assert len({index for index, each in enumerate(found.members) if each.used[-1] > refused + 3}) == 3


@pytest.mark.looptime
@pytest.mark.parametrize("failure_seconds", [0.0, 0.5])
@pytest.mark.parametrize(("limit", "number"), [(10, 4), (10, 50), (40, 1), (40, 50)])
async def test_processes_go_on_with_their_shares_while_the_store_is_lost(
    limit: int, number: int, failure_seconds: float
) -> None:
    async with processes(number, limit) as found:
        found.server.failure_seconds = failure_seconds
        for each in found.members:
            for _ in range(3):
                found.start(each.acquire_forever())
        await asyncio.sleep(4)
        lost_at, found.server.down = now(), True
        await asyncio.sleep(8)
        assert found.members[0].bucket.rate == pytest.approx(0.95 * limit / number)
        back_at = now()
        await found.come_back()
        await asyncio.sleep(12)
        used = found.used
        assert most_within(used) <= limit
        assert max(later - earlier for earlier, later in pairwise(used) if later > lost_at) <= 1.6
        while_lost = [moment for moment in used if lost_at + 2 < moment < back_at]
        assert len(while_lost) >= 0.95 * 0.95 * limit * 6 - 1
        again = [moment for moment in used if moment > back_at + 4.5]
        assert len(again) >= 0.95 * 0.95 * limit * 8 - 1
        assert found.members[0].bucket.rate == pytest.approx(0.95 * limit)


@pytest.mark.looptime
async def test_cancelled_waiters_hang_no_others_and_waste_only_what_is_reserved() -> None:
    rng = random.Random(5)
    async with processes(2, 20) as found:
        for round_ in range(60):
            each = found.members[round_ % 2]
            tasks = [found.start(each.acquire()) for _ in range(4)]
            # before the reservation, while it is under way, and after it
            await asyncio.sleep(rng.choice([0, 0.001, 0.003, 0.005, 0.02, 0.06]))
            for task in tasks[:2]:
                task.cancel()
            assert not [task for task in await asyncio.gather(*tasks[2:]) if task > 1]
            assert each.bucket.waiting == 0
        assert most_within(found.used) <= 20
        took = found.used[-1] - found.used[0]
        assert len(found.used) >= 120
        assert took <= 60 * 6 / 19, "of four slots, at most two are wasted, and many are used by the next"


@pytest.mark.looptime
async def test_the_slot_of_a_waiter_that_is_cancelled_as_it_gets_it_goes_to_the_next() -> None:
    async with processes(1) as found:
        (only,) = found.members
        await only.acquire()
        await asyncio.sleep(5)
        first = found.start(only.acquire())
        await asyncio.sleep(0)
        second = found.start(only.acquire())
        serve = only.bucket._queue.serve

        def serve_and_cancel() -> bool:
            served = serve()
            only.bucket._queue.serve = serve  # type: ignore[method-assign]
            first.cancel()
            return served

        only.bucket._queue.serve = serve_and_cancel  # type: ignore[method-assign]
        began = now()
        await asyncio.wait([first, second])
        assert first.cancelled()
        assert now() - began <= 0.006, "its slot was due at once"


@pytest.mark.looptime
async def test_a_slot_that_is_returned_in_a_pause_is_not_used() -> None:
    async with processes(1) as found:
        (only,) = found.members
        only.bucket.pause(2)
        only.bucket._on_left(True)
        assert await only.acquire() >= 1.99


async def test_a_stalled_event_loop_does_not_release_a_burst() -> None:
    server = SimulatedStoreServer(lambda: STORE_TIME + now())
    slots = SharedSlots(SimulatedStore(server), lambda _: None)
    slots.connect()
    bucket = SharedBucket("deploy", TokenBucket(100), slots, lambda *_: None)
    moments: list[float] = []

    async def wait() -> None:
        await bucket.acquire()
        moments.append(now())

    waiters = [asyncio.create_task(wait()) for _ in range(25)]
    await asyncio.sleep(0.26)
    stalled_until = now() + 0.1
    while now() < stalled_until:
        pass
    await asyncio.gather(*waiters)
    assert most_within(moments, 0.05) <= 8


@pytest.mark.looptime
async def test_slot_in_is_when_acquire_returns_as_far_as_is_known() -> None:
    async with processes(1) as found:
        (only,) = found.members
        assert only.bucket.slot_in() == 0
        await only.acquire()
        assert only.bucket.slot_in() == pytest.approx(1 / 9.5 - 0.01, abs=0.005)
        for _ in range(8):
            found.start(only.acquire(priority=Priority.POLL))
        await asyncio.sleep(0.05)
        for priority in Priority:
            expected = only.bucket.slot_in(priority)
            assert await only.acquire(priority=priority) == pytest.approx(expected, abs=0.01)


@pytest.mark.looptime
async def test_10_000_waiters_are_woken_once_each_in_order() -> None:
    async with processes(1, TokenBucket(200_000)) as found:
        order: list[int] = []

        async def wait(number: int) -> None:
            await found.members[0].acquire()
            order.append(number)

        await asyncio.gather(*(wait(number) for number in range(10_000)))
        assert order == list(range(10_000))
        assert found.round_trips <= 100


@pytest.mark.looptime
async def test_a_bucket_of_one_process_announces_its_pauses() -> None:
    announced: list[tuple[str, float]] = []
    bucket = AnnouncingBucket("stop", TokenBucket(10, 2), lambda *pause: announced.append(pause))
    assert (bucket.rate, bucket.capacity) == (10, 2)
    assert bucket.slow_down(2.5) == 2.5
    assert await bucket.acquire() == pytest.approx(2.5)
    assert announced == [("stop", 2.5)]


@pytest.mark.looptime
async def test_a_bucket_shows_its_rate_and_its_waiters() -> None:
    async with processes(1) as found:
        found.start(found.members[0].acquire())
        await asyncio.sleep(0)
        assert repr(found.members[0].bucket) == "SharedBucket(deploy, rate=9.5, waiting=1)"
