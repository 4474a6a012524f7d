"""From a documented number of requests a second to a bucket that stays under it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

from edgegap_async.errors import ConfigurationError
from edgegap_async.limits.token_bucket import TokenBucket
from edgegap_async.operations import DOCUMENTED_RATES, Bucket

RateLimits: TypeAlias = Literal["documented"] | Mapping[str, float] | None
"""What ``rate_limits=`` takes: the documented numbers, other numbers by bucket, or no limits."""

UNDOCUMENTED_RATE: Final = 40.0
"""Requests a second for all operations of which the service says nothing (bucket ``default``)."""

# A bucket lets capacity + rate x span through. With 95 % of the limit L and a capacity of 1 + 10 ms' worth, that
# stays below L + 1, so at L whole requests, in any span up to 1.0426 s: requests that leave a second apart may
# arrive 42 ms closer and still be inside the limit. The 10 ms let a timer that fired late catch up.
_SHARE: Final = 0.95
_CATCH_UP_SECONDS: Final = 0.010

BUCKETS: Final[tuple[Bucket, ...]] = get_args(Bucket)


def bucket_under(limit: float) -> TokenBucket:
    """A bucket that never lets more than ``limit`` requests into any one second, ``math.inf`` being no limit."""
    rate = limit * _SHARE
    return TokenBucket(rate, 1.0 if math.isinf(rate) else 1.0 + rate * _CATCH_UP_SECONDS)


def buckets_for(rate_limits: RateLimits) -> Mapping[Bucket, TokenBucket]:
    """One bucket for each name. Raises ConfigurationError for an unknown name or a rate not above 0."""
    limits = dict.fromkeys(BUCKETS, math.inf)
    if rate_limits is not None:
        limits |= {"default": UNDOCUMENTED_RATE, **DOCUMENTED_RATES}
        if rate_limits != "documented":
            limits |= _checked(rate_limits)
    return MappingProxyType({name: bucket_under(limit) for name, limit in limits.items()})


def _checked(rate_limits: Mapping[str, float]) -> dict[Bucket, float]:
    if not isinstance(rate_limits, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"rate_limits is 'documented', a mapping or None, not {rate_limits!r}")
    known: dict[Bucket, float] = {name: rate_limits[name] for name in BUCKETS if name in rate_limits}
    if unknown := sorted(set(rate_limits) - set(known)):
        raise ConfigurationError(f"no rate bucket is called {unknown[0]!r}; there are {', '.join(BUCKETS)}")
    for name, rate in known.items():
        if isinstance(rate, bool) or not isinstance(rate, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"the rate of {name!r} must be a number a second, not {rate!r}")
    return known
