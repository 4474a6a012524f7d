"""``ready_after``: how long a server took to become ready, as this client saw it."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from edgegap_async import Deployed, GameServer, ServerRequest
from edgegap_async.errors import DeploymentFailed
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]


def time_to_ready(local: LocalEdgegap, server: GameServer) -> float:
    deployment = local.history[server.request_id]
    assert deployment.ready_at is not None
    return deployment.ready_at - deployment.created_at


@pytest.mark.looptime
async def test_ready_after_is_close_to_the_time_to_ready(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        deployed = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        waited_for = await edgegap.deployments.wait_until_ready(request)
        request_v1 = await edgegap.deployments.create_v1("kart", "v1", users=USERS)
        old = await edgegap.deployments.wait_until_ready(request_v1)
        async with edgegap.deployments.running("kart", "v1", users=USERS) as running:
            pass
    for server in (deployed, waited_for, old, running):
        assert server.ready_after is not None
        assert 0 <= server.ready_after - time_to_ready(local, server) < 0.3


@pytest.mark.looptime
async def test_ready_after_is_close_for_many_servers_too(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "errored")
    requests = [ServerRequest(application="kart", version="v1", users=USERS) for _ in range(30)]
    async with local.client() as edgegap:
        results: list[Deployed] = [each async for each in edgegap.deployments.deploy_many(requests)]
    (failed,) = (result for result in results if result.server is None)
    assert isinstance(failed.error, DeploymentFailed)
    assert failed.ready_after is None
    ready = [result for result in results if result.server is not None]
    for result in ready:
        assert result.server is not None
        assert result.ready_after == result.server.ready_after
        assert result.ready_after is not None
        assert 0 <= result.ready_after - time_to_ready(local, result.server) < 0.4


@pytest.mark.looptime
async def test_ready_after_is_none_for_a_server_of_another_client(local: LocalEdgegap) -> None:
    async with local.client() as other, local.client() as edgegap:
        request = await other.deployments.create("kart", "v1", users=USERS)
        server = await edgegap.deployments.wait_until_ready(request)
        assert server.ready_after is None


@pytest.mark.looptime
async def test_ready_after_is_none_if_the_wait_begins_after_ready(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        await asyncio.sleep(60)
        assert (await edgegap.deployments.wait_until_ready(request)).ready_after is None


@pytest.mark.looptime
async def test_ready_after_is_not_compared(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        again = await edgegap.deployments.wait_until_ready(server)
        assert server.ready_after is not None
        assert again.ready_after is None
        assert server == again == attrs.evolve(server, ready_after=99.0)
        assert (await edgegap.deployments.get(server)).server() == server
