"""What the calls of a client need of a rate limit: a bucket of this process, or one that several processes share."""

from __future__ import annotations

import math
from typing import Protocol

from edgegap_async.limits.slot_queue import Priority


class RateBucket(Protocol):
    """A rate limit."""

    @property
    def rate(self) -> float:
        """The current rate, in slots a second."""
        ...

    @property
    def waiting(self) -> int:
        """How many tasks wait for a slot."""
        ...

    async def acquire(self, timeout: float | None = None, *, priority: Priority = Priority.CALL) -> float:
        """Wait for a slot; return the seconds waited. See ``TokenBucket.acquire``."""
        ...

    def slot_in(self, priority: Priority = Priority.CALL) -> float:
        """Return the seconds until ``acquire`` would return, as far as this process knows."""
        ...

    def pause(self, seconds: float) -> None:
        """Release no slot for a time."""
        ...

    def slow_down(self, retry_after: float | None = None, *, sent_at: float = math.inf) -> float:
        """Pause after a 429 and lower the rate; return the length of the pause. See ``TokenBucket.slow_down``."""
        ...
