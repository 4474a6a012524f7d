"""The token bucket: its rate is never exceeded, waiters are served in order and woken once, no slot is lost."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from collections.abc import Coroutine
from typing import Any

import looptime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegap_async import errors
from edgegap_async.limits import Priority, TokenBucket, bucket_under, buckets_for

EPSILON = 1e-6


def virtually(work: Coroutine[Any, Any, Any]) -> Any:
    """Run in an event loop with virtual time: hypothesis cannot run async tests."""
    loop = looptime.new_event_loop(start=1000.0)
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def most_within(moments: list[float], span: float) -> int:
    """Return the largest number of moments in any span of that length."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] > span + EPSILON:
            first += 1
        most = max(most, last - first + 1)
    return most


ARRIVALS = st.lists(
    st.tuples(st.floats(0, 3), st.sampled_from(Priority), st.one_of(st.none(), st.floats(0.01, 2))),
    min_size=1,
    max_size=60,
)


@settings(deadline=None, max_examples=60)
@given(rate=st.floats(0.5, 60), capacity=st.floats(1, 8), arrivals=ARRIVALS, span=st.floats(0.05, 3))
def test_no_span_exceeds_capacity_plus_rate_times_span(
    rate: float, capacity: float, arrivals: list[tuple[float, Priority, float | None]], span: float
) -> None:
    async def scenario() -> list[float]:
        loop, bucket = asyncio.get_running_loop(), TokenBucket(rate, capacity)
        moments: list[float] = []

        async def arrive(after: float, priority: Priority, give_up_after: float | None) -> None:
            await asyncio.sleep(after)
            # some waiters give up, a few of them at the very moment they get their slot
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(give_up_after):
                    await bucket.acquire(priority=priority)
                    moments.append(loop.time())

        await asyncio.gather(*(arrive(*arrival) for arrival in arrivals))
        assert bucket.waiting == 0
        return moments

    moments = virtually(scenario())
    assert most_within(moments, span) <= math.floor(capacity + rate * span + EPSILON)


@settings(deadline=None, max_examples=20)
@given(limit=st.integers(1, 60), shift=st.integers(0, 80), rng=st.randoms(use_true_random=False))
def test_no_second_exceeds_the_documented_limit_even_with_jitter(limit: int, shift: int, rng: random.Random) -> None:
    """Requests take between 0 and 40 ms to arrive: those before a moment all of it, those after it any part."""

    async def scenario() -> list[float]:
        loop, bucket = asyncio.get_running_loop(), bucket_under(limit)
        await asyncio.sleep(30)  # the bucket fills up
        moments: list[float] = []
        for _ in range(int(limit * 4) + 5):
            await bucket.acquire()
            moments.append(loop.time())
        return moments

    sent = virtually(scenario())
    arrived = [moment + (0.04 if number < shift else rng.uniform(0, 0.04)) for number, moment in enumerate(sent)]
    assert most_within(sorted(arrived), 1.0) <= limit
    latest_then_earliest = [moment + (0.04 if number < shift else 0.0) for number, moment in enumerate(sent)]
    assert most_within(sorted(latest_then_earliest), 1.0) <= limit


@pytest.mark.looptime
async def test_waiters_are_served_first_come_first_served() -> None:
    bucket = TokenBucket(10)
    order: list[int] = []

    async def wait(number: int) -> None:
        await bucket.acquire()
        order.append(number)

    await asyncio.gather(*(wait(number) for number in range(50)))
    assert order == list(range(50))


@pytest.mark.looptime
async def test_a_full_bucket_releases_its_capacity_at_once_and_then_its_rate() -> None:
    bucket, loop = TokenBucket(10, 3), asyncio.get_running_loop()
    began = loop.time()
    waited = [await bucket.acquire() for _ in range(5)]
    assert waited == pytest.approx([0, 0, 0, 0.1, 0.1])
    assert loop.time() - began == pytest.approx(0.2)


@pytest.mark.looptime
async def test_urgent_waiters_are_first_and_polling_is_not_starved() -> None:
    bucket = TokenBucket(10)
    await bucket.acquire()
    order: list[Priority] = []

    async def wait(priority: Priority) -> None:
        await bucket.acquire(priority=priority)
        order.append(priority)

    await asyncio.gather(
        *(wait(Priority.POLL) for _ in range(10)),
        *(wait(Priority.CALL) for _ in range(10)),
        *(wait(Priority.URGENT) for _ in range(10)),
    )
    assert order[:3].count(Priority.POLL) <= 1
    assert order.index(Priority.URGENT) <= 1
    # while others wait, polling gets one slot in four
    contested = order[:20]
    assert 4 <= contested.count(Priority.POLL) <= 6
    assert order[-1] is Priority.POLL or order[-1] is Priority.CALL


