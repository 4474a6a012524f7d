"""What a process sends is collected for a short time, and goes out in one round trip."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from edgegap_async.coordination.messages import Joined, PollFailed, Watch, WatchesChanged, decode_message, decode_watch
from edgegap_async.coordination.outbox import LATER, Outbox

WATCH = Watch(1.0, None, has_webhook=False)


class Recorder:
    """A store that records what is sent, and when."""

    def __init__(self) -> None:
        self.updates: list[tuple[float, str, dict[str, bytes | None], list[bytes]]] = []

    async def update(self, member: str, watches: Mapping[str, bytes | None], messages: Sequence[bytes] = ()) -> None:
        self.updates.append((asyncio.get_running_loop().time(), member, dict(watches), list(messages)))


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Outbox, Recorder]]:
    """Yield an outbox that runs, at a time that is a whole number of seconds."""
    store = Recorder()
    outbox = Outbox(store)  # type: ignore[arg-type]
    outbox.member = "m"
    task = asyncio.create_task(outbox.run())
    await asyncio.sleep(1)
    yield outbox, store
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.looptime
async def test_messages_of_a_short_time_are_sent_in_one_round_trip() -> None:
    async with running() as (outbox, store):
        for number in range(5):
            outbox.send(PollFailed(id=str(number), term=1))
            await asyncio.sleep(0.005)
        await asyncio.sleep(1)
        ((sent_at, member, watches, messages),) = store.updates
        assert (sent_at, member, watches) == (pytest.approx(1.05), "m", {})
        assert [decode_message(each) for each in messages] == [
            PollFailed(sender="m", id=str(number), term=1) for number in range(5)
        ]


@pytest.mark.looptime
async def test_watches_wait_longer_and_the_latest_counts() -> None:
    async with running() as (outbox, store):
        outbox.watch("a", WATCH)
        outbox.watch("b", WATCH)
        await asyncio.sleep(0.1)
        outbox.watch("b", None)
        await asyncio.sleep(1)
        ((sent_at, _, watches, messages),) = store.updates
        assert sent_at == pytest.approx(1.2)
        assert {id: None if watch is None else decode_watch(watch) for id, watch in watches.items()} == {
            "a": WATCH,
            "b": None,
        }
        assert [decode_message(each) for each in messages] == [
            WatchesChanged(sender="m", watches={"a": WATCH, "b": None})
        ]


@pytest.mark.looptime
async def test_what_no_wait_depends_on_waits_longest() -> None:
    async with running() as (outbox, store):
        outbox.watch("a", None)
        await asyncio.sleep(0.5)
        outbox.send(Joined(), within=LATER)
        await asyncio.sleep(2)
        ((sent_at, _, watches, messages),) = store.updates
        assert (sent_at, watches, len(messages)) == (pytest.approx(2), {"a": None}, 2)


@pytest.mark.looptime
async def test_a_message_takes_the_watches_along() -> None:
    async with running() as (outbox, store):
        outbox.watch("a", WATCH)
        outbox.send(Joined())
        await asyncio.sleep(1)
        ((sent_at, _, watches, messages),) = store.updates
        assert (sent_at, [*watches], len(messages)) == (pytest.approx(1.05), ["a"], 2)


@pytest.mark.looptime
async def test_nothing_is_sent_when_there_is_nothing_to_send() -> None:
    async with running() as (outbox, store):
        await asyncio.sleep(60)
        await outbox.flush()
        assert store.updates == []


@pytest.mark.looptime
async def test_what_was_sent_is_not_sent_again() -> None:
    async with running() as (outbox, store):
        outbox.send(Joined())
        await outbox.flush()
        await asyncio.sleep(1)
        outbox.send(Joined())
        await asyncio.sleep(1)
        assert [len(messages) for _, _, _, messages in store.updates] == [1, 1]


@pytest.mark.looptime
async def test_what_is_lost_is_not_sent_later() -> None:
    async with running() as (outbox, store):
        outbox.watch("a", WATCH)
        outbox.send(Joined())
        outbox.clear()
        await asyncio.sleep(60)
        assert store.updates == []
        outbox.send(PollFailed(id="b", term=1))
        await asyncio.sleep(1)
        ((_, _, watches, messages),) = store.updates
        assert (watches, len(messages)) == ({}, 1)


@pytest.mark.looptime
async def test_at_most_10_000_messages_wait() -> None:
    async with running() as (outbox, store):
        for number in range(10_003):
            outbox.send(PollFailed(id=str(number), term=1))
        await asyncio.sleep(1)
        ((_, _, _, messages),) = store.updates
        assert len(messages) == 10_000
        assert decode_message(messages[-1]) == PollFailed(sender="m", id="9999", term=1)
