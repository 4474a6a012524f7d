"""From rate limits in requests a second to token buckets that stay below them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

from edgegap_async.errors import ConfigurationError
from edgegap_async.limits.token_bucket import TokenBucket
from edgegap_async.operations import DOCUMENTED_RATES, Bucket
from edgegap_async.validation import suggestion, validate_positive

RateLimits: TypeAlias = Literal["documented"] | Mapping[str, float] | None
"""What ``rate_limits=`` takes: the documented rates, other rates (requests a second) by bucket, or no limits."""

UNDOCUMENTED_RATE: Final = 40.0
"""Requests a second of each bucket without a documented rate: ``stop`` and ``default``."""

# A bucket allows capacity + rate x span acquisitions in any span. With 95 % of the limit L as the rate and a capacity
# of 1 plus 10 ms of that rate, this stays below L + 1, so at most L requests, in any span up to 1.0426 s: requests
# sent a second apart may arrive 42 ms closer together and still be within the limit. The 10 ms let the bucket catch
# up after a timer fired late.
_SHARE_OF_LIMIT: Final = 0.95
_CATCH_UP_SECONDS: Final = 0.010

BUCKETS: Final[tuple[Bucket, ...]] = get_args(Bucket)

_LONGEST_PAUSE_SECONDS: Final = 300.0

LONGEST_PAUSES: Final[Mapping[Bucket, float]] = MappingProxyType(
    {**dict.fromkeys(BUCKETS, _LONGEST_PAUSE_SECONDS), "stop": 5.0}
)
"""The most seconds of a ``Retry-After`` that are waited, by bucket: a server that is not stopped is billed."""


def bucket_under(limit: float) -> TokenBucket:
    """Create a bucket that allows at most ``limit`` requests in any one second; ``math.inf`` is no limit."""
    rate = limit * _SHARE_OF_LIMIT
    return TokenBucket(rate, 1.0 if math.isinf(rate) else 1.0 + rate * _CATCH_UP_SECONDS)


def buckets_for(rate_limits: RateLimits) -> Mapping[Bucket, TokenBucket]:
    """Create one bucket for each bucket name.

    Args:
        rate_limits: ``"documented"``, None for no limits, or requests a second by bucket name. Buckets that a mapping
            does not name keep their documented rate; ``math.inf`` is no limit.

    Raises:
        ConfigurationError: A bucket name is unknown, or a rate is not a number above 0.
    """
    limits = dict.fromkeys(BUCKETS, math.inf)
    if rate_limits is not None:
        limits |= {"stop": UNDOCUMENTED_RATE, "default": UNDOCUMENTED_RATE, **DOCUMENTED_RATES}
        if rate_limits != "documented":
            limits |= _validate_rates(rate_limits)
    return MappingProxyType({name: bucket_under(limit) for name, limit in limits.items()})


def shared_names(rate_limits: RateLimits) -> Collection[str]:
    """Return the buckets whose limits are those of the organisation, and not of each process.

    These are the ones with a documented rate and those that ``rate_limits`` names.
    """
    return {*DOCUMENTED_RATES, *(rate_limits if isinstance(rate_limits, Mapping) else ())}


def _validate_rates(rate_limits: Mapping[str, float]) -> dict[Bucket, float]:
    if not isinstance(rate_limits, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"rate_limits must be 'documented', a mapping or None, not {rate_limits!r}")
    for name in rate_limits:
        if name not in BUCKETS:
            raise ConfigurationError(f"rate_limits names no bucket {name!r}: {suggestion(name, BUCKETS)}")
    return {
        name: validate_positive(rate_limits[name], f"rate_limits[{name!r}] (requests a second)")
        for name in BUCKETS
        if name in rate_limits
    }