WEIGHTS = {Priority.URGENT: 2, Priority.CALL: 1, Priority.POLL: 1}
"""The slots of four that a priority gets at least while it has waiters."""

# how many waiters arrive together, when, with which priority, and after how long each gives up: in slots of the bucket
WAITERS = st.lists(
    st.tuples(
        st.integers(1, 15), st.integers(0, 20), st.sampled_from(Priority), st.one_of(st.none(), st.integers(1, 30))
    ),
    min_size=3,
    max_size=12,
)


def _served_and_waiting(
    arrivals: list[tuple[int, int, Priority, int | None]],
) -> list[tuple[Priority, set[Priority]]]:
    """Return for each slot who got it, and which priorities waited for it."""

    async def scenario() -> list[tuple[Priority, set[Priority]]]:
        bucket = TokenBucket(10)
        await bucket.acquire()
        await asyncio.sleep(0.05)
        waiting = dict.fromkeys(Priority, 0)
        slots: list[tuple[Priority, set[Priority]]] = []
        order: dict[Priority, list[int]] = {each: [] for each in Priority}

        async def wait(number: int, after: int, priority: Priority, give_up_after: int | None) -> None:
            await asyncio.sleep(after / 10 + number * 1e-4)  # so that nothing is simultaneous
            waiting[priority] += 1
            order[priority].append(number)
            try:
                async with asyncio.timeout(None if give_up_after is None else give_up_after / 10):
                    if await bucket.acquire(priority=priority):
                        slots.append((priority, {each for each, count in waiting.items() if count}))
                    assert number == order[priority][0], "first come, first served"
            except TimeoutError:
                pass
            finally:
                waiting[priority] -= 1
                order[priority].remove(number)

        each_waiter = [arrival for count, *arrival in arrivals for _ in range(count)]
        await asyncio.gather(*(wait(number, *arrival) for number, arrival in enumerate(each_waiter)))
        assert bucket.waiting == 0
        return slots

    slots: list[tuple[Priority, set[Priority]]] = virtually(scenario())
    return slots


@settings(max_examples=60)
@given(arrivals=WAITERS)
def test_each_priority_that_waits_gets_its_share_of_any_window_of_slots(
    arrivals: list[tuple[int, int, Priority, int | None]],
) -> None:
    slots = _served_and_waiting(arrivals)
    for priority, weight in WEIGHTS.items():
        for first in range(len(slots)):
            got = passed_over = 0
            for length, (served, waiting) in enumerate(slots[first:], 1):
                if priority not in waiting:
                    break
                got += served is priority
                passed_over = 0 if served is priority else passed_over + 1
                assert passed_over < 4 / weight + (weight - 1), f"{priority.name} is passed over"
                assert got >= length // 4 * weight, f"{priority.name} got {got} of {length} slots"


@settings(max_examples=60)
@given(
    phase=st.integers(1, 8),
    counts=st.tuples(*(st.integers(0, 40) for _ in Priority)),
    priority=st.sampled_from(Priority),
)
def test_slot_in_is_the_time_that_acquire_waits(phase: int, counts: tuple[int, ...], priority: Priority) -> None:
    async def scenario() -> tuple[float, float, bool]:
        bucket = TokenBucket(10)
        for _ in range(phase):
            await bucket.acquire()
        others = [
            asyncio.create_task(bucket.acquire(priority=each))
            for each, count in zip(Priority, counts, strict=True)
            for _ in range(count)
        ]
        await asyncio.sleep(0)
        expected = bucket.slot_in(priority)
        try:
            await bucket.acquire(timeout=expected - 0.01, priority=priority)
        except errors.DeadlineExceeded:
            is_refused = True
        else:
            is_refused = False
        waited = await bucket.acquire(timeout=expected + 0.01, priority=priority)
        await asyncio.gather(*others)
        return expected, waited, is_refused

    expected, waited, is_refused = virtually(scenario())
    assert is_refused
    assert waited == pytest.approx(expected, abs=1e-4)


@pytest.mark.looptime
async def test_calls_are_not_starved_between_urgent_calls_and_polling() -> None:
    bucket, loop = TokenBucket(40), asyncio.get_running_loop()
    ends, got = loop.time() + 3, dict.fromkeys(Priority, 0)

    async def repeat(priority: Priority) -> None:
        while loop.time() < ends:
            await bucket.acquire(priority=priority)
            got[priority] += 1

    await asyncio.gather(*(repeat(each) for each in Priority for _ in range(20)))
    assert got[Priority.URGENT] == pytest.approx(60, abs=25)  # the last of each task come after the end
    assert got[Priority.CALL] >= 30
    assert got[Priority.POLL] >= 30


