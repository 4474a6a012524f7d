"""Messages from outside: garbage, of other versions, and lies."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from coordination.processes import USERS, handles, lateness, now, processes, shared, simulated_server

from benchmarks.simulated.store import SimulatedStoreServer
from edgegap_async import EdgegapClient
from edgegap_async.simulator import LocalEdgegap

pytestmark = pytest.mark.looptime

GARBAGE = [
    b"",
    b"x" * 1_000_000,
    b"\xff\xfe",
    b"null",
    b'{"kind": "later"}',
    b'{"kind": "snapshot", "id": "a"}',
    b'{"kind": "snapshot", "id": "a", "term": 1, "model": "x", "fields": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"kind": "webhook", "path": "/a/b/c", "body": "!"}',
    b'{"kind": "pause", "bucket": "deploy", "seconds": 1e999}',
]


def typical(edgegap: EdgegapClient) -> object:
    return edgegap._watchers.deployments.history.typical_duration(("kart", "v1"))


def send(server: SimulatedStoreServer, **fields: Any) -> None:
    server.update("liar", {}, [json.dumps({"sender": "liar", **fields}).encode()])


async def test_garbage_is_logged_once_and_ignored(local: LocalEdgegap, caplog: pytest.LogCaptureFixture) -> None:
    server = simulated_server()
    async with processes(local, handles(server, 2)) as clients:
        server.update("liar", {}, GARBAGE)
        await asyncio.sleep(0.1)
        assert [shared(each).state for each in clients] == ["shared", "shared"]
        assert max(await asyncio.gather(*(lateness(each, local) for each in clients))) < 1
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert all(len(record.getMessage()) < 300 for record in caplog.records)


async def test_watches_that_cannot_be_read_are_left_out(local: LocalEdgegap) -> None:
    server = simulated_server()
    async with processes(local, handles(server, 2)) as (leader, follower):
        server.beat("later version")
        server.update("later version", {"a": b"?", "b": b'{"since": 1}'}, [])
        await leader.aclose()
        assert await lateness(follower, local) < 2
        assert shared(follower).is_leader


async def test_an_enormous_term_does_not_hide_later_messages(local: LocalEdgegap) -> None:
    server = simulated_server()
    async with processes(local, handles(server, 2)) as (_, follower):
        waiting = asyncio.create_task(lateness(follower, local))
        await asyncio.sleep(1)
        (request_id,) = [each.request_id for each in local.deployments]
        while not waiting.done():
            for id in (request_id, "unknown"):
                send(server, kind="snapshot", id=id, term=10**30, model="unknown", fields={})
            await asyncio.sleep(0.05)
        assert await waiting < 1
        assert follower.stats().buckets["list"].requests + follower.stats().buckets["status"].requests == 0


@pytest.mark.parametrize(("seconds", "longest"), [(-5.0, 1.0), (1e300, 310.0), (2.0, 3.0)])
async def test_a_pause_has_bounds(local: LocalEdgegap, seconds: float, longest: float) -> None:
    server = simulated_server()
    async with processes(local, handles(server, 1)) as (edgegap,):
        for bucket in ("deploy", "default", "unknown"):
            send(server, kind="pause", bucket=bucket, seconds=seconds)
        await asyncio.sleep(0.1)
        began = now()
        await edgegap.deployments.create("kart", "v1", users=USERS, timeout=400)
        assert min(seconds, 300) - 0.2 < now() - began < longest


async def test_durations_below_zero_are_ignored(local: LocalEdgegap) -> None:
    server = simulated_server()
    async with processes(local, handles(server, 1)) as (edgegap,):
        send(server, kind="ready_after", version=["kart", "v1"], seconds=[-1e9] * 10)
        await asyncio.sleep(0.1)
        assert typical(edgegap) is None


async def test_a_watch_for_what_does_not_exist_does_no_harm(local: LocalEdgegap) -> None:
    server = simulated_server()
    async with processes(local, handles(server, 2)) as (leader, follower):
        watch = {"path": {"x": "../../.."}, "requested_at": -1e300, "version": None, "has_webhook": False}
        send(server, kind="watches", watches={"../" * 5: watch, "": watch, "a?b": watch, "unknown": watch})
        assert max(await asyncio.gather(*(lateness(each, local) for each in (leader, follower)))) < 1
        assert {request.operation_id for request in local.requests} <= {
            "v2-deployment-create",
            "deployment-list",
            "deployment-get",
        }
