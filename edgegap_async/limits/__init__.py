"""Rate limits: the token bucket, and the buckets for the rates that the service documents."""

from edgegap_async.limits.rates import LONGEST_PAUSES, RateLimits, bucket_under, buckets_for
from edgegap_async.limits.token_bucket import Priority, TokenBucket

__all__ = ["LONGEST_PAUSES", "Priority", "RateLimits", "TokenBucket", "bucket_under", "buckets_for"]
