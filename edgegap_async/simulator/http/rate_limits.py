"""Rate limits, counted in three ways.

The service does not document how it counts, so a client has to stay inside its limits with each of them.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol, TypeAlias, get_args

from edgegap_async.operations import DOCUMENTED_RATES, Bucket
from edgegap_async.validation import suggestion

Counting: TypeAlias = Literal["sliding", "fixed", "bucket"]
"""How requests are counted: in any window of a second, in fixed windows of a second, or by a token bucket."""

_EPSILON: Final = 1e-9
"""The share of a token that the rounding of sums may cost."""


class RequestCounter(Protocol):
    """Counts the requests of one rate bucket."""

    def admit(self, now: float) -> bool:
        """Count a request at the moment ``now`` and return True; return False if it is over the limit."""
        ...


class SlidingWindowCounter:
    """Counts in a sliding window: no window of one second ever holds more requests than the limit."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._admitted: deque[float] = deque()

    def admit(self, now: float) -> bool:
        """Admit a request if fewer than the limit were admitted in the second that ends now."""
        while self._admitted and now - self._admitted[0] >= 1.0:
            self._admitted.popleft()
        if len(self._admitted) >= self._limit:
            return False
        self._admitted.append(now)
        return True


class FixedWindowCounter:
    """Counts in fixed windows of one second.

    Around the border of two windows, twice the limit can pass within one second.
    """

    def __init__(self, limit: float, offset: float) -> None:
        """Start with an empty window.

        Args:
            limit: Requests per window.
            offset: When in each second the windows begin, from 0 to 1.
        """
        self._limit = limit
        self._offset = offset
        self._window = -math.inf
        self._admitted = 0

    def admit(self, now: float) -> bool:
        """Admit a request if its window has admitted fewer than the limit."""
        window = math.floor(now - self._offset)
        if window != self._window:
            self._window, self._admitted = window, 0
        if self._admitted >= self._limit:
            return False
        self._admitted += 1
        return True


class TokenBucketCounter:
    """Counts with a token bucket of one second's requests.

    After a pause the bucket is full: a burst of the limit and then the limit again can pass within one second.
    """

    def __init__(self, limit: float) -> None:
        self._rate = limit
        self._capacity = max(limit, 1.0)
        self._tokens = self._capacity
        self._filled_at = -math.inf

    def admit(self, now: float) -> bool:
        """Admit a request if the bucket holds a full token."""
        self._tokens = min(self._capacity, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1.0 - _EPSILON:
            return False
        self._tokens -= 1.0
        return True


_COUNTERS: Final[Mapping[Counting, Callable[[float, random.Random], RequestCounter]]] = {
    "sliding": lambda limit, _: SlidingWindowCounter(limit),
    "fixed": lambda limit, rng: FixedWindowCounter(limit, rng.random()),
    "bucket": lambda limit, _: TokenBucketCounter(limit),
}


class RateLimiter:
    """Admits requests by rate bucket; a bucket without a limit admits every request."""

    def __init__(
        self,
        rates: Mapping[str, float] | Literal["documented"] | None,
        counting: Counting,
        rng: random.Random,
    ) -> None:
        """Create a counter for each limited bucket.

        Args:
            rates: ``"documented"``, None for no limits, or requests per second by bucket, which replace the
                documented ones.
            counting: How requests are counted.
            rng: Chooses when the windows of ``"fixed"`` begin.

        Raises:
            ValueError: A bucket or a way to count is unknown, or a rate is not above 0.
        """
        if counting not in _COUNTERS:
            raise ValueError(f"counting must be one of {', '.join(_COUNTERS)}, not {counting!r}")
        self._counters: dict[str, RequestCounter] = {
            bucket: _COUNTERS[counting](rate, rng) for bucket, rate in _rates_by_bucket(rates).items()
        }

    def admit(self, bucket: str, now: float) -> bool:
        """Count a request of a bucket at the moment ``now`` and return True; return False if it is over the limit."""
        counter = self._counters.get(bucket)
        return counter is None or counter.admit(now)


_BUCKETS: Final[tuple[Bucket, ...]] = get_args(Bucket)


def _rates_by_bucket(rates: Mapping[str, float] | Literal["documented"] | None) -> dict[str, float]:
    if rates is None:
        return {}
    documented: dict[str, float] = {str(bucket): rate for bucket, rate in DOCUMENTED_RATES.items()}
    if isinstance(rates, str):
        if rates != "documented":
            raise ValueError(f"rate_limits must be None, 'documented' or numbers by bucket, not {rates!r}")
        return documented
    for bucket, rate in rates.items():
        if bucket not in _BUCKETS:
            raise ValueError(f"rate_limits has no bucket {bucket!r}: {suggestion(bucket, _BUCKETS)}")
        if not rate > 0:
            raise ValueError(f"the rate limit of {bucket!r} must be above 0 requests per second, not {rate}")
    return documented | dict(rates)
