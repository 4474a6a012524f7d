"""What the client decided, told as it happens, and what it did, added up."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

from edgegap_async.operations import Bucket


class EventKind(enum.StrEnum):
    """The decisions a client tells."""

    WAITED = "waited"
    """For a slot of its rate bucket, for ``seconds``."""
    SENT = "sent"
    """One attempt of one request is on its way."""
    ANSWERED = "answered"
    """With ``status``, after ``seconds``."""
    FAILED = "failed"
    """Without an answer, after ``seconds``; ``reason`` says how."""
    LIMITED = "limited"
    """429: the bucket rests for ``seconds`` and goes on slower."""
    RETRIED = "retried"
    """To be sent again in ``seconds``."""


@attrs.frozen(kw_only=True)
class Event:
    """One decision. It holds no address, header or body, so it can be logged as it is."""

    kind: EventKind
    operation_id: str
    bucket: Bucket
    attempt: int
    seconds: float = 0.0
    status: int | None = None
    reason: str = ""


EventHook: TypeAlias = Callable[[Event], object]
"""Called in the event loop at each decision: it must return at once; what it raises is logged."""


@attrs.frozen(kw_only=True)
class BucketStats:
    """What one rate bucket has seen: counts, ``waited_seconds`` over all calls, ``rate`` now, a second."""

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    waited_seconds: float = 0.0
    rate: float | None = None


@attrs.frozen(kw_only=True)
class Stats:
    """What a client has done since it was made; ``rate_limited`` counts the answers with status 429."""

    buckets: Mapping[Bucket, BucketStats]

    @property
    def requests(self) -> int:
        """Attempts sent, the repeated ones included."""
        return sum(bucket.requests for bucket in self.buckets.values())

    @property
    def retries(self) -> int:
        """Attempts that repeated an earlier one."""
        return sum(bucket.retries for bucket in self.buckets.values())

    @property
    def rate_limited(self) -> int:
        """Answers with status 429."""
        return sum(bucket.rate_limited for bucket in self.buckets.values())

    @property
    def waited_seconds(self) -> float:
        """Seconds that calls waited for a slot, added over all calls."""
        return sum(bucket.waited_seconds for bucket in self.buckets.values())
