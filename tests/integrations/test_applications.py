"""The client in the lifespan of an application, webhooks and health, with FastAPI and with Starlette."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import Depends, FastAPI, HTTPException
from integrations.applications import CreateApp, port_of, serving
from starlette.applications import Starlette
from starlette.routing import Mount

from benchmarks.own_valkey import OwnValkey
from edgegap_async import Deployment, EdgegapClient
from edgegap_async.errors import ConfigurationError
from edgegap_async.integrations.fastapi import EdgegapDependency, edgegap_client, health_router
from edgegap_async.integrations.starlette import edgegap_lifespan, health_route
from edgegap_async.simulator import LocalEdgegap


async def create_server(local: LocalEdgegap) -> str:
    async with local.client() as edgegap:
        return (await edgegap.deployments.create("kart", "v1.2", users=["203.0.113.7"])).request_id


# the client


async def test_one_client_serves_all_requests_and_is_closed_at_the_end(
    quick: LocalEdgegap, create_app: CreateApp
) -> None:
    match_id = await create_server(quick)
    app = create_app(token=quick.token, base_url=quick.url)
    async with serving(app) as client:
        edgegap: EdgegapClient = app.state.edgegap
        assert edgegap.is_open
        for _ in range(2):
            response = await client.get(f"/matches/{match_id}")
            assert (response.status_code, [*response.json()]) == (200, ["state"])
        assert edgegap.stats().requests == 2
    assert not edgegap.is_open


async def test_the_client_can_be_created_by_a_function(quick: LocalEdgegap, create_app: CreateApp) -> None:
    app = create_app(quick.client)
    async with serving(app) as client:
        assert repr(app.state.edgegap) == f"<EdgegapClient {quick.url}, open>"
        assert (await client.get("/health")).status_code == 200


async def test_each_start_of_an_application_has_a_client_of_its_own(quick: LocalEdgegap, create_app: CreateApp) -> None:
    app = create_app(quick.client)
    clients = []
    for _ in range(2):
        async with serving(app):
            clients.append(app.state.edgegap)
    assert clients[0] is not clients[1]


def test_options_beside_a_function_are_refused(create_app: CreateApp) -> None:
    with pytest.raises(ConfigurationError, match="timeout"):
        create_app(EdgegapClient, timeout=3)


async def test_the_lifespan_can_be_part_of_another(quick: LocalEdgegap, create_app: CreateApp) -> None:
    steps: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Any]:
        async with edgegap_lifespan(quick.client)(app) as state:
            steps.append(f"started: {state['edgegap'].is_open}")
            yield {**state, "own": 1}
            steps.append(f"ending: {state['edgegap'].is_open}")

    async with serving(create_app(lifespan=lifespan)) as client:
        assert (await client.get("/health")).json()["status"] == "ok"
    assert steps == ["started: True", "ending: True"]


async def test_a_mounted_application_uses_the_client_of_the_outer_one(
    quick: LocalEdgegap, create_app: CreateApp
) -> None:
    app = Starlette(lifespan=edgegap_lifespan(quick.client), routes=[Mount("/inner", create_app())])
    async with serving(app) as client:
        assert (await client.get("/inner/health")).json()["status"] == "ok"


async def test_a_request_without_a_client_is_an_internal_error(create_app: CreateApp) -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield

    async with serving(create_app(lifespan=lifespan)) as client:
        assert (await client.get("/matches/61b1be8f54d9")).status_code == 500
        health = await client.get("/health")
    assert (health.status_code, health.json()) == (503, {"status": "closed"})


async def test_an_open_client_can_be_set_instead_of_a_lifespan(quick: LocalEdgegap, create_app: CreateApp) -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with quick.client() as app.state.edgegap:
            yield

    async with serving(create_app(lifespan=lifespan)) as client:
        assert (await client.get("/health")).json()["status"] == "ok"


async def test_the_dependency_can_be_overridden(quick: LocalEdgegap) -> None:
    app = FastAPI()
    found: list[EdgegapClient] = []

    @app.get("/")
    async def root(edgegap: EdgegapDependency) -> None:
        found.append(edgegap)

    async with quick.client() as edgegap:
        app.dependency_overrides[edgegap_client] = lambda: edgegap
        async with serving(app) as client:
            assert (await client.get("/")).status_code == 200
        assert found == [edgegap]


# webhooks


async def test_webhooks_reach_the_client(quick: LocalEdgegap, create_app: CreateApp) -> None:
    terminated = asyncio.Event()

    def note(deployment: Deployment) -> None:
        terminated.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        app = create_app(
            token=quick.token, base_url=quick.url, webhook_url=f"http://127.0.0.1:{port_of(listening)}/edgegap"
        )
        async with serving(app, listening) as client:
            edgegap: EdgegapClient = app.state.edgegap
            edgegap.webhooks.on_terminated(note)
            async with edgegap.deployments.running("kart", "v1.2", users=["203.0.113.7"]):
                pass
            await asyncio.wait_for(terminated.wait(), 5)  # the listener is called before the response
            while None in {hook.status for hook in quick.hooks}:
                await asyncio.sleep(0.01)
            assert {(hook.event, hook.status) for hook in quick.hooks} == {("ready", 204), ("terminated", 204)}
            assert (await client.get("/edgegap/ready/tag/signature")).status_code == 405


async def test_the_path_of_a_webhook_is_checked_before_its_body_is_read(
    quick: LocalEdgegap, create_app: CreateApp
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with serving(create_app(quick.client), listening):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(listening))
            path = f"/edgegap/ready/tag/{'0' * 32}"
            writer.write(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n".encode())  # and no body
            assert b" 404 " in await asyncio.wait_for(reader.readline(), 3)
            writer.close()
            await writer.wait_closed()


# health


async def test_health_shows_the_limits_and_sends_nothing(quick: LocalEdgegap, create_app: CreateApp) -> None:
    async with serving(create_app(quick.client)) as client:
        health = await client.get("/health")
    assert (health.status_code, health.headers["cache-control"]) == (200, "no-store")
    content = health.json()
    assert content["limits"].pop("deploy") == {
        "rate": 38.0,
        "full_rate": 38.0,
        "slowed": False,
        "waiting": 0,
        "rate_limited": 0,
    }
    assert sorted(content.pop("limits")) == ["default", "hosts", "list", "status", "stop"]
    assert content == {"status": "ok", "last_response_age": None, "coordination": None}
    assert not quick.requests


async def test_health_shows_a_bucket_that_is_slowed_and_the_calls_that_wait(
    quick: LocalEdgegap, create_app: CreateApp
) -> None:
    quick.faults.add("deployment-get", "rate_limited", retry_after=0.3)
    match_id = await create_server(quick)
    app = create_app(token=quick.token, base_url=quick.url, rate_limits={"status": 5})
    async with serving(app) as client:
        calls = [asyncio.create_task(client.get(f"/matches/{match_id}")) for _ in range(3)]
        while not (limit := (await client.get("/health")).json()["limits"]["status"])["slowed"]:
            await asyncio.sleep(0.01)
        assert limit["rate"] < limit["full_rate"]
        assert (limit["rate_limited"], limit["waiting"]) == (1, 2)
        await asyncio.gather(*calls)
        assert 0 < (await client.get("/health")).json()["last_response_age"] < 1


async def test_health_is_503_once_the_client_is_closed(quick: LocalEdgegap, create_app: CreateApp) -> None:
    app = create_app(quick.client)
    async with serving(app) as client:
        await app.state.edgegap.aclose()
        health = await client.get("/health")
    assert (health.status_code, health.json()["status"]) == (503, "closed")


async def test_health_shows_that_the_store_is_lost_while_the_process_goes_on_alone(
    quick: LocalEdgegap, create_app: CreateApp
) -> None:
    store = OwnValkey()
    try:
        app = create_app(token=quick.token, base_url=quick.url, coordination=store.url)
        async with serving(app) as client:
            health = await client.get("/health")
            assert (health.status_code, health.json()["status"]) == (200, "ok")
            assert health.json()["coordination"] == {"state": "shared", "members": 1, "is_leader": True}
            store.stop()
            async with asyncio.timeout(5):
                while (health := await client.get("/health")).json()["status"] == "ok":
                    await asyncio.sleep(0.02)
            assert (health.status_code, health.json()["status"]) == (200, "coordination lost")
            assert health.json()["coordination"] == {"state": "lost", "members": 1, "is_leader": False}
    finally:
        if store._server.is_running():
            store.stop()


async def test_health_can_be_kept_from_others(quick: LocalEdgegap) -> None:
    def refuse() -> None:
        raise HTTPException(403)

    app = FastAPI(lifespan=edgegap_lifespan(quick.client))
    app.include_router(health_router("/health"), dependencies=[Depends(refuse)])
    async with serving(app) as client:
        assert (await client.get("/health")).status_code == 403


async def test_a_head_request_gets_the_health_status(quick: LocalEdgegap) -> None:
    app = Starlette(lifespan=edgegap_lifespan(quick.client), routes=[health_route("/health")])
    async with serving(app) as client:
        assert (await client.head("/health")).status_code == 200
