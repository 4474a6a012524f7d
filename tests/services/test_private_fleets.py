"""``private_fleets``: ``create`` requests a server on an own host, ``deploy`` also waits for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgegap_async import DeploymentRequest, EdgegapClient, GameServer, State, WaitProgress
from edgegap_async.errors import ConfigurationError, DeploymentFailed, ReadyTimeout
from edgegap_async.simulator import LocalEdgegap

CREATE = "private-fleets-deployment-create"
USERS = ["203.0.113.7"]


def now() -> float:
    return asyncio.get_running_loop().time()


async def deploy(edgegap: EdgegapClient, **options: Any) -> GameServer:
    return await edgegap.private_fleets.deploy(
        "kart", "v1", private_host_ids=await hosts(edgegap), users=USERS, **options
    )


async def hosts(edgegap: EdgegapClient) -> list[str]:
    return [host.host_id for host in await edgegap.private_fleets.hosts("test-fleet").collect()]


@pytest.mark.looptime
async def test_create_returns_a_request_without_waiting(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        began = now()
        request = await edgegap.private_fleets.create(
            "kart", "v1", private_host_ids=await hosts(edgegap), users=USERS, tags=["match-42"]
        )
        assert isinstance(request, DeploymentRequest)
        assert now() - began < 0.5
        assert local.deployments[request.request_id].state != "READY"
        server = await edgegap.deployments.wait_until_ready(request)
        assert server.tags == ("match-42",)
        assert server.ready_after is not None


@pytest.mark.looptime
async def test_deploy_returns_a_server_that_is_ready(local: LocalEdgegap) -> None:
    states: list[State | None] = []
    steps: list[WaitProgress] = []
    async with local.client() as edgegap:
        server = await deploy(
            edgegap,
            tags=["match-42"],
            on_status=lambda change: states.append(change.new),
            on_progress=steps.append,
        )
        own_hosts = await hosts(edgegap)
    assert isinstance(server, GameServer)
    deployment = local.deployments[server.request_id]
    assert deployment.state == "READY"
    assert deployment.host_name in own_hosts
    assert server.tags == ("match-42",)
    assert deployment.ready_at is not None
    assert server.ready_after == pytest.approx(deployment.ready_at - deployment.created_at, abs=0.3)
    assert states == [State.SEEKING, State.DEPLOYING, State.READY]
    assert steps[-1].share == 1.0


@pytest.mark.looptime
async def test_deploy_stops_a_server_that_fails(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "errored", detail="no such image")
    async with local.client() as edgegap:
        with pytest.raises(DeploymentFailed, match=r"no such image\. It is stopped") as caught:
            await deploy(edgegap)
    assert caught.value.request_id in local.history
    assert caught.value.__notes__ == [f"deployment {caught.value.request_id} was stopped"]
    assert list(local.deployments) == []


@pytest.mark.looptime
async def test_deploy_stops_a_server_that_is_not_ready_in_time() -> None:
    async with LocalEdgegap(time_to_ready=(100, 100)) as local, local.client() as edgegap:
        with pytest.raises(ReadyTimeout, match="was not ready within"):
            await deploy(edgegap, timeout=8)
        assert list(local.deployments) == []
        assert len(local.history) == 1


@pytest.mark.looptime
async def test_deploy_tries_another_server_if_one_fails(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "errored")
    async with local.client() as edgegap:
        server = await deploy(edgegap, attempts=2)
    assert [each.request_id for each in local.deployments] == [server.request_id]
    assert len(local.history) == 2


@pytest.mark.looptime
async def test_the_server_of_a_cancelled_deploy_is_stopped(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        deploying = asyncio.create_task(deploy(edgegap))
        await asyncio.sleep(1)
        assert len(local.deployments) == 1
        deploying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await deploying
    assert list(local.deployments) == []


@pytest.mark.parametrize("method", ["create", "deploy"])
async def test_at_least_one_host_is_required(local: LocalEdgegap, edgegap: EdgegapClient, method: str) -> None:
    call = getattr(edgegap.private_fleets, method)
    with pytest.raises(ConfigurationError, match="private_host_ids is empty: pass at least one host id"):
        await call("kart", "v1", private_host_ids=[], users=USERS)
    with pytest.raises(ConfigurationError, match="private_host_ids must be a list, not str"):
        await call("kart", "v1", private_host_ids="alpha-1", users=USERS)
    assert local.requests == []
