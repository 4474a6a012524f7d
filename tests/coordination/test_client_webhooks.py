"""Webhooks that arrive in one process for what another one waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from coordination.processes import handles, lateness, processes, simulated_server

from edgegap_async import EdgegapClient
from edgegap_async.models.deployments import Deployment
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.webhooks import aiohttp_handler

pytestmark = pytest.mark.looptime


@asynccontextmanager
async def two_processes(local: LocalEdgegap, receiver: int) -> AsyncIterator[tuple[EdgegapClient, EdgegapClient]]:
    """The process that receives all webhooks, and the other; one of them leads."""
    clients: list[EdgegapClient] = []

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        return await aiohttp_handler(clients[receiver].webhooks)(request)  # type: ignore[arg-type]

    runner = web.ServerRunner(web.Server(serve), shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        stores = handles(simulated_server(), 2)
        async with processes(local, stores, webhook_url=f"http://{host}:{port}/edgegap") as clients:
            yield clients[receiver], clients[1 - receiver]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("receiver", [0, 1])
async def test_a_webhook_ends_the_wait_of_another_process_at_once(local: LocalEdgegap, receiver: int) -> None:
    calls: list[str] = []
    async with two_processes(local, receiver) as (receives, waits):
        for name, edgegap in (("receives", receives), ("waits", waits)):

            @edgegap.webhooks.on_ready
            def ready(deployment: Deployment, name: str = name) -> None:
                calls.append(name)

        local.faults.add("deployment-list", "stall", times=None)
        local.faults.add("deployment-get", "stall", times=None)
        assert max(await asyncio.gather(*(lateness(waits, local) for _ in range(5)))) < 0.15
        assert calls == ["receives"] * 5
        assert {hook.status for hook in local.hooks} == {204}


@pytest.mark.parametrize("receiver", [0, 1])
async def test_a_webhook_before_the_create_response_of_another_process(local: LocalEdgegap, receiver: int) -> None:
    local.faults.add("v2-deployment-create", "early")
    async with two_processes(local, receiver) as (_, waits):
        local.faults.add("deployment-list", "stall", times=None)
        local.faults.add("deployment-get", "stall", times=None)
        await lateness(waits, local, on_status=None)
        assert len(local.requests) <= 2
