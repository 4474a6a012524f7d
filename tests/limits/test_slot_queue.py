"""The queue of a bucket by itself: what its owner learns, deadlines, and refused waiters."""

from __future__ import annotations

import asyncio
import math

import pytest

from edgegap_async.limits import Priority
from edgegap_async.limits.adaptive_rate import AdaptiveRate
from edgegap_async.limits.slot_queue import SlotQueue


class Recorder:
    """A queue, and what it reports."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.queue = SlotQueue(
            on_joined=lambda: self.events.append("joined"), on_left=lambda has: self.events.append(f"left {has}")
        )

    async def waiter(self, priority: Priority = Priority.CALL, deadline: float = math.inf) -> asyncio.Task[None]:
        task = asyncio.create_task(self.queue.wait(priority, deadline))
        await asyncio.sleep(0)
        return task


async def test_an_empty_queue_serves_and_refuses_nothing() -> None:
    queue = Recorder().queue
    assert not queue.serve()
    queue.refuse_next(ValueError())
    assert (queue.waiting, queue.slots_taken, queue.next_deadline()) == (0, 0, math.inf)


async def test_a_waiter_is_served_once() -> None:
    recorder = Recorder()
    waiter = await recorder.waiter()
    assert recorder.queue.waiting == 1
    assert recorder.queue.serve()
    assert not recorder.queue.serve()
    await waiter
    assert (recorder.queue.waiting, recorder.queue.slots_taken, recorder.events) == (0, 1, ["joined"])


async def test_a_cancelled_waiter_leaves_without_a_slot_or_returns_it() -> None:
    recorder = Recorder()
    early, late = await recorder.waiter(), await recorder.waiter()
    early.cancel()
    await asyncio.wait([early])
    assert recorder.queue.waiting == 1
    assert recorder.queue.serve()
    late.cancel()
    await asyncio.wait([late])
    assert recorder.events == ["joined", "joined", "left False", "left True"]
    assert recorder.queue.waiting == 0


async def test_the_next_deadline_is_that_of_the_waiter_whose_turn_is_next() -> None:
    recorder = Recorder()
    waiters = [
        await recorder.waiter(priority, deadline)
        for priority, deadline in (
            (Priority.CALL, 5.0),
            (Priority.URGENT, 7.0),
            (Priority.URGENT, 6.0),
            (Priority.POLL, 9.0),
        )
    ]
    deadlines = []
    while recorder.queue.waiting:
        deadlines.append(recorder.queue.next_deadline())
        recorder.queue.serve()
    assert deadlines == [9.0, 7.0, 5.0, 6.0]
    await asyncio.gather(*waiters)


async def test_the_next_waiter_can_be_refused_and_takes_no_slot() -> None:
    recorder = Recorder()
    first, second = await recorder.waiter(), await recorder.waiter()
    recorder.queue.refuse_next(ValueError("too late"))
    with pytest.raises(ValueError, match="too late"):
        await first
    assert (recorder.queue.waiting, recorder.queue.slots_taken) == (1, 0)
    assert recorder.events == ["joined", "joined"], "its owner refused it, and knows"
    assert recorder.queue.serve()
    await second


def test_a_rate_that_was_never_lowered_is_not_slowed() -> None:
    rate = AdaptiveRate(10)
    rate.pause(5)
    assert (rate.is_slowed, rate.at(0), rate.paused_until) == (False, 10, 5)
    assert rate.slow_down(6, None) == 1.0
    assert (rate.is_slowed, rate.at(6), rate.paused_until) == (True, 7, 7)
    assert rate.at(22) == pytest.approx(8.5)
    assert (rate.at(37), rate.at(1e9)) == (10, 10)


def test_a_pause_of_a_bucket_without_a_limit_leaves_its_rate_infinite() -> None:
    rate = AdaptiveRate(math.inf)
    rate.pause(5)
    assert rate.at(0) == math.inf
