"""Whatever is cancelled, wherever it waits: no slot, task, connection or server is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from everywhere import MOST, cancelled_at

from edgegap_async import EdgegapClient, GuardPolicy, ServerRequest, State
from edgegap_async.errors import EdgegapError
from edgegap_async.limits import TokenBucket
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]
ID = "000000000000"

Play = Callable[[EdgegapClient, LocalEdgegap], Awaitable[Any]]


async def running(edgegap: EdgegapClient, _: LocalEdgegap) -> None:
    async with edgegap.deployments.running("kart", "v1", users=USERS):
        await asyncio.sleep(0.5)


async def stopping(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    (server,) = local.deployments
    await edgegap.deployments.stop(server.request_id)


async def waiting(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    (server,) = local.deployments
    await edgegap.deployments.wait_until_ready(server.request_id)


async def walking(edgegap: EdgegapClient, _: LocalEdgegap) -> None:
    assert await edgegap.locations.list(page_size=5).collect()


async def deploying_many(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    requests = [ServerRequest(application="kart", version="v1", users=USERS) for _ in range(2)]
    async with aclosing(edgegap.deployments.deploy_many(requests, concurrency=2)) as servers:
        async for one in servers:
            assert one.server is not None
            await edgegap.deployments.tags.create(one.server.request_id, "taken")


async def watching(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    (server,) = local.deployments
    async with aclosing(edgegap.deployments.watch([server.request_id])) as changes:
        async for change in changes:
            if change.new is State.READY:
                return


async def playing(edgegap: EdgegapClient, _: LocalEdgegap) -> None:
    async with edgegap.sessions.running("kart", "v1", users=USERS):
        await asyncio.sleep(0.5)


async def relaying(edgegap: EdgegapClient, _: LocalEdgegap) -> None:
    async with edgegap.relays.running(users=USERS):
        await asyncio.sleep(0.5)


PLAYS: dict[str, tuple[Play, int]] = {
    "a call": (lambda edgegap, _: edgegap.ip.get(), 0),
    "a list": (walking, 0),
    "create": (lambda edgegap, _: edgegap.deployments.create("kart", "v1", users=USERS), 0),
    "create, its answer lost": (lambda edgegap, _: edgegap.deployments.create("kart", "v1", users=USERS), 0),
    "deploy": (lambda edgegap, _: edgegap.deployments.deploy("kart", "v1", users=USERS), 0),
    "deploy, in error": (lambda edgegap, _: edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=2), 0),
    "running": (running, 0),
    "stop": (stopping, 1),
    "wait until ready": (waiting, 1),
    "deploy many": (deploying_many, 0),
    "watch": (watching, 1),
    "session": (playing, 0),
    "relay": (relaying, 0),
}
"""What is done, and how many servers there are before."""


@asynccontextmanager
async def world(name: str, before: int) -> AsyncIterator[tuple[LocalEdgegap, EdgegapClient]]:
    policy = GuardPolicy(settle_seconds=1, watch_seconds=2)
    async with LocalEdgegap(seed=1, time_to_ready=(0.5, 0.5)) as local:
        async with local.client() as first:
            for _ in range(before):
                await first.deployments.create("kart", "v1", users=USERS)
        if "lost" in name:
            local.faults.add("v2-deployment-create", "drop_after_commit")
        if "error" in name:
            local.faults.add("v2-deployment-create", "errored")
        async with local.client(guard=policy) as edgegap:
            yield local, edgegap


@pytest.mark.looptime
@pytest.mark.parametrize("name", PLAYS)
async def test_nothing_is_lost(name: str) -> None:
    play, before = PLAYS[name]
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    for step in range(1, MOST):
        around = asyncio.all_tasks()
        async with world(name, before) as (local, edgegap):
            end = await cancelled_at(step, lambda: play(edgegap, local))
            owned = end.returned
            assert owned or isinstance(end.error, (asyncio.CancelledError, EdgegapError)), end
            # its connections are as good as before
            assert (await edgegap.ip.get()).public_ip == "127.0.0.1"
        alive = len(local.deployments)
        match name:
            case "stop":
                assert alive == (0 if owned else alive)
            case "wait until ready" | "watch":
                assert alive == 1
            case "deploy many":
                taken = sum("taken" in server.tags for server in local.deployments)
                # the one that was given last may not be marked yet
                assert alive - taken in ({0} if owned else {0, 1}), f"cancelled at step {step}"
            case "session" | "relay":
                assert (len(local.sessions), len(local.relays)) == (0, 0), f"cancelled at step {step}"
            case "running":
                assert alive == 0, f"cancelled at step {step}"
            case _ if name.startswith(("create", "deploy")):
                assert alive == (1 if owned else 0), f"cancelled at step {step}"
            case _:
                assert alive == 0
        assert asyncio.all_tasks() == around, f"cancelled at step {step}"
        assert complaints == [], f"cancelled at step {step}"
        if not end.cancelled:
            assert step > 8, "it was cancelled at every step"
            return
    pytest.fail("it does not end")


@pytest.mark.looptime
async def test_a_bucket_loses_no_slot() -> None:
    """Of three who wait one is cancelled, at every step: the two others come in the next two slots."""
    loop = asyncio.get_running_loop()
    for step in range(1, MOST):
        bucket = TokenBucket(rate=1, capacity=1)
        await bucket.acquire()
        began, came = loop.time(), []

        async def others(bucket: TokenBucket = bucket, came: list[float] = came, began: float = began) -> None:
            await bucket.acquire()
            came.append(loop.time() - began)

        first = asyncio.create_task(others())
        await asyncio.sleep(0)
        victim = asyncio.create_task(cancelled_at(step, bucket.acquire))
        await asyncio.sleep(0)
        last = asyncio.create_task(others())
        end = await victim
        await asyncio.gather(first, last)
        assert came[0] == pytest.approx(1, abs=0.01)
        assert came[1] == pytest.approx(3 if end.returned else 2, abs=0.01)
        assert bucket.waiting == 0
        if not end.cancelled:
            return
    pytest.fail("it does not end")
