"""Cancelled creates and deploys, and failed attempts: no server is orphaned."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.errors import ConfigurationError, DeadlineExceeded, DeploymentFailed, EdgegapError, Unprocessable
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]
CREATE = "v2-deployment-create"


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.looptime
@pytest.mark.parametrize("fault", [None, "drop_after_commit", "reset", "unprocessable"])
@pytest.mark.parametrize("after", [0.0, 0.1, 0.25, 1.0])
async def test_the_server_of_a_cancelled_create_is_stopped(
    local: LocalEdgegap, fault: str | None, after: float
) -> None:
    if fault is None:
        local.faults.add(CREATE, "delay", seconds=0.2)
    else:
        local.faults.add(CREATE, fault)
    async with local.client() as edgegap:
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS))
        await asyncio.sleep(after)
        if creating.cancel():
            began = now()
            with pytest.raises(asyncio.CancelledError):
                await creating
            assert now() == began, "a cancelled create returns at once"
        elif not creating.exception():
            await edgegap.deployments.stop(creating.result())
    assert len(local.deployments) == 0


@pytest.mark.looptime
async def test_the_server_of_a_cancelled_create_is_kept_with_on_cancel_keep(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "delay", seconds=0.2)
    async with local.client() as edgegap:
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS, on_cancel="keep"))
        await asyncio.sleep(0.1)
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        with pytest.raises(ConfigurationError, match="on_cancel cannot be 'keeps': did you mean 'keep'"):
            await edgegap.deployments.create("kart", "v1", users=USERS, on_cancel="keeps")  # type: ignore[arg-type]
    assert len(local.deployments) == 1


@pytest.mark.looptime
async def test_a_failed_create_that_was_cancelled_with_keep_is_not_logged_as_unretrieved(local: LocalEdgegap) -> None:
    unretrieved: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unretrieved.append(context))
    local.faults.add(CREATE, "status", code=400, body={"message": "no"})
    local.faults.add(CREATE, "delay", seconds=0.2)
    async with local.client() as edgegap:
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS, on_cancel="keep"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
    gc.collect()
    assert unretrieved == []


@pytest.mark.looptime
@pytest.mark.parametrize("way", ["timeout", "wait_for", "group", "anyio"])
async def test_the_server_of_a_cancelled_deploy_is_stopped(local: LocalEdgegap, way: str) -> None:
    async with local.client() as edgegap:
        with pytest.raises((TimeoutError, ExceptionGroup)):
            await _deploy_and_cancel(way, edgegap)
    assert len(local.history) == 1
    assert len(local.deployments) == 0


async def _deploy_and_cancel(way: str, edgegap: EdgegapClient) -> None:
    deploy = edgegap.deployments.deploy("kart", "v1", users=USERS)
    match way:
        case "timeout":
            async with asyncio.timeout(1):
                await deploy
        case "wait_for":
            await asyncio.wait_for(deploy, 1)
        case "group":
            async with asyncio.TaskGroup() as group:
                group.create_task(deploy)
                await asyncio.sleep(1)
                raise RuntimeError("another task of the group failed")
        case _:
            import anyio  # noqa: PLC0415

            with anyio.fail_after(1):
                await deploy


# attempts


@pytest.mark.looptime
@pytest.mark.parametrize("fault", ["errored", "unprocessable"])
async def test_deploy_tries_another_server_if_one_fails(local: LocalEdgegap, fault: str) -> None:
    local.faults.add(CREATE, fault, times=2)
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=3)
        assert [each.request_id for each in local.deployments] == [server.request_id]
        assert len(local.history) == 3
        local.faults.add(CREATE, fault, times=2)
        with pytest.raises(EdgegapError):
            await edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=2)
        assert len(local.deployments) == 1
        with pytest.raises(ConfigurationError, match="attempts must be at least 1"):
            await edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=0)


@pytest.mark.looptime
async def test_attempts_share_one_deadline() -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(20, 20)) as slow, slow.client() as edgegap:
        slow.faults.add(CREATE, "errored", times=None)
        began = now()
        with pytest.raises(DeadlineExceeded):
            await edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=9, timeout=50)
        assert now() - began < 52
        await asyncio.sleep(30)
        assert len(slow.deployments) == 0


@pytest.mark.looptime
async def test_the_request_of_another_attempt_ends_with_the_deadline(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "errored")
    local.faults.add(CREATE, "rate_limited", times=None, retry_after=1)
    async with local.client() as edgegap:
        began = now()
        with pytest.raises(EdgegapError):
            await edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=2, timeout=10)
        assert now() - began <= 10.1


@pytest.mark.looptime
async def test_there_is_no_other_attempt_after_the_deadline(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "errored")
    local.faults.add("deployment-delete", "delay", seconds=8)
    async with local.client() as edgegap:
        with pytest.raises(DeploymentFailed):
            await edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=2, timeout=8)
        assert len(local.history) == 1


@pytest.mark.looptime
async def test_there_is_no_other_attempt_if_the_request_is_refused(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "status", code=422, body={"message": "no capacity"})
    async with local.client() as edgegap:
        with pytest.raises(Unprocessable, match="no capacity"):
            await edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=2)
        assert len(local.history) == 0


@pytest.mark.looptime
async def test_a_stop_that_fails_is_retried(local: LocalEdgegap) -> None:
    local.faults.add("deployment-delete", "status", times=3, code=500)
    async with local.client() as edgegap:
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            pass
        assert len(local.deployments) == 0
