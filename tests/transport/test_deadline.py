"""One deadline bounds the rate limit, the attempts and the delays between them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest

from edgegap_async import EdgegapClient, RetryPolicy
from edgegap_async.errors import DeadlineExceeded, EdgegapError, Outcome, ServerError, TransportError
from edgegap_async.simulator import LocalEdgegap

Arrived: TypeAlias = Callable[[str], list[float]]

EPSILON = 0.002
IP = "203.0.113.7"


async def timed(call: Awaitable[object]) -> tuple[float, EdgegapError]:
    """Return the seconds until a call fails, and its error."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(EdgegapError) as caught:
        await call
    return loop.time() - began, caught.value


@pytest.mark.looptime
@pytest.mark.parametrize("seconds", [0.3, 0.5, 1, 2, 3, 4.7, 5, 7.5, 10, 19.5, 20])
async def test_a_stalled_response_ends_with_the_timeout(
    local: LocalEdgegap, edgegap: EdgegapClient, seconds: float
) -> None:
    local.faults.add("deployment-list", "stall", times=None)
    took, error = await timed(edgegap.deployments.list(timeout=seconds).first())
    assert took == pytest.approx(seconds, abs=EPSILON)
    assert isinstance(error, DeadlineExceeded)
    assert isinstance(error, TimeoutError)
    assert error.outcome is Outcome.UNKNOWN
    assert error.operation == "deployment-list"
    assert f"the timeout of {seconds:.3g} s ended while waiting for a response (attempt 1)" in str(error)
    assert "; the service may have carried out the request" in str(error)


