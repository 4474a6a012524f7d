"""The messages between processes, as JSON. A message of a later version that is not known here is refused."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec


class Watch(msgspec.Struct, frozen=True):
    """What a process waits for.

    Attributes:
        requested_at: When it was requested, in the store's clock.
        version: Its application and version, None if unknown.
        has_webhook: Whether a webhook reports it.
    """

    requested_at: float
    version: tuple[str, str] | None
    has_webhook: bool


class Message(msgspec.Struct, kw_only=True, tag_field="kind"):
    """A message to all other processes, or to one of them.

    Attributes:
        sender: The id of the process that sends it.
        to: The id of the process that it is for, None for all.
    """

    sender: str = ""
    to: str | None = None


class Joined(Message, tag="joined"):
    """A process has joined, and knows nothing of the past."""


class WatchesChanged(Message, tag="watches"):
    """A process waits for something, or with None not any more, by id."""

    watches: dict[str, Watch | None]


class SnapshotShown(Message, tag="snapshot"):
    """A poll of the leader has shown something new.

    Attributes:
        id: The id of the deployment.
        term: The term of the leader.
        model: The name of the snapshot's model.
        fields: Its fields.
    """

    id: str
    term: int
    model: str
    fields: Any


class Polling(Message, tag="polling"):
    """The leader has polled what others wait for, although there may be nothing new."""

    term: int


class PollFailed(Message, tag="poll_failed"):
    """A poll of the leader has failed permanently, or did not find the deployment; it polls it no more.

    The processes that wait for it poll it themselves, since each handles the error as its own wait requires.
    """

    id: str
    term: int


class ReadyAfter(Message, tag="ready_after"):
    """Servers of a version were ready after so many seconds."""

    version: tuple[str, str]
    seconds: list[float]


class BucketPaused(Message, tag="pause"):
    """The service refused a request with 429, so the bucket pauses for so many seconds."""

    bucket: str
    seconds: float


class ServerStopped(Message, tag="stopped"):
    """A process has stopped a deployment that another one may be responsible for, by its id."""

    id: str


class WebhookReceived(Message, tag="webhook"):
    """A webhook that a process received, whose listeners it has called."""

    path: str
    body: bytes


AnyMessage: TypeAlias = (
    Joined
    | WatchesChanged
    | SnapshotShown
    | Polling
    | PollFailed
    | ReadyAfter
    | BucketPaused
    | ServerStopped
    | WebhookReceived
)

_MESSAGES: Final[msgspec.json.Decoder[AnyMessage]] = msgspec.json.Decoder(AnyMessage)
_WATCHES: Final = msgspec.json.Decoder(Watch)

encode: Final = msgspec.json.Encoder().encode
"""Encodes a message, or a watch."""


def decode_message(message: bytes) -> AnyMessage:
    """Decode a message; raises ValueError for one that is not known."""
    return _MESSAGES.decode(message)


def decode_watch(watch: bytes) -> Watch:
    """Decode a watch; raises ValueError for anything else."""
    return _WATCHES.decode(watch)
