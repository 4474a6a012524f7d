"""The slots of a shared bucket: from a real store and from the simulated one."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from coordination.stores import HORIZON, Shared, slots

from benchmarks.simulated.store import SimulatedStore, SimulatedStoreServer
from edgegap_async.coordination.store import CoordinationStore
from edgegap_async.limits.token_bucket import TokenBucket


async def filled(shared: Shared) -> CoordinationStore:
    """A process whose bucket was used, and is full again."""
    store = shared.process()
    await store.reserve(slots())
    shared.advance(10)
    return store


async def test_a_bucket_of_unknown_state_is_empty_until_the_slots_of_others_are_used(shared: Shared) -> None:
    reserved = await shared.process().reserve(slots(rate=10, capacity=5))
    assert reserved.delays == pytest.approx((HORIZON + 0.1,))
    assert reserved.next_delay == pytest.approx(HORIZON + 0.2)
    assert reserved.rate == 10


async def test_a_bucket_fills_even_if_no_request_reserves_a_slot(shared: Shared) -> None:
    store = shared.process()
    assert (await store.reserve(slots(longest_delay=0))).delays == ()
    shared.advance(0.15)
    assert (await store.reserve(slots(longest_delay=0))).delays == ()
    shared.advance(0.051)
    assert (await store.reserve(slots(longest_delay=0))).delays == (0,)


async def test_processes_get_slots_in_the_order_of_their_requests_and_one_interval_apart(shared: Shared) -> None:
    first, second = shared.process(), shared.process()
    times = []
    for store in (first, second, second, first):
        times += (await store.reserve(slots())).delays
        shared.advance(0.01)
    starts = [delay + 0.01 * position for position, delay in enumerate(times)]
    assert [later - earlier for earlier, later in pairwise(starts)] == pytest.approx([0.1, 0.1, 0.1])


async def test_as_many_slots_as_the_capacity_follow_at_once_after_a_pause(shared: Shared) -> None:
    store = await filled(shared)
    assert (await store.reserve(slots(capacity=2.5, count=4))).delays == pytest.approx((0, 0, 0.05))


async def test_further_slots_lie_within_the_horizon(shared: Shared) -> None:
    store = await filled(shared)
    reserved = await store.reserve(slots(rate=100, capacity=1, count=50))
    assert reserved.delays == pytest.approx([n / 100 for n in range(11)], abs=1e-6)
    assert reserved.next_delay == pytest.approx(0.11)


async def test_only_the_first_slot_can_be_later_than_the_horizon(shared: Shared) -> None:
    assert (await shared.process().reserve(slots(rate=100, count=50))).delays == pytest.approx((0.11,))


async def test_no_slot_is_reserved_if_the_first_is_too_late(shared: Shared) -> None:
    store = await filled(shared)
    await store.reserve(slots(count=3))
    refused = await store.reserve(slots(longest_delay=0.19))
    assert (refused.delays, refused.next_delay) == ((), pytest.approx(0.2))
    assert (await store.reserve(slots(longest_delay=0.201))).delays == pytest.approx((0.2,))


async def test_buckets_are_independent(shared: Shared) -> None:
    store = await filled(shared)
    assert (await store.reserve(slots(bucket="list"))).delays == pytest.approx((0.2,))
    assert (await store.reserve(slots(bucket="deploy"))).delays == (0,)


async def test_a_bucket_is_empty_after_a_loss_of_data(shared: Shared) -> None:
    store = await filled(shared)
    shared.flush()
    assert (await store.reserve(slots(count=5))).delays == pytest.approx((0.2,))


async def test_a_clock_that_goes_back_neither_blocks_a_bucket_nor_fills_it(shared: Shared) -> None:
    store = await filled(shared)
    await store.reserve(slots(count=3))
    shared.advance(-3600)
    assert (await store.reserve(slots(longest_delay=0))).next_delay == pytest.approx(0.2)
    shared.advance(0.15)
    assert (await store.reserve(slots(longest_delay=0))).next_delay == pytest.approx(0.05)


async def test_a_pause_moves_with_a_clock_that_goes_back(shared: Shared) -> None:
    store = await filled(shared)
    await store.slow_down(slots(), pause=2, age=0)
    shared.advance(-3600)
    assert (await store.reserve(slots())).delays == pytest.approx((2,))


async def test_no_slot_lies_in_a_pause_and_the_capacity_holds_at_its_end(shared: Shared) -> None:
    store = await filled(shared)
    await store.slow_down(slots(), pause=5, age=0)
    delays = []
    for _ in range(4):
        delays += (await store.reserve(slots())).delays
    assert delays == pytest.approx((5, 5, 5 + 1 / 7, 5 + 2 / 7))


async def test_a_longer_pause_stays(shared: Shared) -> None:
    store = await filled(shared)
    await store.slow_down(slots(), pause=5, age=0)
    await store.slow_down(slots(), pause=1, age=0)
    assert (await store.reserve(slots())).delays == pytest.approx((5,))


async def test_the_rate_drops_once_for_requests_that_were_under_way_together(shared: Shared) -> None:
    store = await filled(shared)
    await store.slow_down(slots(), pause=1, age=0.1)
    shared.advance(0.5)
    await store.slow_down(slots(), pause=1, age=0.6)
    assert (await store.reserve(slots())).rate == pytest.approx(7)
    await store.slow_down(slots(), pause=1, age=0.4)
    assert (await store.reserve(slots())).rate == pytest.approx(4.9)


async def test_the_rate_never_drops_below_a_tenth(shared: Shared) -> None:
    store = await filled(shared)
    for _ in range(20):
        await store.slow_down(slots(), pause=1, age=0)
        shared.advance(0.1)
    assert (await store.reserve(slots())).rate == pytest.approx(1)


async def test_the_rate_recovers_over_30_seconds_after_the_pause(shared: Shared) -> None:
    store = await filled(shared)
    await store.slow_down(slots(), pause=4, age=0)
    rates = []
    for _ in range(5):
        rates.append((await store.reserve(slots(count=0))).rate)
        shared.advance(9.5)
    assert rates == pytest.approx([7, 7 + 3 * 5.5 / 30, 7 + 3 * 15 / 30, 7 + 3 * 24.5 / 30, 10])


async def test_a_process_with_a_lower_rate_than_others_never_exceeds_it(shared: Shared) -> None:
    store = await filled(shared)
    await store.slow_down(slots(rate=10), pause=1, age=0)
    assert (await store.reserve(slots(rate=5))).rate == 5


async def test_processes_can_pass_different_rates(shared: Shared) -> None:
    store = await filled(shared)
    await store.reserve(slots(rate=10, count=3))
    assert (await store.reserve(slots(rate=20))).delays == pytest.approx((0.15,))
    assert (await store.reserve(slots(rate=5))).delays == pytest.approx((0.35,))


@pytest.mark.looptime
async def test_a_shared_bucket_slows_down_and_recovers_as_a_token_bucket_does() -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(1000)
    store = SimulatedStore(SimulatedStoreServer(loop.time))
    bucket = TokenBucket(10, 2)
    await store.reserve(slots())
    await asyncio.sleep(10)
    for pause, age, rest in ((2, 0, 1), (0.5, 3, 0), (1, 0, 5), (1, 0, 12), (3, 1, 20), (1, 0, 60), (1, 0, 1)):
        await store.slow_down(slots(), pause=pause, age=age)
        bucket.slow_down(pause, sent_at=loop.time() - age)
        await asyncio.sleep(rest)
        expected = bucket.slot_in()
        reserved = await store.reserve(slots(count=0))
        assert reserved.next_delay == pytest.approx(expected, abs=1e-5)
        assert reserved.rate == pytest.approx(bucket.rate)
