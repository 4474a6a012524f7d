"""A server whose HTTP client disconnected is stopped, and one whose client received it runs on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from integrations.applications import CreateApp, serving
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edgegap_async.integrations.starlette import (
    add_exception_handlers,
    edgegap_client,
    edgegap_lifespan,
    stop_if_disconnected,
)
from edgegap_async.simulator import LocalEdgegap

PLAYERS = ["203.0.113.7"]


@pytest.fixture
async def slow() -> AsyncIterator[LocalEdgegap]:
    """A local Edgegap whose servers are never ready during a test."""
    async with LocalEdgegap(time_to_ready=(60, 60)) as local:
        yield local


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def open_request(client: httpx2.AsyncClient) -> asyncio.StreamWriter:
    """Send a request for a match, on a connection whose response is not read."""
    port = client.base_url.port
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps(PLAYERS).encode()
    headers = f"Host: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    writer.write(f"POST /matches HTTP/1.1\r\n{headers}\r\n\r\n".encode() + body)
    return writer


async def disconnect(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


def deletes(local: LocalEdgegap) -> int:
    return [request.operation_id for request in local.requests].count("deployment-delete")


async def test_a_server_that_is_received_runs_on(quick: LocalEdgegap, create_app: CreateApp) -> None:
    async with serving(create_app(quick.client)) as client:
        response = await client.post("/matches", json=PLAYERS)
        assert response.json()["id"] in quick.deployments
    assert response.json()["id"] in quick.deployments
    assert deletes(quick) == 0


async def test_a_disconnect_during_the_deploy_stops_the_server(slow: LocalEdgegap, create_app: CreateApp) -> None:
    app, statuses = create_app(slow.client), []

    async def recording(scope: Any, receive: Any, send: Any) -> None:
        async def record(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        await app(scope, receive, record)

    async with serving(recording) as client:
        connection = await open_request(client)
        await until(lambda: slow.deployments)
        await disconnect(connection)
        await until(lambda: not slow.deployments)
        assert (await client.get("/health")).status_code == 200
    assert deletes(slow) == 1
    assert sorted(statuses) == [200, 499]


async def test_a_disconnect_before_the_create_response_stops_the_server(
    slow: LocalEdgegap, create_app: CreateApp
) -> None:
    slow.faults.add("deployments.create", "delay", seconds=0.3)
    async with serving(create_app(slow.client)) as client:
        connection = await open_request(client)
        await until(lambda: slow.requests)
        await disconnect(connection)
        await until(lambda: slow.history and not slow.deployments)


# what the block does after the deploy


def application(
    local: LocalEdgegap, endpoint: Callable[[Request], Any], middleware: list[Middleware] | None = None
) -> Starlette:
    app = Starlette(
        lifespan=edgegap_lifespan(local.client),
        routes=[Route("/matches", endpoint, methods=["POST"])],
        middleware=middleware,
    )
    add_exception_handlers(app)
    return app


def deploying(request: Request) -> Any:
    return edgegap_client(request).deployments.deploy("kart", "v1.2", users=PLAYERS)


def running(request: Request) -> Any:
    return edgegap_client(request).deployments.running("kart", "v1.2", users=PLAYERS)


@pytest.mark.parametrize("start", [deploying, running])
async def test_a_disconnect_during_the_block_cancels_it_and_stops_the_server(
    quick: LocalEdgegap, start: Callable[[Request], Any]
) -> None:
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def endpoint(request: Request) -> Response:
        await request.body()
        async with stop_if_disconnected(request, start(request)):
            entered.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise
        raise AssertionError

    async with serving(application(quick, endpoint)) as client:
        connection = await open_request(client)
        await entered.wait()
        assert len(quick.deployments) == 1
        await disconnect(connection)
        await asyncio.wait_for(cancelled.wait(), 5)
        await until(lambda: not quick.deployments)
    assert deletes(quick) == 1


async def test_a_disconnect_in_the_moment_in_which_the_block_ends_stops_the_server(quick: LocalEdgegap) -> None:
    received = asyncio.Event()

    async def endpoint(request: Request) -> Response:
        await request.body()
        own = request.receive

        async def receive() -> Any:
            message = await own()
            received.set()
            return message

        request._receive = receive
        async with stop_if_disconnected(request, deploying(request)):
            connections.pop().close()
            await received.wait()  # it ends in the same step of the event loop in which the disconnect arrives
        return JSONResponse({})

    connections: list[asyncio.StreamWriter] = []
    async with serving(application(quick, endpoint)) as client:
        connections.append(await open_request(client))
        await until(lambda: deletes(quick))
        await until(lambda: not quick.deployments)


async def test_an_error_in_the_block_stops_the_server(quick: LocalEdgegap) -> None:
    async def endpoint(request: Request) -> Response:
        async with stop_if_disconnected(request, deploying(request)):
            raise TimeoutError("the database does not respond")

    app = application(quick, endpoint)
    app.add_exception_handler(TimeoutError, lambda request, error: JSONResponse(str(error), 504))
    async with serving(app) as client:
        response = await client.post("/matches")
        assert (response.status_code, response.json()) == (504, "the database does not respond")
        await until(lambda: not quick.deployments)


async def test_a_server_that_runs_during_the_block_is_stopped_at_its_end(quick: LocalEdgegap) -> None:
    async def endpoint(request: Request) -> Response:
        async with stop_if_disconnected(request, running(request)) as server:
            return JSONResponse(server.request_id in quick.deployments)

    async with serving(application(quick, endpoint)) as client:
        assert (await client.post("/matches")).json() is True
        assert not quick.deployments


async def test_an_error_of_the_deploy_is_the_error_of_the_request(quick: LocalEdgegap, create_app: CreateApp) -> None:
    quick.faults.add("deployments.create", "errored", detail="image not found")
    async with serving(create_app(quick.client)) as client:
        response = await client.post("/matches", json=PLAYERS)
    assert response.status_code == 502
    assert response.json()["request_id"] in quick.history
    assert not quick.deployments


async def test_it_works_below_a_middleware(slow: LocalEdgegap) -> None:
    async def pass_on(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        return response

    async def endpoint(request: Request) -> Response:
        await request.body()
        async with stop_if_disconnected(request, deploying(request)):
            raise AssertionError

    app = application(slow, endpoint, [Middleware(BaseHTTPMiddleware, dispatch=pass_on)])
    async with serving(app) as client:
        connection = await open_request(client)
        await until(lambda: slow.deployments)
        await disconnect(connection)
        await until(lambda: not slow.deployments)