@pytest.mark.looptime
async def test_a_slot_that_is_taken_at_once_is_a_turn() -> None:
    bucket = TokenBucket(rate=10, capacity=4)
    order: list[Priority] = []

    async def wait(priority: Priority) -> None:
        await bucket.acquire(priority=priority)
        order.append(priority)

    for _ in range(4):
        assert await bucket.acquire() == 0.0
    await asyncio.gather(wait(Priority.URGENT), wait(Priority.POLL))
    assert order == [Priority.POLL, Priority.URGENT]


@pytest.mark.looptime
async def test_the_share_of_a_priority_without_waiters_goes_to_the_highest_that_waits() -> None:
    bucket = TokenBucket(10)
    await bucket.acquire()
    order: list[Priority] = []

    async def wait(priority: Priority) -> None:
        await bucket.acquire(priority=priority)
        order.append(priority)

    await asyncio.gather(*(wait(each) for each in (Priority.CALL, Priority.POLL) for _ in range(16)))
    assert [order[:16].count(each) for each in Priority] == [0, 12, 4]


@pytest.mark.looptime
async def test_a_new_task_does_not_take_the_slot_of_a_waiter() -> None:
    bucket = TokenBucket(1, 2)
    bucket.pause(5)
    newcomers: list[asyncio.Task[float]] = []

    async def cancel_other() -> None:
        await bucket.acquire()
        cancelled.cancel()  # returns its slot, which becomes available before the timer of the waiter fires
        newcomers.append(asyncio.create_task(bucket.acquire()))

    canceller = asyncio.create_task(cancel_other())
    await asyncio.sleep(0)
    cancelled = asyncio.create_task(bucket.acquire())
    waiter = asyncio.create_task(bucket.acquire())
    await canceller
    assert await waiter == pytest.approx(5.0)
    assert await newcomers[0] == pytest.approx(1.0)


@pytest.mark.looptime
async def test_polling_behind_a_long_urgent_queue_is_not_refused() -> None:
    bucket = TokenBucket(10)
    await bucket.acquire()
    urgent = [asyncio.create_task(bucket.acquire(priority=Priority.URGENT)) for _ in range(40)]
    await asyncio.sleep(0)
    assert bucket.slot_in(Priority.POLL) == pytest.approx(0.4, abs=0.01)  # every fourth slot is for polling
    assert await bucket.acquire(timeout=0.5, priority=Priority.POLL) <= 0.41
    await asyncio.gather(*urgent)


@pytest.mark.looptime
async def test_the_slot_of_a_cancelled_waiter_goes_to_the_next() -> None:
    bucket, loop = TokenBucket(1), asyncio.get_running_loop()
    await bucket.acquire()
    began = loop.time()
    first, second, third = (asyncio.create_task(bucket.acquire()) for _ in range(3))
    await asyncio.sleep(0.5)
    first.cancel()
    second.cancel()
    await third
    assert loop.time() - began == pytest.approx(1.0)
    assert bucket.waiting == 0


async def cancelled_with_its_slot(bucket: TokenBucket) -> tuple[asyncio.Task[None], asyncio.Task[float]]:
    """Two waiters of a bucket that pauses for 5 s: the first cancels the second as both get their slots."""
    bucket.pause(5)

    async def cancel_other() -> None:
        await bucket.acquire()
        cancelled.cancel()  # it got its slot together with this task, and did not run yet

    canceller = asyncio.create_task(cancel_other())
    await asyncio.sleep(0)
    cancelled = asyncio.create_task(bucket.acquire())
    return canceller, cancelled


@pytest.mark.looptime
async def test_a_waiter_cancelled_as_it_gets_its_slot_returns_the_slot() -> None:
    bucket, loop = TokenBucket(1, 2), asyncio.get_running_loop()
    began = loop.time()
    canceller, cancelled = await cancelled_with_its_slot(bucket)
    after = asyncio.create_task(bucket.acquire())
    await asyncio.gather(canceller, after)
    assert cancelled.cancelled()
    assert loop.time() - began == pytest.approx(5.0)


@pytest.mark.looptime
async def test_acquire_fails_at_once_if_the_queue_is_too_long_for_its_timeout() -> None:
    bucket, loop = TokenBucket(2), asyncio.get_running_loop()
    others = [asyncio.create_task(bucket.acquire()) for _ in range(10)]
    await asyncio.sleep(0)
    began = loop.time()
    with pytest.raises(
        errors.DeadlineExceeded, match=r"no slot within 1 s: the next one is 5 s away \(2 a second, 9 waiting\)"
    ):
        await bucket.acquire(timeout=1)
    assert loop.time() == began
    await asyncio.gather(*others)


