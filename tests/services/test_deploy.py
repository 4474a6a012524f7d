"""Servers that are created, awaited and never left behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from edgegap_async import EdgegapClient, GameServer, State, StateChange
from edgegap_async.errors import (
    AuthenticationError,
    BadRequest,
    CleanupFailed,
    DeploymentFailed,
    DeploymentTerminated,
    ReadyTimeout,
    ServerError,
)
from edgegap_async.simulator import LocalEdgegap

Arrived: TypeAlias = Callable[[str], list[float]]

IP = "203.0.113.7"
USERS = [IP, (45.5, -73.6)]


class Crash(Exception):
    """What goes wrong inside a block."""


def now() -> float:
    return asyncio.get_running_loop().time()


def deploy(edgegap: EdgegapClient, **options: Any) -> Any:
    return edgegap.deployments.deploy("kart", "v1", users=USERS, **options)


# deploy


@pytest.mark.looptime
async def test_a_deploy_gives_a_server_that_runs(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    seen: list[StateChange] = []
    server = await deploy(edgegap, tags=["match-42"], on_status=seen.append)
    assert isinstance(server, GameServer)
    assert local.deployments[server.request_id].state == "READY"
    assert server.tags == ("match-42",)
    assert [change.new for change in seen] == [State.SEEKING, State.DEPLOYING, State.READY]
    assert 2 <= now() <= 7


@pytest.mark.looptime
async def test_a_deploy_that_fails_is_stopped(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("v2-deployment-create", "errored", detail="no such image")
    with pytest.raises(DeploymentFailed, match="no such image") as caught:
        await deploy(edgegap)
    assert list(local.deployments) == []
    assert caught.value.reason == "no such image"
    (created,) = local.history
    assert caught.value.request_id == created.request_id
    assert caught.value.__notes__ == [f"deployment {created.request_id} was stopped"]


@pytest.mark.looptime
async def test_a_deploy_that_takes_too_long_is_stopped_in_time() -> None:
    async with LocalEdgegap(time_to_ready=(100, 100)) as local, local.client() as edgegap:
        with pytest.raises(ReadyTimeout) as caught:
            await deploy(edgegap, timeout=8)
        assert now() == pytest.approx(8, abs=0.1)
        assert list(local.deployments) == []
        assert "was stopped" in caught.value.__notes__[0]


@pytest.mark.looptime
async def test_a_deploys_timeout_is_one_for_both(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("v2-deployment-create", "rate_limited", times=4, retry_after=2)
    local.faults.add("deployment-get", "stall", times=None)
    with pytest.raises(ReadyTimeout):
        await deploy(edgegap, timeout=12)
    assert now() == pytest.approx(12, abs=0.1)
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_a_deploy_whose_server_was_stopped_by_another_is_terminated(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    deploying = asyncio.create_task(deploy(edgegap))
    await asyncio.sleep(1)
    (created,) = local.deployments
    created.stop()
    with pytest.raises(DeploymentTerminated):
        await deploying
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_a_deploy_that_meets_a_bad_look_is_stopped(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("deployment-get", "status", times=None, code=401, body={"message": "no"})
    with pytest.raises(AuthenticationError):
        await deploy(edgegap)
    assert len(local.history) == 1
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_a_deploy_whose_observer_raises_is_stopped(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    def observer(_: StateChange) -> None:
        raise Crash

    with pytest.raises(Crash):
        await deploy(edgegap, on_status=observer)
    assert len(local.history) == 1
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_many_deploys_at_once(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    servers = await asyncio.gather(*(deploy(edgegap, timeout=300) for _ in range(40)))
    assert {server.request_id for server in servers} == {each.request_id for each in local.deployments}
    assert len(local.deployments) == 40


# running


@pytest.mark.looptime
async def test_a_server_runs_for_its_block(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    async with edgegap.deployments.running("kart", "v1", users=USERS, tags=["match-42"]) as server:
        assert [each.request_id for each in local.deployments] == [server.request_id]
        assert local.deployments[server.request_id].state == "READY"
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_what_the_block_raises_is_what_is_raised(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    crash = Crash("in the block")
    with pytest.raises(Crash) as caught:
        async with edgegap.deployments.running("kart", "v1", users=USERS) as server:
            raise crash
    assert caught.value is crash
    assert crash.__notes__ == [f"deployment {server.request_id} was stopped"]
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_a_cancelled_block_stops_its_server(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    inside = asyncio.Event()

    async def match() -> None:
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            inside.set()
            await asyncio.sleep(3600)

    playing = asyncio.create_task(match())
    await inside.wait()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_a_block_that_is_left_early_stops_its_server(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    for _ in range(1):
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            break
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_a_block_is_not_entered_when_the_server_fails(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("v2-deployment-create", "errored")
    with pytest.raises(DeploymentFailed):
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            pytest.fail("the server failed")
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_a_server_that_is_gone_already_is_no_failure_of_the_block(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    async with edgegap.deployments.running("kart", "v1", users=USERS) as server:
        await edgegap.deployments.stop(server.request_id)
        await asyncio.sleep(2)
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_a_stop_that_fails_is_raised_when_the_block_went_well(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    local.faults.add("deployment-delete", "status", times=None, code=500, body={"message": "out of order"})
    with pytest.raises(ServerError, match="out of order"):
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            pass


@pytest.mark.looptime
async def test_a_stop_that_fails_is_noted_on_what_the_block_raised(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    local.faults.add("deployment-delete", "status", times=None, code=500, body={"message": "out of order"})
    edgegap = local.client()
    await edgegap.__aenter__()
    with pytest.raises(Crash) as caught:
        async with edgegap.deployments.running("kart", "v1", users=USERS) as server:
            raise Crash
    with pytest.raises(ExceptionGroup, match="may still run") as group:
        await edgegap.aclose()
    assert [failure.id for failure in group.value.exceptions] == [server.request_id]
    (note,) = caught.value.__notes__
    assert note.startswith(f"deployment {server.request_id} could not be stopped and may still run: ")
    assert "out of order" in note
    assert any("out of order" in record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)


@pytest.mark.looptime
async def test_a_stop_that_fails_is_noted_on_the_deploys_error(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "errored")
    local.faults.add("deployment-delete", "status", times=None, code=403, body={"message": "no"})
    with pytest.raises(DeploymentFailed) as caught:
        async with local.client() as edgegap:
            await deploy(edgegap)
    assert "could not be stopped and may still run" in caught.value.__notes__[0]


# closing


@pytest.mark.looptime
async def test_closing_waits_for_stops_that_are_under_way(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        deploying = asyncio.create_task(deploy(edgegap))
        await asyncio.sleep(1)
        local.faults.add("deployment-delete", "delay", seconds=5)
        deploying.cancel()
        await asyncio.sleep(0.1)
        deploying.cancel()  # whoever waits for the stop is gone as well
        with pytest.raises(asyncio.CancelledError):
            await deploying
        assert len(local.deployments) == 1
        began = now()
    assert now() - began >= 4
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_closing_does_not_wait_for_ever(local: LocalEdgegap, caplog: pytest.LogCaptureFixture) -> None:
    edgegap = local.client(timeout=600)
    await edgegap.__aenter__()
    deploying = asyncio.create_task(deploy(edgegap))
    await asyncio.sleep(1)
    (created,) = local.deployments
    local.faults.add("deployment-delete", "status", times=None, code=429, headers={"Retry-After": "5"})
    deploying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deploying
    began = now()
    with pytest.raises(ExceptionGroup, match="may still run, and be billed") as group:
        await edgegap.aclose()
    assert now() - began == pytest.approx(30, abs=0.5)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert told == [f"not finished when the client was closed: stop deployment {created.request_id}"]
    (failure,) = group.value.exceptions
    assert isinstance(failure, CleanupFailed)
    assert failure.id == created.request_id
    await edgegap.aclose()  # once more is nothing


# stop


@pytest.mark.looptime
async def test_a_stop_is_as_good_every_time(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    server = await deploy(edgegap)
    first = await edgegap.deployments.stop(server.request_id)
    again = await edgegap.deployments.stop(server.request_id)
    await asyncio.sleep(5)
    gone = await edgegap.deployments.stop(server.request_id)
    assert [request.status for request in local.requests if request.method == "DELETE"] == [200, 202, 410]
    assert [receipt.already_gone for receipt in (first, again, gone)] == [False, False, True]
    assert first.deployment_summary is not None
    assert first.deployment_summary.request_id == server.request_id
    assert all(receipt.request_id == server.request_id for receipt in (first, again, gone))
    assert all(receipt.message for receipt in (first, again, gone))


@pytest.mark.looptime
async def test_a_stop_before_it_is_ready_is_queued(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    request = await edgegap.deployments.create("kart", "v1", users=USERS)
    receipt = await edgegap.deployments.stop(request.request_id)
    assert local.requests[-1].status == 202
    assert not receipt.already_gone
    assert list(local.deployments) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [(400, "Bad Request ID provided"), (404, "no such deployment"), (410, "has already been terminated")],
)
async def test_what_is_gone_is_stopped(local: LocalEdgegap, edgegap: EdgegapClient, code: int, message: str) -> None:
    local.faults.add("deployment-delete", "status", code=code, body={"message": message})
    receipt = await edgegap.deployments.stop("0123456789ab")
    assert receipt.already_gone
    assert receipt.message == message


async def test_an_id_that_never_was_is_stopped(edgegap: EdgegapClient) -> None:
    assert (await edgegap.deployments.stop("0123456789ab")).already_gone


@pytest.mark.parametrize("message", ["container_log_storage: there is no such storage", "Bad Request", ""])
async def test_another_bad_request_is_an_error(local: LocalEdgegap, edgegap: EdgegapClient, message: str) -> None:
    local.faults.add("deployment-delete", "status", code=400, body={"message": message})
    with pytest.raises(BadRequest):
        await edgegap.deployments.stop("0123456789ab")


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["drop_after_commit", "reset", "stall"])
async def test_a_stop_whose_answer_was_lost_is_repeated(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived, kind: str
) -> None:
    server = await deploy(edgegap)
    local.faults.add("deployment-delete", kind)
    await edgegap.deployments.stop(server.request_id)
    assert len(arrived("deployment-delete")) == 2
    assert list(local.deployments) == []


@pytest.mark.parametrize("body", [{}, {"message": None}, {"message": "soon", "deployment_summary": None, "new": 1}])
async def test_a_stop_that_says_little_is_one(local: LocalEdgegap, edgegap: EdgegapClient, body: Any) -> None:
    local.faults.add("deployment-delete", "status", code=202, body=body)
    assert not (await edgegap.deployments.stop("0123456789ab")).already_gone
