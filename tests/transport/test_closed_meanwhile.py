"""A client that is closed during a call: the error says whether the service may have carried the call out."""

from __future__ import annotations

import asyncio

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.errors import ClientStateError, EdgegapError, Outcome, TransportError
from edgegap_async.simulator import LocalEdgegap

STOP = "deployment-delete"


async def error_of_a_stop(edgegap: EdgegapClient, *, closed_after: float) -> EdgegapError:
    """Stop a deployment, close the client meanwhile, and return the error of the stop."""
    stopping = asyncio.create_task(edgegap.deployments.stop("0123456789ab"))
    await asyncio.sleep(closed_after)
    assert not stopping.done()
    await edgegap.aclose()
    with pytest.raises(EdgegapError) as caught:
        await stopping
    return caught.value


@pytest.mark.looptime
async def test_a_request_that_was_sent_and_not_repeated_may_have_been_carried_out(local: LocalEdgegap) -> None:
    local.faults.add(STOP, "status", code=503, headers={"Retry-After": "3"})
    async with local.client() as edgegap:
        error = await error_of_a_stop(edgegap, closed_after=1)
    assert isinstance(error, TransportError)
    assert (error.outcome, error.operation) == (Outcome.UNKNOWN, STOP)
    assert "the client was closed before the request could be repeated" in str(error)
    assert len(local.requests) == 1


@pytest.mark.looptime
async def test_a_request_that_waited_for_its_slot_was_not_sent(local: LocalEdgegap) -> None:
    async with local.client(rate_limits={"stop": 0.1}) as edgegap:
        await edgegap.deployments.stop("ba9876543210")  # takes the one slot of the full bucket
        error = await error_of_a_stop(edgegap, closed_after=1)
    assert isinstance(error, ClientStateError)
    assert "nothing was sent" in str(error)
    assert len(local.requests) == 1


@pytest.mark.looptime
async def test_a_request_whose_connection_the_closing_ends_is_not_repeated(local: LocalEdgegap) -> None:
    local.faults.add(STOP, "delay", seconds=5)
    async with local.client() as edgegap:
        error = await error_of_a_stop(edgegap, closed_after=1)
    assert isinstance(error, TransportError)
    assert error.outcome is Outcome.UNKNOWN
    assert error.__notes__ == ["not retried: the client is closed"]