@pytest.mark.looptime
async def test_acquire_fails_at_its_timeout_if_later_waiters_overtake_it() -> None:
    bucket, loop = TokenBucket(2), asyncio.get_running_loop()
    await bucket.acquire()
    patient = asyncio.create_task(bucket.acquire(timeout=0.75, priority=Priority.POLL))
    await asyncio.sleep(0)
    began = loop.time()
    urgent = [asyncio.create_task(bucket.acquire(priority=Priority.URGENT)) for _ in range(3)]
    with pytest.raises(TimeoutError):
        await patient
    assert loop.time() - began == pytest.approx(0.75)
    await asyncio.gather(*urgent)


@pytest.mark.looptime
async def test_a_pause_holds_all_waiters_and_accumulates_no_slots() -> None:
    bucket, loop = TokenBucket(10, 2), asyncio.get_running_loop()
    began = loop.time()
    bucket.pause(3)
    bucket.pause(1)  # the longer pause stays in effect
    moments: list[float] = []

    async def wait() -> None:
        await bucket.acquire()
        moments.append(loop.time() - began)

    await asyncio.gather(*(wait() for _ in range(4)))
    assert moments == pytest.approx([3.0, 3.0, 3.1, 3.2])


@pytest.mark.looptime
async def test_a_429_lowers_the_rate_once_and_the_rate_recovers() -> None:
    bucket, loop = TokenBucket(10), asyncio.get_running_loop()
    sent = loop.time()
    assert bucket.slow_down(sent_at=sent) == 1.0
    assert (
        bucket.slow_down(retry_after=2.5, sent_at=sent) == 2.5
    )  # was under way already: the rate drops once, the pause is longer
    assert await bucket.acquire() == pytest.approx(2.5)
    assert bucket.rate == pytest.approx(7.0)
    slow = [await bucket.acquire() for _ in range(10)]
    assert sum(slow) / 10 == pytest.approx(1 / 7, rel=0.05)
    await asyncio.sleep(60)
    await bucket.acquire()
    assert bucket.rate == 10


@pytest.mark.looptime
async def test_repeated_429s_never_lower_the_rate_below_a_tenth() -> None:
    bucket = TokenBucket(10)
    for _ in range(50):
        bucket.slow_down(retry_after=0.0)
        await bucket.acquire()
    assert 1.0 <= bucket.rate < 1.5


@pytest.mark.looptime
async def test_429s_in_a_row_lower_the_rate_to_a_tenth() -> None:
    bucket = TokenBucket(10)
    for _ in range(50):
        bucket.slow_down(retry_after=0.0)
    # the bucket holds a token of 0.1 s at the full rate, and a slot takes 1 s at a tenth of it
    assert await bucket.acquire() == pytest.approx(0.9, abs=0.01)


@pytest.mark.looptime
async def test_200_waiters_are_woken_once_each() -> None:
    bucket, loop = TokenBucket(20), asyncio.get_running_loop()
    timers = 0
    call_at = loop.call_at

    def counted(*args: Any, **kwargs: Any) -> asyncio.TimerHandle:
        nonlocal timers
        timers += 1
        return call_at(*args, **kwargs)

    loop.call_at = counted  # type: ignore[method-assign]
    steps = 0

    class Counted(asyncio.Future[None]):
        def add_done_callback(self, *args: Any, **kwargs: Any) -> None:
            nonlocal steps
            steps += 1
            super().add_done_callback(*args, **kwargs)

    loop.create_future = lambda: Counted(loop=loop)  # type: ignore[method-assign]
    await asyncio.gather(*(bucket.acquire() for _ in range(200)))
    assert timers <= 200
    assert steps <= 200 + 1  # one for each waiter, one for gather


async def test_a_stalled_event_loop_does_not_release_a_burst() -> None:
    bucket, loop = TokenBucket(100), asyncio.get_running_loop()
    moments: list[float] = []

    async def wait() -> None:
        await bucket.acquire()
        moments.append(loop.time())

    waiters = [asyncio.create_task(wait()) for _ in range(20)]
    await asyncio.sleep(0)
    stalled_until = loop.time() + 0.1
    while loop.time() < stalled_until:
        pass
    await asyncio.gather(*waiters)
    assert most_within(moments, 0.0999) <= 11


