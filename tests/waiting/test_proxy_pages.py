"""A proxy's page with status 404 does not say that something does not exist: waits, watches and lists go on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.errors import DeploymentTerminated, NotFound, WaitTimeout
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]
PAGE: dict[str, Any] = {
    "body": "<html><title>404 Not Found</title></html>",
    "headers": {"Content-Type": "text/html"},
}


@pytest.mark.looptime
@pytest.mark.parametrize("code", [400, 404, 410])
async def test_a_proxys_404_does_not_end_the_wait_for_a_deployment(local: LocalEdgegap, code: int) -> None:
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(request, timeout=120))
        await asyncio.sleep(1)  # it was seen, so that a 404 of the service would end the wait
        page = local.faults.add("deployment-get", "status", code=code, times=4, **PAGE)
        assert (await waiting).request_id == request.request_id
        assert page.happened == 4


@pytest.mark.looptime
async def test_the_services_own_404_ends_the_wait_for_a_deployment(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(request, timeout=120))
        await asyncio.sleep(1)
        local.faults.add("deployment-get", "status", code=404, times=None, body={"message": "no such deployment"})
        with pytest.raises(DeploymentTerminated):
            await waiting


@pytest.mark.looptime
async def test_a_proxys_404_does_not_stop_the_server_of_deploy(local: LocalEdgegap) -> None:
    local.faults.add("deployment-get", "status", code=404, times=20, **PAGE)
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        assert server.request_id in local.deployments


@pytest.mark.looptime
async def test_a_proxys_404_does_not_count_as_stopped(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        local.faults.add("deployment-get", "status", code=404, times=None, **PAGE)
        with pytest.raises(WaitTimeout):
            await edgegap.deployments.wait_until_stopped(request, timeout=30)


WAITS: dict[str, tuple[str, Callable[[EdgegapClient], Awaitable[object]]]] = {
    "session": ("get-session", lambda e: e.sessions.wait_until_ready("a1b2c3-S", timeout=20)),
    "relay": ("relay-session-get", lambda e: e.relays.wait_until_ready("a1b2c3-S", timeout=20)),
    "lobby": ("lobby-Get", lambda e: e.lobbies.wait_until_ready("plaza", timeout=20)),
    "telemetry": ("active-deployment-telemetry-get", lambda e: e.telemetry.wait_for_result("key-1", timeout=20)),
    "version": ("app-version-get", lambda e: e.versions.wait_until_cached("kart", "v1", timeout=20)),
}


@pytest.mark.looptime
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("code", [400, 404, 410])
@pytest.mark.parametrize("name", WAITS)
async def test_a_proxys_404_ends_no_other_wait(local: LocalEdgegap, name: str, code: int) -> None:
    operation_id, wait = WAITS[name]
    local.faults.add(operation_id, "status", code=code, times=None, **PAGE)
    async with local.client() as edgegap:
        with pytest.raises(WaitTimeout) as caught:
            await wait(edgegap)
    assert "the last poll failed" in str(caught.value)


async def test_a_proxys_404_does_not_end_a_list_as_if_it_were_complete(local: LocalEdgegap) -> None:
    async with local.client(prefetch=0) as edgegap:
        for _ in range(3):
            await edgegap.deployments.create("kart", "v1", users=USERS)
        pages = edgegap.deployments.list(page_size=1).pages()
        await anext(pages)
        local.faults.add("deployment-list", "status", code=404, **PAGE)
        with pytest.raises(NotFound):
            async for _ in pages:
                pass
