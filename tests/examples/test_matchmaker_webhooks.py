"""Workers of the matchmaker behind one address: every webhook finds the match that waits for it."""

from __future__ import annotations

import argparse
import asyncio
import os

import aiohttp

from benchmarks.own_valkey import OwnValkey
from edgegap_async.simulator import LocalEdgegap
from examples.matchmaker import processes
from examples.matchmaker.load import play

WORKERS = int(os.environ.get("MATCHMAKER_TEST_WORKERS", "2"))
"""Two show it; 20 take a minute on two cores."""


async def test_every_webhook_finds_its_match_on_whatever_worker_it_arrives(valkey_server: OwnValkey) -> None:
    """Polls fail, so only webhooks can say that a server is ready."""
    port, number = processes.free_port(), 8 * WORKERS
    async with LocalEdgegap(time_to_ready=(0.3, 0.6)) as local:
        for operation in ("deployment-list", "deployment-get"):
            local.faults.add(operation, "status", times=None, code=503)
        environment = {
            "EDGEGAP_BASE_URL": local.url,
            "EDGEGAP_API_TOKEN": local.token,
            "EDGEGAP_COORDINATION_URL": valkey_server.url,
            "MATCHMAKER_WEBHOOK_URL": f"http://127.0.0.1:{port}/edgegap",
        }
        async with processes.uvicorn(port, WORKERS, environment) as uvicorn:
            options = argparse.Namespace(url=[uvicorn.variables["URL"]], tickets=number, mode="race")
            connector = aiohttp.TCPConnector(limit=0, force_close=True)
            async with aiohttp.ClientSession(connector=connector) as session, asyncio.timeout(60):
                players = await asyncio.gather(*(play(session, options, each) for each in range(number)))
        assert len({player.address for player in players}) == number / 4
        assert [hook.status for hook in local.hooks if hook.event == "ready"] == [204] * (number // 4)
        assert not local.deployments, "the workers stopped them when they ended"
