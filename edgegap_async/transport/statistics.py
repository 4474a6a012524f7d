"""Counts and waiting times of one rate bucket, behind ``EdgegapClient.stats()``."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import attrs

from edgegap_async.stats import BucketStats

WINDOW: Final = 1000
"""How many of the latest waits the 95th percentile is computed from."""


@attrs.define(kw_only=True)
class BucketCounters:
    """What the attempts of one rate bucket add up to.

    Attributes:
        requests: Attempts sent.
        retries: Attempts that repeated an earlier one.
        rate_limited: Responses with status 429.
        waited_seconds: Seconds waited for a slot, over all attempts.
        max_wait: The longest of these waits, in seconds.
        recent_waits: The last 1,000 waits, in seconds.
        full_rate: The bucket's rate a second as long as no request is refused, ``math.inf`` without a limit.
    """

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    waited_seconds: float = 0.0
    max_wait: float = 0.0
    recent_waits: deque[float] = attrs.field(factory=lambda: deque[float](maxlen=WINDOW), repr=False)
    full_rate: float = math.inf

    def record_request(self, waited: float, *, retry: bool) -> None:
        """Count an attempt that is about to be sent, after it waited ``waited`` seconds for its slot."""
        self.requests += 1
        self.retries += retry
        self.recent_waits.append(waited)
        if waited:
            self.waited_seconds += waited
            self.max_wait = max(self.max_wait, waited)

    def snapshot(self, rate: float, *, waiting: int = 0) -> BucketStats:
        """Return the counts so far.

        Args:
            rate: The bucket's present rate a second, ``math.inf`` without a limit.
            waiting: How many calls wait for a slot.
        """
        return BucketStats(
            requests=self.requests,
            retries=self.retries,
            rate_limited=self.rate_limited,
            waited_seconds=self.waited_seconds,
            mean_wait=self.waited_seconds / self.requests if self.requests else 0.0,
            p95_wait=_percentile_95(self.recent_waits),
            max_wait=self.max_wait,
            rate=None if math.isinf(rate) else rate,
            full_rate=None if math.isinf(self.full_rate) else self.full_rate,
            waiting=waiting,
        )


def _percentile_95(waits: deque[float]) -> float:
    """Return the smallest wait that at least 95 % of the waits do not exceed, 0.0 without waits."""
    if not waits:
        return 0.0
    return sorted(waits)[math.ceil(0.95 * len(waits)) - 1]
