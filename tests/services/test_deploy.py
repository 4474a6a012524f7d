"""``deploy``, ``running`` and ``stop``: servers are created, waited for and stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from edgegap_async import DeploymentSnapshot, EdgegapClient, GameServer, State, StateChange
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
Change: TypeAlias = StateChange[DeploymentSnapshot]

IP = "203.0.113.7"
USERS = [IP, (45.5, -73.6)]


class Crash(Exception):
    """Raised inside a block."""


def now() -> float:
    return asyncio.get_running_loop().time()


def deploy(edgegap: EdgegapClient, **options: Any) -> Any:
    return edgegap.deployments.deploy("kart", "v1", users=USERS, **options)


# deploy


@pytest.mark.looptime
async def test_deploy_returns_a_server_that_is_ready(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    changes: list[Change] = []
    server = await deploy(edgegap, tags=["match-42"], on_status=changes.append)
    assert isinstance(server, GameServer)
    assert local.deployments[server.request_id].state == "READY"
    assert server.tags == ("match-42",)
    assert [change.new for change in changes] == [State.SEEKING, State.DEPLOYING, State.READY]
    assert 2 <= now() <= 7


@pytest.mark.looptime
async def test_deploy_stops_a_server_that_fails(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("v2-deployment-create", "errored", detail="no such image")
    with pytest.raises(DeploymentFailed, match=r"no such image\. It is stopped") as caught:
        await deploy(edgegap)
    assert list(local.deployments) == []
    assert caught.value.reason == "no such image"
    (created,) = local.history
    assert caught.value.request_id == created.request_id
    assert caught.value.__notes__ == [f"deployment {created.request_id} was stopped"]


@pytest.mark.looptime
async def test_deploy_stops_a_server_that_is_not_ready_in_time_and_says_so() -> None:
    async with LocalEdgegap(time_to_ready=(100, 100)) as local, local.client() as edgegap:
        with pytest.raises(ReadyTimeout, match="was not ready within 8 s") as caught:
            await deploy(edgegap, timeout=8)
        assert now() == pytest.approx(8, abs=0.1)
        assert list(local.deployments) == []
        assert "It is stopped: pass a longer timeout=" in str(caught.value)
        assert "may still become ready" not in str(caught.value)
        assert caught.value.__notes__ == [f"deployment {caught.value.request_id} was stopped"]


@pytest.mark.looptime
async def test_deploy_raises_what_the_time_to_deploy_of_its_version_says() -> None:
    applications = {"kart": {"v1": {"time_to_deploy": 15}}}
    async with LocalEdgegap(time_to_ready=(60, 60), applications=applications) as local, local.client() as edgegap:
        with pytest.raises(DeploymentFailed, match="not ready within the time_to_deploy of its version, 15 seconds"):
            await deploy(edgegap, timeout=100)
        assert 15 <= now() < 20
        assert not local.deployments


@pytest.mark.looptime
async def test_running_stops_a_server_that_is_not_ready_in_time_and_says_so() -> None:
    async with LocalEdgegap(time_to_ready=(100, 100)) as local, local.client() as edgegap:
        with pytest.raises(ReadyTimeout, match="It is stopped") as caught:
            async with edgegap.deployments.running("kart", "v1", users=USERS, timeout=8):
                pytest.fail("the server is not ready")
        assert "may still become ready" not in str(caught.value)
        assert list(local.deployments) == []


@pytest.mark.looptime
async def test_one_timeout_bounds_the_request_and_the_wait_of_deploy(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    local.faults.add("v2-deployment-create", "rate_limited", times=4, retry_after=2)
    local.faults.add("deployment-get", "stall", times=None)
    with pytest.raises(ReadyTimeout):
        await deploy(edgegap, timeout=12)
    assert now() == pytest.approx(12, abs=0.1)
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_deploy_raises_deployment_terminated_if_its_server_is_stopped_meanwhile(
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
async def test_deploy_stops_its_server_if_a_poll_fails_permanently(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("deployment-get", "status", times=None, code=401, body={"message": "no"})
    with pytest.raises(AuthenticationError):
        await deploy(edgegap)
    assert len(local.history) == 1
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_deploy_stops_its_server_if_on_status_raises(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    def on_status(_: Change) -> None:
        raise Crash

    with pytest.raises(Crash):
        await deploy(edgegap, on_status=on_status)
    assert len(local.history) == 1
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_many_servers_can_be_deployed_at_once(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    servers = await asyncio.gather(*(deploy(edgegap, timeout=300) for _ in range(40)))
    assert {server.request_id for server in servers} == {each.request_id for each in local.deployments}
    assert len(local.deployments) == 40


# running


@pytest.mark.looptime
async def test_running_stops_the_server_when_the_block_ends(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    async with edgegap.deployments.running("kart", "v1", users=USERS, tags=["match-42"]) as server:
        assert [each.request_id for each in local.deployments] == [server.request_id]
        assert local.deployments[server.request_id].state == "READY"
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_running_raises_the_error_of_the_block(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    crash = Crash("in the block")
    with pytest.raises(Crash) as caught:
        async with edgegap.deployments.running("kart", "v1", users=USERS) as server:
            raise crash
    assert caught.value is crash
    assert crash.__notes__ == [f"deployment {server.request_id} was stopped"]
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_running_stops_the_server_if_the_block_is_cancelled(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
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
async def test_running_stops_the_server_if_the_block_ends_with_break(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    for _ in range(1):
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            break
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_running_does_not_enter_the_block_if_the_server_fails(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    local.faults.add("v2-deployment-create", "errored")
    with pytest.raises(DeploymentFailed):
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            pytest.fail("the server failed")
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_running_accepts_that_the_server_was_stopped_inside_the_block(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    async with edgegap.deployments.running("kart", "v1", users=USERS) as server:
        await edgegap.deployments.stop(server)
        await asyncio.sleep(2)
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_running_raises_a_failed_stop_if_the_block_succeeded_and_so_does_the_closing(local: LocalEdgegap) -> None:
    local.faults.add("deployment-delete", "status", times=None, code=500, body={"message": "out of order"})
    edgegap = local.client()
    await edgegap.__aenter__()
    with pytest.raises(ServerError, match="out of order") as caught:
        async with edgegap.deployments.running("kart", "v1", users=USERS) as server:
            pass
    assert caught.value.__notes__[-1] == f"deployment {server.request_id} may still run"
    with pytest.raises(ExceptionGroup) as closing:
        await edgegap.aclose()
    assert [failure.id for failure in closing.value.exceptions if isinstance(failure, CleanupFailed)] == [
        server.request_id
    ]


@pytest.mark.looptime
async def test_running_adds_a_failed_stop_as_a_note_to_the_error_of_the_block(
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
async def test_deploy_adds_a_failed_stop_as_a_note_to_its_error(local: LocalEdgegap) -> None:
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
        deploying.cancel()  # the task that waits for the stop is cancelled too
        with pytest.raises(asyncio.CancelledError):
            await deploying
        assert len(local.deployments) == 1
        began = now()
    assert now() - began >= 4
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_closing_waits_at_most_30_seconds_and_reports_the_stops_that_remain(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
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
    messages = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert messages == [f"not finished when the client was closed: stop deployment {created.request_id}"]
    (failure,) = group.value.exceptions
    assert isinstance(failure, CleanupFailed)
    assert failure.id == created.request_id
    await edgegap.aclose()  # closing again does nothing


# stop


@pytest.mark.looptime
async def test_stop_can_be_repeated(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    server = await deploy(edgegap)
    first = await edgegap.deployments.stop(server.request_id)
    again = await edgegap.deployments.stop(server.request_id)
    await asyncio.sleep(5)
    last = await edgegap.deployments.stop(server.request_id)
    assert [request.status for request in local.requests if request.method == "DELETE"] == [200, 202, 410]
    assert [receipt.already_gone for receipt in (first, again, last)] == [False, False, True]
    assert first.deployment_summary is not None
    assert first.deployment_summary.request_id == server.request_id
    assert all(receipt.request_id == server.request_id for receipt in (first, again, last))
    assert all(receipt.message for receipt in (first, again, last))


@pytest.mark.looptime
async def test_stop_before_ready_is_accepted(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    request = await edgegap.deployments.create("kart", "v1", users=USERS)
    receipt = await edgegap.deployments.stop(request.request_id)
    assert local.requests[-1].status == 202
    assert not receipt.already_gone
    assert list(local.deployments) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [(400, "Bad Request ID provided"), (404, "no such deployment"), (410, "has already been terminated")],
)
async def test_stop_of_a_deployment_that_no_longer_exists_succeeds(
    local: LocalEdgegap, edgegap: EdgegapClient, code: int, message: str
) -> None:
    local.faults.add("deployment-delete", "status", code=code, body={"message": message})
    receipt = await edgegap.deployments.stop("0123456789ab")
    assert receipt.already_gone
    assert receipt.message == message


async def test_stop_of_an_unknown_id_succeeds(edgegap: EdgegapClient) -> None:
    assert (await edgegap.deployments.stop("0123456789ab")).already_gone


@pytest.mark.parametrize("message", ["container_log_storage: there is no such storage", "Bad Request", ""])
async def test_any_other_bad_request_is_raised(local: LocalEdgegap, edgegap: EdgegapClient, message: str) -> None:
    local.faults.add("deployment-delete", "status", code=400, body={"message": message})
    with pytest.raises(BadRequest):
        await edgegap.deployments.stop("0123456789ab")


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["drop_after_commit", "reset", "stall"])
async def test_a_stop_whose_response_is_lost_is_retried(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived, kind: str
) -> None:
    server = await deploy(edgegap)
    local.faults.add("deployment-delete", kind)
    await edgegap.deployments.stop(server.request_id)
    assert len(arrived("deployment-delete")) == 2
    assert list(local.deployments) == []


@pytest.mark.parametrize("body", [{}, {"message": None}, {"message": "soon", "deployment_summary": None, "new": 1}])
async def test_stop_accepts_a_response_without_details(local: LocalEdgegap, edgegap: EdgegapClient, body: Any) -> None:
    local.faults.add("deployment-delete", "status", code=202, body=body)
    assert not (await edgegap.deployments.stop("0123456789ab")).already_gone
