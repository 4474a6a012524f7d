"""The longest pause that a Retry-After header causes."""

from __future__ import annotations

import asyncio
import logging
import math

import pytest

from edgegap_async import EdgegapClient, RetryPolicy
from edgegap_async.errors import APIError, RateLimited
from edgegap_async.limits import LONGEST_PAUSES
from edgegap_async.limits.rates import BUCKETS
from edgegap_async.simulator import LocalEdgegap

ID = "0123456789ab"
FOREVER = ["1e300", "86400", "Fri, 31 Dec 9999 23:59:59 GMT"]


def now() -> float:
    return asyncio.get_running_loop().time()


async def refused(edgegap: EdgegapClient) -> APIError:
    with pytest.raises(APIError) as caught:
        await edgegap.deployments.get(ID, timeout=10)
    return caught.value


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_has_a_longest_pause(bucket: str) -> None:
    assert LONGEST_PAUSES[bucket] == (5 if bucket == "stop" else 300)  # type: ignore[index]


@pytest.mark.looptime
@pytest.mark.parametrize("header", FOREVER)
async def test_a_429_pauses_its_bucket_for_five_minutes_at_most(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    local.faults.add("deployment-get", "rate_limited", retry_after=header)
    async with local.client() as edgegap:
        began = now()
        error = await refused(edgegap)
        assert isinstance(error, RateLimited)
        assert "not retried: the next attempt would start in 300 s" in error.__notes__[0]
        with pytest.raises(APIError) as caught:
            await edgegap.deployments.get(ID, timeout=400)
        assert not isinstance(caught.value, RateLimited)
        assert now() - began == pytest.approx(300, abs=0.1)
    (warning,) = [each for each in caplog.records if "Retry-After" in each.getMessage()]
    assert warning.levelno == logging.WARNING
    assert "the client waits for 300 s, the longest pause of the rate bucket status" in warning.getMessage()


@pytest.mark.looptime
@pytest.mark.parametrize("header", FOREVER)
async def test_a_503_delays_its_retry_for_five_minutes_at_most(local: LocalEdgegap, header: str) -> None:
    local.faults.add("deployment-get", "status", code=503, headers={"Retry-After": header})
    async with local.client() as edgegap:
        began = now()
        with pytest.raises(APIError) as caught:
            await edgegap.deployments.get(ID, timeout=400)
        assert caught.value.status != 503
        assert now() - began == pytest.approx(300, abs=0.1)


@pytest.mark.parametrize("header", ["-1", "-1e300", "nan", "inf", "-inf", "1e999", *FOREVER])
async def test_the_seconds_of_a_retry_after_are_a_number_from_zero(local: LocalEdgegap, header: str) -> None:
    local.faults.add("deployment-get", "status", code=503, headers={"Retry-After": header})
    async with local.client(retry=RetryPolicy(max_attempts=1)) as edgegap:
        seconds = (await refused(edgegap)).retry_after
    assert seconds is None or 0 <= seconds < math.inf


@pytest.mark.looptime
async def test_a_retry_after_of_exactly_the_longest_pause_is_waited_without_a_warning(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    local.faults.add("deployment-delete", "status", code=503, headers={"Retry-After": "5"})
    async with local.client() as edgegap:
        began = now()
        await edgegap.deployments.stop(ID)
        assert now() - began == pytest.approx(5, abs=0.1)
    assert not [record for record in caplog.records if "Retry-After is" in record.getMessage()]
