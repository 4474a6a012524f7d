"""The three ways to count requests against a rate limit, and jitter."""

import asyncio
import collections
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.operations import DOCUMENTED_RATES
from edgegap_async.simulator.http.rate_limits import (
    FixedWindowCounter,
    RateLimiter,
    SlidingWindowCounter,
    TokenBucketCounter,
)

limits = st.integers(1, 12)
# steps of a 64th of a second: sums of them are exact, so a second is a second
arrivals = st.lists(st.integers(0, 40), min_size=1, max_size=120).map(
    lambda steps: [sum(steps[: index + 1]) / 64 for index in range(len(steps))]
)


def admitted_moments(counter, moments):
    return [moment for moment in moments if counter.admit(moment)]


def most_within(moments, span):
    return max((sum(start <= each < start + span for each in moments) for start in moments), default=0)


@given(limit=limits, moments=arrivals)
def test_a_sliding_window_never_admits_more_than_the_limit_in_a_second(limit, moments):
    assert most_within(admitted_moments(SlidingWindowCounter(limit), moments), 1.0) <= limit


@given(limit=limits, moments=arrivals)
def test_a_sliding_window_refuses_only_when_the_last_second_is_full(limit, moments):
    counter, taken = SlidingWindowCounter(limit), []
    for moment in moments:
        full = sum(moment - each < 1.0 for each in taken) >= limit
        assert counter.admit(moment) is not full
        if not full:
            taken.append(moment)


@given(limit=limits, moments=arrivals, offset=st.floats(0, 0.99))
def test_a_fixed_window_admits_up_to_the_limit_in_each_window(limit, moments, offset):
    def window(moment):
        return (moment - offset) // 1

    arrived = collections.Counter(map(window, moments))
    taken = collections.Counter(map(window, admitted_moments(FixedWindowCounter(limit, offset), moments)))
    assert taken == {each: min(limit, number) for each, number in arrived.items()}


@given(limit=limits, moments=arrivals)
def test_a_token_bucket_admits_no_more_than_its_capacity_and_what_it_refills(limit, moments):
    taken = admitted_moments(TokenBucketCounter(limit), moments)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            number = last - first + 1
            assert number <= limit + (taken[last] - taken[first]) * limit + 1e-6


@given(limit=limits)
def test_every_counter_admits_a_burst_of_the_limit(limit):
    for counter in (SlidingWindowCounter(limit), FixedWindowCounter(limit, 0.3), TokenBucketCounter(limit)):
        assert len(admitted_moments(counter, [5.0] * (limit + 5))) == limit


def test_a_full_token_bucket_can_admit_nearly_twice_the_limit_in_a_second():
    moments = [1.0] * 20 + [1.0 + number / 20 for number in range(1, 20)]
    assert len(admitted_moments(TokenBucketCounter(20), moments)) == 39


def limits_of(rates="documented", counting="sliding"):
    return RateLimiter(rates, counting, random.Random(1))


def admitted(rates, bucket):
    return sum(rates.admit(bucket, 0.0) for _ in range(100))


def test_a_token_bucket_of_less_than_one_request_a_second_admits_one_at_a_time():
    counter = TokenBucketCounter(0.5)
    assert [counter.admit(moment) for moment in (0.0, 1.0, 2.0, 3.0, 9.0, 9.5)] == [
        True,
        False,
        True,
        False,
        True,
        False,
    ]


def test_the_default_limits_are_the_documented_ones():
    assert {bucket: admitted(limits_of(), bucket) for bucket in DOCUMENTED_RATES} == dict(DOCUMENTED_RATES)
    assert admitted(limits_of(), "default") == 100


def test_limits_can_be_replaced_by_bucket_or_disabled():
    rates = limits_of({"list": 3, "default": 7})
    assert [admitted(rates, bucket) for bucket in ("list", "default", "status")] == [3, 7, 20]
    assert admitted(limits_of(None), "deploy") == 100


@pytest.mark.parametrize("rates", [{"lists": 1}, {"list": 0}, {"list": -1}, "none"])
def test_an_invalid_rate_limit_is_refused(rates):
    with pytest.raises(ValueError):
        limits_of(rates)


def test_an_unknown_way_to_count_is_refused():
    with pytest.raises(ValueError, match="sliding, fixed, bucket"):
        limits_of(counting="leaky")


@pytest.mark.parametrize("counting", ["sliding", "fixed", "bucket"])
async def test_requests_over_the_limit_get_429_and_other_buckets_are_unaffected(serve, counting):
    edgegap = await serve(rate_limits="documented", counting=counting)
    replies = await asyncio.gather(*(edgegap.call("GET", "/v1/deployments") for _ in range(15)))
    statuses = sorted(reply.status for reply in replies)
    assert statuses == [200] * 10 + [429] * 5
    refused = next(reply for reply in replies if reply.status == 429)
    assert "message" in refused.body
    assert "Retry-After" not in refused.headers
    assert (await edgegap.call("GET", "/v1/status/unknown")).status == 404, "a request of another bucket"
    edgegap.clock.advance(1)
    assert (await edgegap.call("GET", "/v1/deployments")).status == 200


async def test_all_creates_share_the_deploy_limit(serve):
    edgegap = await serve(rate_limits={"deploy": 2})
    await edgegap.create()
    await edgegap.call("POST", "/v1/deploy", json={"app_name": "kart", "ip_list": ["203.0.113.7"]})
    body = {"private_host_ids": ["x"], "application": "kart", "version": "v1", "users": []}
    assert (await edgegap.call("POST", "/v2/private-fleets/deployments", json=body)).status == 429
    assert len(edgegap.local.history) == 2


async def test_retry_after_sets_the_header_of_a_429(serve):
    edgegap = await serve(rate_limits={"list": 1}, retry_after=1.5)
    await edgegap.get("/v1/deployments")
    reply = await edgegap.call("GET", "/v1/deployments")
    assert (reply.status, reply.headers["Retry-After"]) == (429, "1.5")


async def test_a_request_without_the_token_is_not_counted_against_the_limit(serve):
    edgegap = await serve(rate_limits={"list": 1})
    for _ in range(3):
        headers = {"Authorization": "token wrong"}
        assert (await edgegap.call("GET", "/v1/deployments", headers=headers)).status == 401
    assert (await edgegap.call("GET", "/v1/deployments")).status == 200


async def response_times(edgegap, requests):
    """When each response arrives, in seconds after the requests were sent together."""
    loop = asyncio.get_running_loop()
    start = loop.time()

    async def send():
        await edgegap.get("/v1/deployments")
        return loop.time() - start

    return sorted(await asyncio.gather(*(send() for _ in range(requests))))


@pytest.mark.looptime
async def test_jitter_spreads_requests_and_responses_over_its_range(serve):
    edgegap = await serve(clock=None, jitter=2.0)
    start = asyncio.get_running_loop().time()
    responded = await response_times(edgegap, 40)
    counted = [each.at - start for each in edgegap.local.requests]
    for times in (counted, responded):
        by_quarter = collections.Counter(int(each / 0.5) for each in times if each < 2.0)
        assert min(by_quarter[quarter] for quarter in range(4)) >= 3
        assert max(times) < 2.1
    assert len({round(each, 2) for each in counted}) > 30, "each request has its own delay"


@pytest.mark.looptime
async def test_without_jitter_responses_arrive_together(serve):
    times = await response_times(await serve(clock=None), 40)
    assert times[-1] < 0.2