@pytest.mark.parametrize(("rate", "capacity"), [(0, 1), (-1, 1), (math.nan, 1), (1, 0.5), (1, math.inf), (1, math.nan)])
def test_an_invalid_rate_or_capacity_is_refused(rate: float, capacity: float) -> None:
    with pytest.raises(errors.ConfigurationError, match="must be"):
        TokenBucket(rate, capacity)


async def test_an_infinite_rate_does_not_wait_except_for_a_pause() -> None:
    bucket = TokenBucket(math.inf)
    assert sum([await bucket.acquire() for _ in range(1000)]) == 0
    bucket.slow_down(retry_after=0.05)
    assert 0.04 < await bucket.acquire() < 1
    assert bucket.rate == math.inf


def test_the_documented_rates_are_used_at_95_percent() -> None:
    rates = {name: bucket.rate for name, bucket in buckets_for("documented").items()}
    assert rates == pytest.approx({"deploy": 38, "status": 19, "list": 9.5, "hosts": 9.5, "stop": 38, "default": 38})


def test_a_mapping_replaces_the_rates_it_names_and_none_disables_all() -> None:
    assert buckets_for({"deploy": 100})["deploy"].rate == pytest.approx(95)
    assert buckets_for({"deploy": 100})["status"].rate == pytest.approx(19)
    assert {bucket.rate for bucket in buckets_for(None).values()} == {math.inf}


@pytest.mark.parametrize("rate_limits", [{"deplyo": 1}, {"deploy": 0}, {"deploy": -3}, "fast", 5])
def test_invalid_rate_limits_are_refused(rate_limits: Any) -> None:
    with pytest.raises(errors.ConfigurationError):
        buckets_for(rate_limits)


@pytest.mark.looptime
async def test_a_slot_released_before_its_cancelled_waiter_runs_is_not_lost() -> None:
    """A waiter is cancelled, and the timer fires before it runs."""
    loop = asyncio.get_running_loop()
    errors_logged: list[object] = []
    loop.set_exception_handler(lambda _, context: errors_logged.append(context))
    bucket = TokenBucket(rate=1, capacity=1)
    began = loop.time()
    await bucket.acquire()
    waiting = asyncio.create_task(bucket.acquire())
    loop.call_at(began + 1 - 1e-7, waiting.cancel)  # in the same iteration of the loop as the slot
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert errors_logged == []
    assert await bucket.acquire() == pytest.approx(0, abs=0.01)


@pytest.mark.looptime
async def test_slot_in_of_a_free_slot_is_zero() -> None:
    bucket = TokenBucket(10)
    assert bucket.slot_in() == 0.0
    await bucket.acquire()
    assert bucket.slot_in() == pytest.approx(0.1, abs=1e-5)
    await asyncio.sleep(0.1)
    assert bucket.slot_in() == 0.0


@pytest.mark.looptime
@pytest.mark.parametrize("rate", [0.5, 10])
async def test_a_cancelled_waiter_returns_exactly_one_slot(rate: float) -> None:
    bucket, loop = TokenBucket(rate, 2), asyncio.get_running_loop()
    began = loop.time()
    canceller, cancelled = await cancelled_with_its_slot(bucket)
    await asyncio.gather(canceller, cancelled, return_exceptions=True)
    assert cancelled.cancelled()
    assert loop.time() - began == pytest.approx(5.0)
    assert [await bucket.acquire() for _ in range(3)] == pytest.approx([0, 1 / rate, 1 / rate], abs=1e-5)


@pytest.mark.looptime
async def test_the_rate_recovers_linearly_and_not_beyond_the_full_rate() -> None:
    bucket = TokenBucket(10)
    bucket.slow_down(retry_after=0.0)
    rates: list[float] = []
    for _ in range(5):
        await asyncio.sleep(15)
        bucket.slot_in()
        rates.append(bucket.rate)
    assert rates == pytest.approx([8.5, 10, 10, 10, 10])


@pytest.mark.looptime
async def test_a_bucket_below_a_limit_catches_up_after_a_late_timer() -> None:
    bucket, slot = bucket_under(100), 1 / 95
    await asyncio.sleep(30)
    await bucket.acquire()
    await asyncio.sleep(slot + 0.005)
    assert await bucket.acquire() == 0.0
    assert await bucket.acquire() == pytest.approx(slot - 0.010, abs=1e-5), "10 ms of its rate are caught up at most"
    assert await bucket.acquire() == pytest.approx(slot, abs=1e-5)


def test_a_bucket_shows_its_rate_its_capacity_and_its_waiters() -> None:
    assert repr(TokenBucket(10, 1.5)) == "TokenBucket(rate=10, capacity=1.5, waiting=0)"
    assert repr(TokenBucket.__new__(TokenBucket)) == "<TokenBucket, not created>"
