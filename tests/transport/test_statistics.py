"""The waits behind ``stats()``: their sum, mean, 95th percentile and maximum."""

from __future__ import annotations

import math

import pytest

from edgegap_async.stats import BucketStats
from edgegap_async.transport.statistics import WINDOW, BucketCounters


def stats_after(*waits: float) -> BucketStats:
    counters = BucketCounters()
    for wait in waits:
        counters.record_request(wait, retry=False)
    return counters.snapshot(rate=10)


def test_no_requests_have_no_waits() -> None:
    assert stats_after() == BucketStats(rate=10)


def test_an_infinite_rate_is_no_rate() -> None:
    assert BucketCounters().snapshot(rate=math.inf).rate is None


@pytest.mark.parametrize(
    ("number", "expected"), [(1, 1), (2, 2), (10, 10), (19, 19), (20, 19), (21, 20), (100, 95), (1000, 950)]
)
def test_95_percent_of_the_waits_do_not_exceed_the_p95_wait(number: int, expected: float) -> None:
    waits = [float(wait) for wait in range(number, 0, -1)]  # the order does not matter
    assert stats_after(*waits).p95_wait == expected


def test_the_mean_counts_requests_that_did_not_wait() -> None:
    stats = stats_after(0.0, 0.0, 3.0, 1.0)
    assert (stats.requests, stats.waited_seconds, stats.mean_wait, stats.max_wait) == (4, 4.0, 1.0, 3.0)


def test_the_p95_wait_is_that_of_the_last_requests_and_the_other_numbers_are_of_all() -> None:
    stats = stats_after(*[100.0] * 500, *[1.0] * WINDOW)
    assert stats.p95_wait == 1.0
    assert stats.max_wait == 100.0
    assert stats.mean_wait == pytest.approx((500 * 100 + WINDOW) / (500 + WINDOW))


def test_retries_are_counted() -> None:
    counters = BucketCounters()
    counters.record_request(0.0, retry=False)
    counters.record_request(0.5, retry=True)
    assert (counters.snapshot(rate=10).requests, counters.snapshot(rate=10).retries) == (2, 1)
