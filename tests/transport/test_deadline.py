"""One deadline over the limiter, the attempts and the pauses between them."""

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
    """The seconds a call takes to fail, and its error."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(EdgegapError) as caught:
        await call
    return loop.time() - began, caught.value


@pytest.mark.looptime
@pytest.mark.parametrize("seconds", [0.3, 0.5, 1, 2, 3, 4.7, 5, 7.5, 10, 19.5, 20])
async def test_a_service_that_is_silent(local: LocalEdgegap, edgegap: EdgegapClient, seconds: float) -> None:
    local.faults.add("deployment-list", "stall", times=None)
    took, error = await timed(edgegap.deployments.list(timeout=seconds).first())
    assert took == pytest.approx(seconds, abs=EPSILON)
    assert isinstance(error, DeadlineExceeded)
    assert isinstance(error, TimeoutError)
    assert error.outcome is Outcome.UNKNOWN
    assert error.operation == "deployment-list"
    assert f"not done within {seconds:.3g} s" in str(error)
    assert "waiting for the answer (attempt 1); it may have been carried out" in str(error)


@pytest.mark.looptime
async def test_a_create_that_gets_no_answer_may_have_been_carried_out(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    local.faults.add("v2-deployment-create", "stall")
    took, error = await timed(edgegap.deployments.create("kart", "v1", users=[IP], timeout=3, guard=False))
    assert took == pytest.approx(3, abs=EPSILON)
    assert isinstance(error, DeadlineExceeded)
    assert error.outcome is Outcome.UNKNOWN
    assert len(local.deployments) == 1


@pytest.mark.looptime
async def test_an_attempt_is_bounded_too(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "stall")
    async with local.client(retry=RetryPolicy(attempt_timeout=2, initial_delay=0.1)) as edgegap:
        began = asyncio.get_running_loop().time()
        await edgegap.deployments.list().first()
        assert 2 <= asyncio.get_running_loop().time() - began <= 2.2
    assert len(local.requests) == 2


@pytest.mark.looptime
async def test_an_attempt_that_is_over_before_the_call_is_a_transport_error(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "stall")
    async with local.client(retry=RetryPolicy(attempt_timeout=2)) as edgegap:
        took, error = await timed(edgegap.deployments.create("kart", "v1", users=[IP], guard=False))
    assert took == pytest.approx(2, abs=EPSILON)
    assert isinstance(error, TransportError)
    assert error.outcome is Outcome.UNKNOWN
    assert "no answer within 2 s (it may have been carried out)" in str(error)


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
    ids=["silence", "503 then silence", "503", "429", "429 without a time", "slow", "all of it"],
)
async def test_whatever_happens_it_never_takes_longer(
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
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert loop.time() - began <= seconds + EPSILON
    assert all(one is None or isinstance(one, EdgegapError) for one in ended)


@pytest.mark.looptime
async def test_no_slot_before_the_deadline_is_told_at_once(local: LocalEdgegap, arrived: Arrived) -> None:
    async with local.client(rate_limits={"status": 1}) as edgegap:
        it = (await edgegap.deployments.create("kart", "v1", users=[IP])).request_id
        await edgegap.deployments.get(it)
        took, error = await timed(edgegap.deployments.get(it, timeout=0.5))
        assert took == 0
        assert isinstance(error, DeadlineExceeded)
        assert error.outcome is Outcome.NOT_SENT
        assert error.operation == "deployment-get"
        assert "deployment-get: no rate slot within 0.5 s: the next one is 1.0" in str(error)
        await edgegap.deployments.get(it, timeout=1.5)
    assert len(arrived("deployment-get")) == 2


@pytest.mark.looptime
async def test_the_bucket_of_another_operation_does_not_matter(local: LocalEdgegap) -> None:
    async with local.client(rate_limits={"status": 0.01}) as edgegap:
        it = (await edgegap.deployments.create("kart", "v1", users=[IP])).request_id
        await edgegap.deployments.get(it)
        await edgegap.deployments.stop(it, timeout=0.5)


@pytest.mark.looptime
@pytest.mark.parametrize("asked", ["3600", "Fri, 31 Dec 2199 23:59:59 GMT"])
async def test_a_pause_past_the_deadline_is_not_begun(local: LocalEdgegap, edgegap: EdgegapClient, asked: str) -> None:
    local.faults.add("deployment-list", "status", times=None, code=503, headers={"Retry-After": asked})
    took, error = await timed(edgegap.deployments.list(timeout=60).first())
    assert took == 0
    assert isinstance(error, ServerError)
    assert error.retry_after is not None
    assert error.retry_after >= 3600
    assert len(error.__notes__) == 1
    assert error.__notes__[0].startswith("not repeated: the next attempt would come in ")
    assert error.__notes__[0].endswith("and the timeout ends in 60 s")
    assert len(local.requests) == 1


@pytest.mark.looptime
async def test_the_deadline_passes_between_attempts(local: LocalEdgegap) -> None:
    """What was carried out by an earlier attempt stays possible, whatever the call waits for when it ends."""
    local.faults.add("deployment-delete", "drop_after_commit")
    local.faults.add("deployment-delete", "rate_limited", times=None, retry_after=0.9)
    async with local.client(rate_limits=None, retry=RetryPolicy(initial_delay=0.001)) as edgegap:
        it = (await edgegap.deployments.create("kart", "v1", users=[IP])).request_id
        took, error = await timed(edgegap.deployments.stop(it, timeout=2))
    assert took <= 2
    assert len(local.deployments) == 0
    assert "429" in str(error)


@pytest.mark.looptime
async def test_what_was_refused_for_the_limit_was_not_carried_out(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "rate_limited", retry_after=1)
    async with local.client(rate_limits={"deploy": 0.5}) as edgegap:
        took, error = await timed(edgegap.deployments.create("kart", "v1", users=[IP], timeout=2, guard=False))
    assert took <= 2
    assert isinstance(error, DeadlineExceeded)
    assert error.outcome is Outcome.NOT_SENT


@pytest.mark.looptime
async def test_without_an_end_it_goes_on_for_as_long_as_it_takes(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "rate_limited", times=3, retry_after=1000)
    async with local.client(timeout=math.inf) as edgegap:
        await edgegap.deployments.list().first()
        assert asyncio.get_running_loop().time() >= 3000


@pytest.mark.looptime
async def test_the_clients_deadline_holds_for_calls_that_name_none(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "stall", times=None)
    async with local.client(timeout=1.25) as edgegap:
        took, error = await timed(edgegap.deployments.list().first())
        assert took == pytest.approx(1.25, abs=EPSILON)
        assert isinstance(error, DeadlineExceeded)


@pytest.mark.looptime
async def test_a_wait_for_a_connection_is_no_sent_request(local: LocalEdgegap) -> None:
    """All connections of a lent session are taken: the call is not sent, and says so."""
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
