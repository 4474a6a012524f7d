"""What a client did so far: the statistics that ``EdgegapClient.stats()`` returns."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from edgegap_async.operations import Bucket


@attrs.frozen(kw_only=True)
class BucketStats:
    """What the attempts of one rate bucket add up to. The waits are those for a slot of the bucket.

    Attributes:
        requests: Attempts sent, retries included.
        retries: Attempts that repeated an earlier one.
        rate_limited: Responses with status 429.
        waited_seconds: The sum of all waits, in seconds.
        mean_wait: The mean wait of an attempt, in seconds; attempts that did not wait count as 0.
        p95_wait: The wait that 95 % of the last 1,000 attempts did not exceed, in seconds.
        max_wait: The longest wait of all attempts, in seconds.
        rate: The present rate in requests a second, None without a limit.
        full_rate: The rate as long as no request is refused, None without a limit.
        waiting: How many calls wait for a slot now.
    """

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    waited_seconds: float = 0.0
    mean_wait: float = 0.0
    p95_wait: float = 0.0
    max_wait: float = 0.0
    rate: float | None = None
    full_rate: float | None = None
    waiting: int = 0

    @property
    def is_slowed(self) -> bool:
        """Whether the present rate is below the full one, as it is for a while after a 429."""
        return self.rate is not None and self.full_rate is not None and self.rate < self.full_rate


@attrs.frozen(kw_only=True)
class Stats:
    """What a client did since it was created: the statistics of its rate buckets, and their sums.

    Attributes:
        buckets: The statistics by bucket: ``deploy``, ``status``, ``list``, ``hosts``, ``stop`` and
            ``default``.
        last_response_age: Seconds since the last request that got a response was sent, None if there was none.
    """

    buckets: Mapping[Bucket, BucketStats]
    last_response_age: float | None = None

    @property
    def requests(self) -> int:
        """Attempts sent, retries included."""
        return sum(bucket.requests for bucket in self.buckets.values())

    @property
    def retries(self) -> int:
        """Attempts that repeated an earlier one."""
        return sum(bucket.retries for bucket in self.buckets.values())

    @property
    def rate_limited(self) -> int:
        """Responses with status 429."""
        return sum(bucket.rate_limited for bucket in self.buckets.values())

    @property
    def waited_seconds(self) -> float:
        """Seconds waited for slots of the rate buckets, summed over all attempts."""
        return sum(bucket.waited_seconds for bucket in self.buckets.values())
