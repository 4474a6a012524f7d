"""Background tasks: what draining them does when it is cancelled itself."""

from __future__ import annotations

import asyncio
import logging

import pytest

from edgegap_async.ownership.background import BackgroundTasks


async def cancelled_drain(background: BackgroundTasks) -> float:
    """Drain, cancel that at once, and return the seconds that it takes all the same."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    draining = asyncio.create_task(background.drain(30))
    await asyncio.sleep(0)
    draining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await draining
    return loop.time() - began


@pytest.mark.looptime
async def test_a_drain_that_is_cancelled_still_waits_for_tasks_that_end_soon() -> None:
    background = BackgroundTasks()
    task = background.spawn(asyncio.sleep(2, "done"), name="stop a server", id="abc")
    assert await cancelled_drain(background) == pytest.approx(2)
    assert task.result() == "done"


@pytest.mark.looptime
async def test_a_drain_that_is_cancelled_gives_up_after_five_seconds(caplog: pytest.LogCaptureFixture) -> None:
    background = BackgroundTasks()
    task = background.spawn(asyncio.sleep(20), name="stop a server", id="abc")
    assert await cancelled_drain(background) == pytest.approx(5)
    assert task.cancelled()
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "not finished when the client was closed: stop a server")
    ]


@pytest.mark.looptime
async def test_a_drain_waits_for_what_the_receiver_of_a_result_starts() -> None:
    loop = asyncio.get_running_loop()
    background = BackgroundTasks()
    first = background.start(asyncio.sleep(2), name="create a server", id="abc")
    draining = asyncio.create_task(background.drain(30))
    await asyncio.sleep(1)

    async def receive_and_stop() -> None:
        await background.result_of(first)
        background.spawn(asyncio.sleep(3), name="stop a server", id="abc")

    receiving = asyncio.create_task(receive_and_stop())
    await draining
    assert loop.time() == pytest.approx(5)
    await receiving


@pytest.mark.looptime
async def test_a_drain_takes_no_longer_than_the_last_task() -> None:
    """It ends as soon as the receiver of the task's result has it."""
    background = BackgroundTasks()
    task = background.start(asyncio.sleep(2, "done"), name="create a server", id="abc")
    draining = asyncio.create_task(background.drain(30))
    await asyncio.sleep(1)
    receiving = asyncio.create_task(background.result_of(task))
    await draining
    assert asyncio.get_running_loop().time() == pytest.approx(2)
    assert await receiving == "done"
