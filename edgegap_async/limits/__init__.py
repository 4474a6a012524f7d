"""Rate limits: the token bucket, and the buckets for the rates that the service documents."""

from edgegap_async.limits.rate_bucket import RateBucket
from edgegap_async.limits.rates import LONGEST_PAUSES, RateLimits, bucket_under, buckets_for, shared_names
from edgegap_async.limits.slot_queue import Priority
from edgegap_async.limits.token_bucket import TokenBucket

__all__ = [
    "LONGEST_PAUSES",
    "Priority",
    "RateBucket",
    "RateLimits",
    "TokenBucket",
    "bucket_under",
    "buckets_for",
    "shared_names",
]
