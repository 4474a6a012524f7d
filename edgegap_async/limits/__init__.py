"""Rate limits: the token bucket, and the buckets for the rates that the service documents."""

from edgegap_async.limits.rates import RateLimits, bucket_under, buckets_for
from edgegap_async.limits.token_bucket import Priority, TokenBucket

__all__ = ["Priority", "RateLimits", "TokenBucket", "bucket_under", "buckets_for"]
