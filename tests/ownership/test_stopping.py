"""Stops of what is billed: a proxy in between and long pauses of the service do not keep a server running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.errors import BadRequest, Gone, NotFound, RateLimited
from edgegap_async.limits import Priority
from edgegap_async.operations import Bucket
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]
STOP = "deployment-delete"
PAGE = "<html><title>404 Request ID not found</title></html>"
HTML = {"body": PAGE, "headers": {"Content-Type": "text/html"}}


def now() -> float:
    return asyncio.get_running_loop().time()


# the response of a proxy


@pytest.mark.parametrize(("code", "kind"), [(400, BadRequest), (404, NotFound), (410, Gone)])
@pytest.mark.parametrize("body", [None, PAGE, {}, {"detail": "Not Found"}, ["message"]], ids=repr)
async def test_a_response_that_is_not_the_services_own_does_not_mean_that_a_server_does_not_exist(
    local: LocalEdgegap, edgegap: EdgegapClient, code: int, kind: type[Exception], body: Any
) -> None:
    local.faults.add(STOP, "status", code=code, body=body)
    with pytest.raises(kind) as error:
        await edgegap.deployments.stop("0123456789ab")
    assert not error.value.from_service  # type: ignore[attr-defined]


async def test_an_error_with_a_message_in_json_is_the_services_own(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("deployment-get", "status", code=404, body={"message": "no such deployment"})
    with pytest.raises(NotFound) as error:
        await edgegap.deployments.get("0123456789ab")
    assert error.value.from_service


@asynccontextmanager
async def running(kind: str, edgegap: EdgegapClient) -> AsyncIterator[None]:
    match kind:
        case "deployment":
            async with edgegap.deployments.running("kart", "v1", users=USERS):
                yield
        case "session":
            deployment = await edgegap.deployments.deploy("kart", "v1", users=USERS)
            async with edgegap.sessions.running("kart", "v1", users=USERS, deployment_request_id=deployment.request_id):
                yield
            await edgegap.deployments.stop(deployment)
        case _:
            async with edgegap.relays.running(users=USERS):
                yield


DELETES = {"deployment": STOP, "session": "session-delete", "relay": "relay-session-delete"}


@pytest.mark.looptime
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("code", [404, 410])
@pytest.mark.parametrize("kind", DELETES)
async def test_running_retries_its_stop_after_the_404_of_a_proxy(local: LocalEdgegap, kind: str, code: int) -> None:
    async with local.client() as edgegap:
        async with running(kind, edgegap):
            fault = local.faults.add(DELETES[kind], "status", code=code, times=2, **HTML)
        assert fault.happened == 2
        assert len(local.deployments) == len(local.sessions) == len(local.relays) == 0


@pytest.mark.looptime
async def test_a_retried_delete_that_meets_the_404_of_a_proxy_has_not_succeeded(local: LocalEdgegap) -> None:
    async with local.client() as edgegap, edgegap.relays.running(users=USERS) as relay:
        local.faults.add("relay-session-delete", "status", code=503)
        local.faults.add("relay-session-delete", "status", code=404, **HTML)
        with pytest.raises(NotFound):
            await edgegap.relays.delete(relay)
        assert len(local.relays) == 1
    assert len(local.relays) == 0


# pauses


@pytest.mark.looptime
async def test_a_pause_of_other_calls_does_not_delay_stops(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        local.faults.add("location-list", "rate_limited", retry_after=100)
        with pytest.raises(RateLimited):
            await edgegap.locations.list().first()
        began = now()
        await edgegap.deployments.stop(server)
        assert now() - began < 0.1


@pytest.mark.looptime
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("kind", DELETES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_running_stops_its_server_soon_after_a_429_with_a_long_retry_after(
    local: LocalEdgegap, kind: str, times: int
) -> None:
    async with local.client() as edgegap:
        async with running(kind, edgegap):
            local.faults.add(DELETES[kind], "rate_limited", times=times, retry_after=100)
            began = now()
        assert now() - began < 15
        assert len(local.deployments) == len(local.sessions) == len(local.relays) == 0


@pytest.mark.looptime
async def test_a_429_pauses_stops_for_a_short_retry_after_as_it_says(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        local.faults.add(STOP, "rate_limited", retry_after=3)
        began = now()
        await edgegap.deployments.stop(server)
        assert now() - began == pytest.approx(3, abs=0.1)


@pytest.mark.looptime
async def test_a_503_with_a_long_retry_after_delays_a_stop_only_for_seconds(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        local.faults.add(STOP, "status", code=503, headers={"Retry-After": "100"})
        began = now()
        await edgegap.deployments.stop(server)
        assert 4.9 < now() - began < 6


# priority


@pytest.mark.looptime
async def test_stops_get_their_slots_before_other_calls_of_their_bucket(local: LocalEdgegap) -> None:
    async with local.client(rate_limits={"stop": 1}) as edgegap:
        first, second = [await edgegap.deployments.create("kart", "v1", users=USERS) for _ in range(2)]
        await edgegap.deployments.stop("0123456789ab")  # takes the one slot of the full bucket
        waiting = await other_calls(edgegap, "stop")
        await asyncio.gather(edgegap.deployments.bulk_stop(request_ids=[first]), edgegap.deployments.stop(second))
        assert sum(each.done() for each in waiting) <= 2
        await asyncio.gather(*waiting)


async def other_calls(edgegap: EdgegapClient, bucket: Bucket) -> list[asyncio.Task[float]]:
    """Six calls of the usual priority that wait for the slots of a bucket."""
    acquire = edgegap._pipeline._buckets[bucket].acquire
    waiting = [asyncio.create_task(acquire(priority=Priority.CALL)) for _ in range(6)]
    await asyncio.sleep(0)
    return waiting


@pytest.mark.looptime
async def test_the_stop_at_the_end_of_running_gets_its_slot_before_other_calls_of_its_bucket(
    local: LocalEdgegap,
) -> None:
    async with local.client(rate_limits={"stop": 1}) as edgegap:
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            await edgegap.deployments.stop("0123456789ab")
            waiting = await other_calls(edgegap, "stop")
        assert sum(each.done() for each in waiting) <= 1
        await asyncio.gather(*waiting)


@pytest.mark.looptime
async def test_create_requests_get_their_slots_before_other_calls_of_their_bucket(local: LocalEdgegap) -> None:
    async with local.client(rate_limits={"deploy": 1}) as edgegap:
        await edgegap.deployments.create("kart", "v1", users=USERS)
        waiting = await other_calls(edgegap, "deploy")
        await edgegap.deployments.create("kart", "v1", users=USERS)
        assert sum(each.done() for each in waiting) <= 1
        await asyncio.gather(*waiting)


# the receipt


@pytest.mark.looptime
async def test_the_receipt_of_a_stop_has_the_last_status_that_the_service_returns(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        receipt = await edgegap.deployments.stop(server)
    assert receipt.deployment_summary is not None
    assert receipt.deployment_summary.request_id == receipt.request_id == server.request_id
    assert receipt.message == f"{server.request_id} - it will be stopped soon"
