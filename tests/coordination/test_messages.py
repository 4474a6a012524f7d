"""The messages between processes: each arrives as it was sent, and one that is not known is refused."""

from __future__ import annotations

import asyncio
import logging

import pytest

from benchmarks.simulated.store import SimulatedStore, SimulatedStoreServer
from edgegap_async.config import Settings
from edgegap_async.coordination.coordination import Coordination
from edgegap_async.coordination.messages import (
    AnyMessage,
    BucketPaused,
    Joined,
    PollFailed,
    ReadyAfter,
    SnapshotShown,
    Watch,
    WatchesChanged,
    WebhookReceived,
    decode_message,
    decode_watch,
    encode,
)
from edgegap_async.limits import TokenBucket

WATCH = Watch(1.8e9, ("kart", "v1"), has_webhook=True)

UNREADABLE = [
    b"",
    b"\xff",
    b"[]",
    b"{}",
    b"null",
    b'{"kind": "later"}',
    b'{"kind": "pause"}',
    b'{"kind": "pause", "x": 1',
]


@pytest.mark.parametrize(
    "message",
    [
        Joined(sender="m"),
        WatchesChanged(sender="m", watches={"a": WATCH, "b": None}),
        SnapshotShown(sender="m", id="a", term=3, model="Deployment", fields={"request_id": "a", "x": [None]}),
        PollFailed(sender="m", id="a", term=3),
        ReadyAfter(sender="m", to="n", version=("kart", "v1"), seconds=[1.5, 2.0]),
        BucketPaused(sender="m", bucket="deploy", seconds=1.5),
        WebhookReceived(sender="m", path="/x", body=b"\x00\xff"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_arrives_as_it_was_sent(message: AnyMessage) -> None:
    assert decode_message(encode(message)) == message


def test_a_watch_arrives_as_it_was_sent() -> None:
    assert decode_watch(encode(WATCH)) == WATCH


def test_fields_of_later_versions_are_ignored() -> None:
    assert decode_message(b'{"kind": "joined", "sender": "m", "later": 1}') == Joined(sender="m")


@pytest.mark.parametrize("message", UNREADABLE)
def test_an_unknown_message_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError):
        decode_message(message)
    with pytest.raises(ValueError):
        decode_watch(message)


@pytest.mark.looptime
async def test_messages_that_cannot_be_read_are_logged_and_break_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    server = SimulatedStoreServer(asyncio.get_running_loop().time)
    other = SimulatedStore(server)
    coordination = Coordination(
        SimulatedStore(server), Settings.read("a-secret", "http://127.0.0.1:9", 60), required=True
    )
    bucket = coordination.share_buckets({"stop": TokenBucket(10)}, ())["stop"]
    await coordination.open("own")
    await other.update("other", {}, [*UNREADABLE, encode(BucketPaused(sender="other", bucket="new", seconds=1))])
    await asyncio.sleep(0.1)
    assert caplog.text.count("a message of another process cannot be read") == 1, "at most one a minute"
    for sender, to in (("own", None), ("other", "third")):
        await other.update("other", {}, [encode(BucketPaused(sender=sender, to=to, bucket="stop", seconds=5))])
    await asyncio.sleep(0.1)
    assert bucket.slot_in() == 0, "not for this process"
    await other.update("other", {}, [encode(BucketPaused(sender="other", bucket="stop", seconds=2))])
    await asyncio.sleep(0.1)
    assert bucket.slot_in() == pytest.approx(1.9, abs=0.01)
    assert coordination.state == "shared"
    await coordination.close()
