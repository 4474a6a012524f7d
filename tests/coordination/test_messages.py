"""The messages between processes: each arrives as it was sent, and one that is not known is refused."""

from __future__ import annotations

import pytest

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

WATCH = Watch({"request_id": "a"}, 1.8e9, ("kart", "v1"), has_webhook=True)

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
