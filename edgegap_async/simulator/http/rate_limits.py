"""Three ways to count requests against a limit of so many a second.

How the service counts is not known, so a client has to stay inside its limits under each of them.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol, TypeAlias

from edgegap_async.operations import DOCUMENTED_RATES, Bucket

Counting: TypeAlias = Literal["sliding", "fixed", "bucket"]


class Count(Protocol):
    """The count of one bucket of requests."""

    def admit(self, now: float) -> bool:
        """Count one request that arrives now, or refuse it; a refused one is not counted."""
        ...


class SlidingCount:
    """Every request of the last second is remembered: no span of a second ever holds more than the limit."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._accepted: deque[float] = deque()

    def admit(self, now: float) -> bool:
        """Accept it if fewer than the limit were accepted in the second that ends now."""
        while self._accepted and now - self._accepted[0] >= 1.0:
            self._accepted.popleft()
        if len(self._accepted) >= self._limit:
            return False
        self._accepted.append(now)
        return True


class FixedCount:
    """Windows of one second, each starting from nothing; ``offset`` is when in the second they begin.

    Two windows that touch can let twice the limit pass within one second.
    """

    def __init__(self, limit: float, offset: float) -> None:
        self._limit = limit
        self._offset = offset
        self._window = -math.inf
        self._accepted = 0

    def admit(self, now: float) -> bool:
        """Accept it if its window has accepted fewer than the limit."""
        window = math.floor(now - self._offset)
        if window != self._window:
            self._window, self._accepted = window, 0
        if self._accepted >= self._limit:
            return False
        self._accepted += 1
        return True


class BucketCount:
    """A bucket of one second's tokens that fills at the limit's rate.

    After a pause it is full: a burst of the limit and then the limit again can pass within one second.
    """

    def __init__(self, limit: float) -> None:
        self._rate = limit
        self._capacity = max(limit, 1.0)
        self._tokens = self._capacity
        self._filled = -math.inf

    def admit(self, now: float) -> bool:
        """Accept it if a whole token is left."""
        self._tokens = min(self._capacity, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        # a token that is whole but for the rounding of the arithmetic is a token
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens -= 1.0
        return True


_WAYS: Final[Mapping[Counting, Callable[[float, random.Random], Count]]] = {
    "sliding": lambda limit, _: SlidingCount(limit),
    "fixed": lambda limit, chance: FixedCount(limit, chance.random()),
    "bucket": lambda limit, _: BucketCount(limit),
}


class RateLimiter:
    """The limits of the service, by bucket of operations; a bucket without a number is not limited."""

    def __init__(
        self,
        rates: Mapping[str, float] | Literal["documented"] | None,
        counting: Counting,
        chance: random.Random,
    ) -> None:
        if counting not in _WAYS:
            raise ValueError(f"counting is one of {', '.join(_WAYS)}, not {counting!r}")
        self._counts: dict[str, Count] = {
            bucket: _WAYS[counting](rate, chance) for bucket, rate in _numbers(rates).items()
        }

    def admit(self, bucket: str, now: float) -> bool:
        """Count one request of a bucket, or refuse it."""
        count = self._counts.get(bucket)
        return count is None or count.admit(now)


_BUCKETS: Final[tuple[Bucket, ...]] = ("deploy", "status", "list", "hosts", "default")


def _numbers(rates: Mapping[str, float] | Literal["documented"] | None) -> dict[str, float]:
    if rates is None:
        return {}
    documented: dict[str, float] = {str(bucket): rate for bucket, rate in DOCUMENTED_RATES.items()}
    if isinstance(rates, str):
        if rates != "documented":
            raise ValueError(f"rate_limits is None, 'documented' or a number by bucket, not {rates!r}")
        return documented
    for bucket, rate in rates.items():
        if bucket not in _BUCKETS:
            raise ValueError(f"there is no bucket {bucket!r}: {', '.join(_BUCKETS)}")
        if not rate > 0:
            raise ValueError(f"the rate of {bucket!r} must be more than 0, not {rate}")
    return documented | dict(rates)
