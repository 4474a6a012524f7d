"""What a client reports while it works: the events of its calls."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TypeAlias

import attrs

from edgegap_async.operations import Bucket


class EventKind(enum.StrEnum):
    """What happened to an attempt of a call."""

    WAITED = "waited"
    """It waited ``seconds`` for a slot of its rate bucket."""
    SENT = "sent"
    """It is about to be sent."""
    ANSWERED = "answered"
    """A response with ``status`` arrived after ``seconds``."""
    FAILED = "failed"
    """No response arrived; it failed after ``seconds``. ``reason`` is ``"not sent"`` or ``"unknown"``."""
    LIMITED = "limited"
    """The service refused it with 429: its rate bucket pauses for ``seconds`` and continues at a lower rate."""
    RETRIED = "retried"
    """It failed and is sent again in ``seconds``."""


@attrs.frozen(kw_only=True)
class Event:
    """One event of a call. It holds no URL, header or body, so it can be logged unchanged.

    ``str(event)`` is its kind followed by ``key=value`` pairs::

        retried operation=deployment-get attempt=1 seconds=0.25

    Attributes:
        kind: What happened.
        operation_id: The operation, as in the table of operations.
        bucket: The rate bucket of the operation.
        attempt: The number of the attempt, from 1.
        seconds: How long it took, or how long the client waits; see EventKind.
        status: The status code of the response, None without one.
        reason: Why the attempt failed, empty if it did not.
    """

    kind: EventKind
    operation_id: str
    bucket: Bucket
    attempt: int
    seconds: float = 0.0
    status: int | None = None
    reason: str = ""

    def __str__(self) -> str:
        pairs = [f"operation={_quoted(self.operation_id)}", f"attempt={self.attempt}"]
        if self.kind is not EventKind.SENT:
            pairs.append(f"seconds={round(self.seconds, 3):g}")
        if self.status is not None:
            pairs.append(f"status={self.status}")
        if self.reason:
            pairs.append(f"reason={_quoted(self.reason)}")
        return f"{self.kind.value} {' '.join(pairs)}"


def _quoted(value: str) -> str:
    """Return the value in quotation marks if it holds a space, so that pairs can be split at spaces."""
    return f'"{value}"' if " " in value else value


EventHook: TypeAlias = Callable[[Event], object]
"""Called in the event loop for each event: it must not block; an exception that it raises is logged."""
