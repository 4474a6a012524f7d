"""What remains until a deadline, and what happens at its end."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from edgegap_async.deadlines import SHORTEST_TIMEOUT, SharedTimer, TaskTimeout, seconds_until, time_limit
from edgegap_async.errors import DeadlineExceeded, Outcome


@pytest.mark.looptime
async def test_a_call_gets_a_timeout_above_zero_after_its_deadline() -> None:
    now = asyncio.get_running_loop().time()
    assert seconds_until(now + 2) == 2
    assert seconds_until(now) == seconds_until(now - 5) == SHORTEST_TIMEOUT
    assert SHORTEST_TIMEOUT > 0


@pytest.mark.looptime
async def test_a_block_that_takes_too_long_raises_timeout_error() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError), TaskTimeout(2.0, SharedTimer()):
        await asyncio.sleep(5)
    assert loop.time() - began == pytest.approx(2.0)
    await asyncio.sleep(10)  # the task itself was not cancelled
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.looptime
async def test_a_block_that_ends_in_time_is_not_disturbed_later() -> None:
    with TaskTimeout(2.0, SharedTimer()):
        await asyncio.sleep(1)
    await asyncio.sleep(5)


@pytest.mark.looptime
async def test_an_error_of_a_block_is_raised_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), TaskTimeout(2.0, SharedTimer()):
        raise ZeroDivisionError


@pytest.mark.looptime
async def test_a_block_that_survives_its_cancellation_ends_without_an_error() -> None:
    with TaskTimeout(2.0, SharedTimer()), contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(5)
    await asyncio.sleep(5)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.looptime
async def test_a_task_that_is_cancelled_in_a_block_stays_cancelled(times: int) -> None:
    async def block() -> None:
        with TaskTimeout(2.0, SharedTimer()):
            await asyncio.sleep(5)

    task = asyncio.create_task(block())
    await asyncio.sleep(1)
    for _ in range(times):
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


@pytest.mark.looptime
async def test_a_task_that_is_cancelled_as_its_time_ends_stays_cancelled() -> None:
    async def block() -> None:
        with TaskTimeout(2.0, SharedTimer()):
            await asyncio.sleep(5)

    task = asyncio.create_task(block())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(2.0, task.cancel)  # after the timer of the block, before the task runs
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.looptime
async def test_a_block_in_a_task_that_was_cancelled_before_has_a_timeout_too() -> None:
    async def block() -> str:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            with pytest.raises(TimeoutError), TaskTimeout(2.0, SharedTimer()):  # what is cleaned up
                await asyncio.sleep(5)
        return "cleaned up"

    task = asyncio.create_task(block())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "cleaned up"


@pytest.mark.looptime
async def test_the_inner_of_two_blocks_ends_first() -> None:
    timer = SharedTimer()
    with TaskTimeout(3.0, timer):
        with pytest.raises(TimeoutError), TaskTimeout(2.0, timer):
            await asyncio.sleep(5)
        await asyncio.sleep(0.5)
    with pytest.raises(TimeoutError), TaskTimeout(2.0, timer), TaskTimeout(3.0, timer):
        await asyncio.sleep(5)


def timers(loop: asyncio.AbstractEventLoop) -> list[float]:
    """The times of the timers that are not cancelled."""
    return sorted(timer.when() for timer in loop._scheduled if not timer.cancelled())  # type: ignore[attr-defined]


@pytest.mark.looptime
async def test_each_block_of_one_timer_ends_at_its_own_time() -> None:
    loop, timer, ended = asyncio.get_running_loop(), SharedTimer(), dict[float, float]()
    began = loop.time()

    async def block(seconds: float) -> None:
        with pytest.raises(TimeoutError), TaskTimeout(seconds, timer):
            await asyncio.sleep(50)
        ended[seconds] = loop.time() - began

    seconds = [3.0, 1.0, 2.0, 2.0, 5.0, 4.0]
    async with asyncio.TaskGroup() as tasks:
        for each in seconds:
            tasks.create_task(block(each))
    assert ended == {each: pytest.approx(each) for each in seconds}
    assert timers(loop) == []


@pytest.mark.looptime
async def test_blocks_that_end_in_time_share_one_timer_which_ends_with_them() -> None:
    loop, timer, problems = asyncio.get_running_loop(), SharedTimer(), list[object]()
    loop.set_exception_handler(lambda _, problem: problems.append(problem))
    began = loop.time()
    for _ in range(3):
        with TaskTimeout(2.0, timer):
            await asyncio.sleep(0.5)
    assert timers(loop) == [pytest.approx(began + 2.0)]
    with TaskTimeout(2.0, timer):
        await asyncio.sleep(1)
        assert timers(loop) == [pytest.approx(began + 1.5 + 2.0)]
    await asyncio.sleep(5)
    assert timers(loop) == problems == []


@pytest.mark.looptime
async def test_a_time_limit_raises_deadline_exceeded() -> None:
    with pytest.raises(DeadlineExceeded, match="the disk is slow") as caught:
        async with time_limit(2, "the disk is slow", outcome=Outcome.UNKNOWN, operation="deployment-get"):
            await asyncio.sleep(5)
    assert (caught.value.outcome, caught.value.operation) == (Outcome.UNKNOWN, "deployment-get")


async def test_a_deadline_within_a_time_limit_is_raised_as_it_is() -> None:
    with pytest.raises(DeadlineExceeded, match="the inner one"):
        async with time_limit(2, "the outer one"):
            raise DeadlineExceeded("the inner one", outcome=Outcome.NOT_SENT)
