"""The three ways to count requests against a limit."""

import asyncio
import collections
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.operations import DOCUMENTED_RATES
from edgegap_async.simulator.http.rate_limits import TokenBucketCounter, FixedWindowCounter, RateLimiter, SlidingWindowCounter

limits = st.integers(1, 12)
# steps of a 64th of a second: sums of them are exact, so a second is a second
arrivals = st.lists(st.integers(0, 40), min_size=1, max_size=120).map(
    lambda steps: [sum(steps[: index + 1]) / 64 for index in range(len(steps))]
)


def accepted(count, moments):
    return [moment for moment in moments if count.admit(moment)]


def most_within(moments, span):
    return max((sum(start <= each < start + span for each in moments) for start in moments), default=0)


@given(limit=limits, moments=arrivals)
def test_sliding_never_more_in_any_second(limit, moments):
    assert most_within(accepted(SlidingWindowCounter(limit), moments), 1.0) <= limit


@given(limit=limits, moments=arrivals)
def test_sliding_refuses_only_when_the_last_second_is_full(limit, moments):
    count, taken = SlidingWindowCounter(limit), []
    for moment in moments:
        full = sum(moment - each < 1.0 for each in taken) >= limit
        assert count.admit(moment) is not full
        if not full:
            taken.append(moment)


@given(limit=limits, moments=arrivals, offset=st.floats(0, 0.99))
def test_fixed_accepts_up_to_the_limit_in_every_window(limit, moments, offset):
    def window(moment):
        return (moment - offset) // 1

    arrived = collections.Counter(map(window, moments))
    taken = collections.Counter(map(window, accepted(FixedWindowCounter(limit, offset), moments)))
    assert taken == {each: min(limit, number) for each, number in arrived.items()}


@given(limit=limits, moments=arrivals)
def test_bucket_gives_no_more_than_it_holds_and_gets(limit, moments):
    taken = accepted(TokenBucketCounter(limit), moments)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            number = last - first + 1
            assert number <= limit + (taken[last] - taken[first]) * limit + 1e-6


@given(limit=limits)
def test_all_accept_a_burst_of_the_limit(limit):
    for count in (SlidingWindowCounter(limit), FixedWindowCounter(limit, 0.3), TokenBucketCounter(limit)):
        assert len(accepted(count, [5.0] * (limit + 5))) == limit


def test_a_full_bucket_can_give_twice_the_limit_in_a_second():
    moments = [1.0] * 20 + [1.0 + number / 20 for number in range(1, 20)]
    assert len(accepted(TokenBucketCounter(20), moments)) == 39


def limits_of(rates="documented", counting="sliding"):
    return RateLimiter(rates, counting, random.Random(1))


def admitted(rates, bucket):
    return sum(rates.admit(bucket, 0.0) for _ in range(100))


def test_the_documented_limits():
    assert {bucket: admitted(limits_of(), bucket) for bucket in DOCUMENTED_RATES} == dict(DOCUMENTED_RATES)
    assert admitted(limits_of(), "default") == 100


def test_limits_can_be_replaced_and_switched_off():
    rates = limits_of({"list": 3, "default": 7})
    assert [admitted(rates, bucket) for bucket in ("list", "default", "status")] == [3, 7, 20]
    assert admitted(limits_of(None), "deploy") == 100


@pytest.mark.parametrize("rates", [{"lists": 1}, {"list": 0}, {"list": -1}, "none"])
def test_a_limit_that_cannot_be(rates):
    with pytest.raises(ValueError):
        limits_of(rates)


def test_a_count_there_is_not():
    with pytest.raises(ValueError, match="sliding, fixed, bucket"):
        limits_of(counting="leaky")


@pytest.mark.parametrize("counting", ["sliding", "fixed", "bucket"])
async def test_what_is_over_the_limit_is_refused(serve, counting):
    edgegap = await serve(rate_limits="documented", counting=counting)
    replies = await asyncio.gather(*(edgegap.call("GET", "/v1/deployments") for _ in range(15)))
    statuses = sorted(reply.status for reply in replies)
    assert statuses == [200] * 10 + [429] * 5
    refused = next(reply for reply in replies if reply.status == 429)
    assert "message" in refused.body
    assert "Retry-After" not in refused.headers
    assert (await edgegap.call("GET", "/v1/status/unknown")).status == 404, "another bucket"
    edgegap.clock.advance(1)
    assert (await edgegap.call("GET", "/v1/deployments")).status == 200


async def test_the_two_versions_share_the_deploy_limit(serve):
    edgegap = await serve(rate_limits={"deploy": 2})
    await edgegap.create()
    await edgegap.call("POST", "/v1/deploy", json={"app_name": "kart", "ip_list": ["203.0.113.7"]})
    body = {"private_host_ids": ["x"], "application": "kart", "version": "v1", "users": []}
    assert (await edgegap.call("POST", "/v2/private-fleets/deployments", json=body)).status == 429
    assert len(edgegap.local.history) == 2


async def test_a_refusal_can_say_how_long_to_wait(serve):
    edgegap = await serve(rate_limits={"list": 1}, retry_after=1.5)
    await edgegap.get("/v1/deployments")
    reply = await edgegap.call("GET", "/v1/deployments")
    assert (reply.status, reply.headers["Retry-After"]) == (429, "1.5")


async def test_a_request_without_the_token_is_not_counted(serve):
    edgegap = await serve(rate_limits={"list": 1})
    for _ in range(3):
        headers = {"Authorization": "token wrong"}
        assert (await edgegap.call("GET", "/v1/deployments", headers=headers)).status == 401
    assert (await edgegap.call("GET", "/v1/deployments")).status == 200


@pytest.mark.looptime
async def test_requests_are_on_their_way_for_a_while(serve):
    edgegap = await serve(clock=None, jitter=2.0)
    start = asyncio.get_running_loop().time()
    await asyncio.gather(*(edgegap.get("/v1/deployments") for _ in range(20)))
    times = [each.at - start for each in edgegap.local.requests]
    assert 0 <= min(times) < 0.5
    assert 1.5 < max(times) < 2.5
