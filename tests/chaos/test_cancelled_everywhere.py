"""Each call cancelled at every single await: no rate-limit slot, task, connection or server is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from cancellation import MAX_STEPS, cancelled_at

from edgegap_async import EdgegapClient, GuardPolicy, ServerRequest, State
from edgegap_async.errors import EdgegapError
from edgegap_async.limits import TokenBucket
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]

Scenario = Callable[[EdgegapClient, LocalEdgegap], Awaitable[Any]]


async def run_a_server(edgegap: EdgegapClient, _: LocalEdgegap) -> None:
    async with edgegap.deployments.running("kart", "v1", users=USERS):
        await asyncio.sleep(0.5)


async def stop_a_server(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    (server,) = local.deployments
    await edgegap.deployments.stop(server.request_id)


async def wait_for_a_server(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    (server,) = local.deployments
    await edgegap.deployments.wait_until_ready(server.request_id)


async def collect_a_list(edgegap: EdgegapClient, _: LocalEdgegap) -> None:
    assert await edgegap.locations.list(page_size=5).collect()


async def deploy_many(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    requests = [ServerRequest(application="kart", version="v1", users=USERS) for _ in range(2)]
    async with aclosing(edgegap.deployments.deploy_many(requests, concurrency=2)) as servers:
        async for one in servers:
            assert one.server is not None
            await edgegap.deployments.tags.create(one.server.request_id, "received")


async def watch_a_server(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    (server,) = local.deployments
    async with aclosing(edgegap.deployments.watch([server.request_id])) as changes:
        async for change in changes:
            if change.new is State.READY:
                return


async def run_a_session(edgegap: EdgegapClient, _: LocalEdgegap) -> None:
    async with edgegap.sessions.running("kart", "v1", users=USERS):
        await asyncio.sleep(0.5)


async def run_a_relay(edgegap: EdgegapClient, _: LocalEdgegap) -> None:
    async with edgegap.relays.running(users=USERS):
        await asyncio.sleep(0.5)


SCENARIOS: dict[str, tuple[Scenario, int]] = {
    "a call": (lambda edgegap, _: edgegap.ip.get(), 0),
    "a list": (collect_a_list, 0),
    "create": (lambda edgegap, _: edgegap.deployments.create("kart", "v1", users=USERS), 0),
    "create, response lost": (lambda edgegap, _: edgegap.deployments.create("kart", "v1", users=USERS), 0),
    "deploy": (lambda edgegap, _: edgegap.deployments.deploy("kart", "v1", users=USERS), 0),
    "deploy, in error": (lambda edgegap, _: edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=2), 0),
    "running": (run_a_server, 0),
    "stop": (stop_a_server, 1),
    "wait until ready": (wait_for_a_server, 1),
    "deploy many": (deploy_many, 0),
    "watch": (watch_a_server, 1),
    "session": (run_a_session, 0),
    "relay": (run_a_relay, 0),
}
"""Each scenario by its name, with the number of servers that run before it."""


@asynccontextmanager
async def service(name: str, servers: int) -> AsyncIterator[tuple[LocalEdgegap, EdgegapClient]]:
    """A local Edgegap with some servers and the faults of a scenario, and a client."""
    policy = GuardPolicy(settle_seconds=1, watch_seconds=2)
    async with LocalEdgegap(seed=1, time_to_ready=(0.5, 0.5)) as local:
        async with local.client() as other:
            for _ in range(servers):
                await other.deployments.create("kart", "v1", users=USERS)
        if "lost" in name:
            local.faults.add("v2-deployment-create", "drop_after_commit")
        if "error" in name:
            local.faults.add("v2-deployment-create", "errored")
        async with local.client(guard=policy) as edgegap:
            yield local, edgegap


@pytest.mark.looptime
@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_cancellation_at_any_await_loses_nothing(name: str) -> None:
    scenario, servers = SCENARIOS[name]
    loop_errors: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: loop_errors.append(context))
    for step in range(1, MAX_STEPS):
        tasks = asyncio.all_tasks()
        async with service(name, servers) as (local, edgegap):
            result = await cancelled_at(step, lambda: scenario(edgegap, local))
            owned = result.returned
            assert owned or isinstance(result.error, (asyncio.CancelledError, EdgegapError)), result
            # the client's connections still work
            assert (await edgegap.ip.get()).public_ip == "127.0.0.1"
        running = len(local.deployments)
        match name:
            case "stop":
                assert running == (0 if owned else running)
            case "wait until ready" | "watch":
                assert running == 1
            case "deploy many":
                received = sum("received" in server.tags for server in local.deployments)
                # the last server may have been received without its tag yet
                assert running - received in ({0} if owned else {0, 1}), f"cancelled at step {step}"
            case "session" | "relay":
                assert (len(local.sessions), len(local.relays)) == (0, 0), f"cancelled at step {step}"
            case "running":
                assert running == 0, f"cancelled at step {step}"
            case _ if name.startswith(("create", "deploy")):
                assert running == (1 if owned else 0), f"cancelled at step {step}"
            case _:
                assert running == 0
        assert asyncio.all_tasks() == tasks, f"cancelled at step {step}"
        assert loop_errors == [], f"cancelled at step {step}"
        if not result.cancelled:
            assert step > 5, "the scenario has too few steps to test anything"
            return
    pytest.fail("the scenario does not end")


@pytest.mark.looptime
async def test_a_cancelled_waiter_gives_its_slot_back() -> None:
    """Of three waiters one is cancelled, at every step: the two others get the next two slots."""
    loop = asyncio.get_running_loop()
    for step in range(1, MAX_STEPS):
        bucket = TokenBucket(rate=1, capacity=1)
        await bucket.acquire()
        started_at, acquired = loop.time(), []

        async def acquire(
            bucket: TokenBucket = bucket, acquired: list[float] = acquired, started_at: float = started_at
        ) -> None:
            await bucket.acquire()
            acquired.append(loop.time() - started_at)

        first = asyncio.create_task(acquire())
        await asyncio.sleep(0)
        cancelled = asyncio.create_task(cancelled_at(step, bucket.acquire))
        await asyncio.sleep(0)
        last = asyncio.create_task(acquire())
        result = await cancelled
        await asyncio.gather(first, last)
        assert acquired[0] == pytest.approx(1, abs=0.01)
        assert acquired[1] == pytest.approx(3 if result.returned else 2, abs=0.01)
        assert bucket.waiting == 0
        if not result.cancelled:
            return
    pytest.fail("the scenario does not end")