@pytest.mark.looptime
async def test_a_create_without_a_response_has_an_unknown_outcome(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("v2-deployment-create", "stall")
    took, error = await timed(edgegap.deployments.create("kart", "v1", users=[IP], timeout=3, guard=False))
    assert took == pytest.approx(3, abs=EPSILON)
    assert isinstance(error, DeadlineExceeded)
    assert error.outcome is Outcome.UNKNOWN
    assert len(local.deployments) == 1


@pytest.mark.looptime
async def test_a_single_attempt_times_out_and_is_retried(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "stall")
    async with local.client(retry=RetryPolicy(attempt_timeout=2, initial_delay=0.1)) as edgegap:
        began = asyncio.get_running_loop().time()
        await edgegap.deployments.list().first()
        assert 2 <= asyncio.get_running_loop().time() - began <= 2.2
    assert len(local.requests) == 2


@pytest.mark.looptime
async def test_an_attempt_timeout_before_the_deadline_is_a_transport_error(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "stall")
    async with local.client(retry=RetryPolicy(attempt_timeout=2)) as edgegap:
        took, error = await timed(edgegap.deployments.create("kart", "v1", users=[IP], guard=False))
    assert took == pytest.approx(2, abs=EPSILON)
    assert isinstance(error, TransportError)
    assert error.outcome is Outcome.UNKNOWN
    assert "no response within 2 s; the service may have carried out the request" in str(error)


@pytest.mark.looptime
@pytest.mark.parametrize("seconds", [1, 5, 11, 30, 61])
@pytest.mark.parametrize(
    "faults",
    [
        [("stall", {})],
        [("status", {"code": 503}), ("stall", {})],
        [("status", {"code": 503, "headers": {"Retry-After": "1.5"}})],
        [("rate_limited", {"retry_after": 0.7})],
        [("rate_limited", {})],
        [("delay", {"seconds": 2}), ("reset", {})],
        [("reset", {}), ("rate_limited", {"retry_after": 3}), ("stall", {})],
    ],
    ids=["stall", "503 then stall", "503", "429", "429 without retry-after", "slow", "mixed"],
)
async def test_no_combination_of_faults_exceeds_the_timeout(
    local: LocalEdgegap, seconds: float, faults: list[tuple[str, dict[str, Any]]]
) -> None:
    for _ in range(50):
        for kind, options in faults:
            local.faults.add("deployment-list", kind, **options)
    policy = RetryPolicy(max_attempts=100, attempt_timeout=4)
    async with local.client(rate_limits={"list": 1.5}, retry=policy) as edgegap:
        loop = asyncio.get_running_loop()
        began = loop.time()
        calls = [edgegap.deployments.list(timeout=seconds).first() for _ in range(4)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert loop.time() - began <= seconds + EPSILON
    assert all(result is None or isinstance(result, EdgegapError) for result in results)


@pytest.mark.looptime
async def test_a_call_without_a_slot_before_its_deadline_fails_at_once(local: LocalEdgegap, arrived: Arrived) -> None:
    async with local.client(rate_limits={"status": 1}) as edgegap:
        it = (await edgegap.deployments.create("kart", "v1", users=[IP])).request_id
        await edgegap.deployments.get(it)
        took, error = await timed(edgegap.deployments.get(it, timeout=0.5))
        assert took == 0
        assert isinstance(error, DeadlineExceeded)
        assert error.outcome is Outcome.NOT_SENT
        assert error.operation == "deployment-get"
        assert "deployment-get: the rate limit has no slot within 0.5 s: the next one is 1.0" in str(error)
        await edgegap.deployments.get(it, timeout=1.5)
    assert len(arrived("deployment-get")) == 2


@pytest.mark.looptime
async def test_a_full_bucket_does_not_delay_operations_of_other_buckets(local: LocalEdgegap) -> None:
    async with local.client(rate_limits={"status": 0.01}) as edgegap:
        it = (await edgegap.deployments.create("kart", "v1", users=[IP])).request_id
        await edgegap.deployments.get(it)
        await edgegap.deployments.stop(it, timeout=0.5)


@pytest.mark.looptime
@pytest.mark.parametrize("retry_after", ["3600", "Fri, 31 Dec 2199 23:59:59 GMT"])
async def test_a_retry_delay_beyond_the_deadline_fails_at_once(
    local: LocalEdgegap, edgegap: EdgegapClient, retry_after: str
) -> None:
    local.faults.add("deployment-list", "status", times=None, code=503, headers={"Retry-After": retry_after})
    took, error = await timed(edgegap.deployments.list(timeout=60).first())
    assert took == 0
    assert isinstance(error, ServerError)
    assert error.retry_after is not None
    assert error.retry_after >= 3600
    assert len(error.__notes__) == 1
    assert error.__notes__[0].startswith("not retried: the next attempt would start in ")
    assert error.__notes__[0].endswith("and the timeout ends in 60 s")
    assert len(local.requests) == 1


@pytest.mark.looptime
async def test_a_stop_that_had_an_effect_is_refused_until_its_deadline(local: LocalEdgegap) -> None:
    """An earlier attempt stopped the server; its response was lost, and every retry is refused with 429."""
    local.faults.add("deployment-delete", "drop_after_commit")
    local.faults.add("deployment-delete", "rate_limited", times=None, retry_after=0.9)
    async with local.client(rate_limits=None, retry=RetryPolicy(initial_delay=0.001)) as edgegap:
        it = (await edgegap.deployments.create("kart", "v1", users=[IP])).request_id
        took, error = await timed(edgegap.deployments.stop(it, timeout=2))
    assert took <= 2
    assert len(local.deployments) == 0
    assert "429" in str(error)


@pytest.mark.looptime
async def test_a_create_refused_with_429_has_the_outcome_not_sent(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "rate_limited", retry_after=1)
    async with local.client(rate_limits={"deploy": 0.5}) as edgegap:
        took, error = await timed(edgegap.deployments.create("kart", "v1", users=[IP], timeout=2, guard=False))
    assert took <= 2
    assert isinstance(error, DeadlineExceeded)
    assert error.outcome is Outcome.NOT_SENT


@pytest.mark.looptime
async def test_an_infinite_timeout_waits_out_every_retry_after(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "rate_limited", times=3, retry_after=200)
    async with local.client(timeout=math.inf) as edgegap:
        await edgegap.deployments.list().first()
        assert asyncio.get_running_loop().time() >= 600


@pytest.mark.looptime
async def test_the_clients_timeout_is_the_default_of_its_calls(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "stall", times=None)
    async with local.client(timeout=1.25) as edgegap:
        took, error = await timed(edgegap.deployments.list().first())
        assert took == pytest.approx(1.25, abs=EPSILON)
        assert isinstance(error, DeadlineExceeded)


@pytest.mark.looptime
async def test_a_timeout_while_waiting_for_a_connection_has_the_outcome_not_sent(local: LocalEdgegap) -> None:
    """All connections of an injected session are in use, so the call is not sent, and its error says so."""
    import aiohttp  # noqa: PLC0415

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        local.faults.add("deployment-list", "stall")
        async with local.client(session=session) as edgegap:
            holder = asyncio.create_task(edgegap.deployments.list(timeout=15).first())
            await asyncio.sleep(0.1)
            _, error = await timed(edgegap.deployments.create("kart", "v1", users=[IP], timeout=3, guard=False))
            assert isinstance(error, (TransportError, DeadlineExceeded))
            assert error.outcome is Outcome.NOT_SENT
            holder.cancel()
            await asyncio.gather(holder, return_exceptions=True)
    assert len(local.history) == 0
