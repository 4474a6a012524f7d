"""What a client reports while it works (events), and what it did so far (statistics)."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
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


@attrs.frozen(kw_only=True)
class BucketStats:
    """What the attempts of one rate bucket add up to. The waits are those for a slot of the bucket.

    Attributes:
        requests: Attempts sent, retries included.
        retries: Attempts that repeated an earlier one.
        rate_limited: Responses with status 429.
        waited_seconds: The sum of all waits, in seconds.
        mean_wait: The mean wait of an attempt, in seconds; attempts that did not wait count as 0.
        p95_wait: The wait that 95 % of the last 1,000 attempts did not exceed, in seconds.
        max_wait: The longest wait of all attempts, in seconds.
        rate: The present rate in requests a second, None without a limit.
    """

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    waited_seconds: float = 0.0
    mean_wait: float = 0.0
    p95_wait: float = 0.0
    max_wait: float = 0.0
    rate: float | None = None


@attrs.frozen(kw_only=True)
class Stats:
    """What a client did since it was created: the statistics of its rate buckets, and their sums.

    Attributes:
        buckets: The statistics by bucket: ``deploy``, ``status``, ``list``, ``hosts``, ``stop`` and
            ``default``.
    """

    buckets: Mapping[Bucket, BucketStats]

    @property
    def requests(self) -> int:
        """Attempts sent, retries included."""
        return sum(bucket.requests for bucket in self.buckets.values())

    @property
    def retries(self) -> int:
        """Attempts that repeated an earlier one."""
        return sum(bucket.retries for bucket in self.buckets.values())

    @property
    def rate_limited(self) -> int:
        """Responses with status 429."""
        return sum(bucket.rate_limited for bucket in self.buckets.values())

    @property
    def waited_seconds(self) -> float:
        """Seconds waited for slots of the rate buckets, summed over all attempts."""
        return sum(bucket.waited_seconds for bucket in self.buckets.values())
