"""The same application with FastAPI and with Starlette, served by uvicorn on this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeAlias

import httpx2
import uvicorn
from fastapi import Body, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edgegap_async.integrations import fastapi as for_fastapi
from edgegap_async.integrations import starlette as for_starlette

CreateApp: TypeAlias = Callable[..., Starlette]
"""Creates the application of the tests; the parameters are those of ``edgegap_lifespan``."""


def fastapi_application(*create: Any, lifespan: Any = None, **options: Any) -> FastAPI:
    app = FastAPI(lifespan=lifespan or for_fastapi.edgegap_lifespan(*create, **options))
    app.include_router(for_fastapi.webhook_router("/edgegap"))
    app.include_router(for_fastapi.health_router("/health"))
    for_fastapi.add_exception_handlers(app)

    @app.get("/matches/{match_id}")
    async def match(match_id: str, edgegap: for_fastapi.EdgegapDependency) -> dict[str, Any]:
        return {"state": (await edgegap.deployments.get(match_id)).state}

    @app.post("/matches")
    async def start(
        request: Request, edgegap: for_fastapi.EdgegapDependency, players: Annotated[list[str], Body()]
    ) -> dict[str, Any]:
        deploying = edgegap.deployments.deploy("kart", "v1.2", users=players)
        async with for_fastapi.stop_if_disconnected(request, deploying) as server:
            return {"id": server.request_id}

    return app


def starlette_application(*create: Any, lifespan: Any = None, **options: Any) -> Starlette:
    async def match(request: Request) -> Response:
        edgegap = for_starlette.edgegap_client(request)
        return JSONResponse({"state": (await edgegap.deployments.get(request.path_params["match_id"])).state})

    async def start(request: Request) -> Response:
        edgegap = for_starlette.edgegap_client(request)
        deploying = edgegap.deployments.deploy("kart", "v1.2", users=await request.json())
        async with for_starlette.stop_if_disconnected(request, deploying) as server:
            return JSONResponse({"id": server.request_id})

    app = Starlette(
        lifespan=lifespan or for_starlette.edgegap_lifespan(*create, **options),
        routes=[
            for_starlette.webhook_route("/edgegap"),
            for_starlette.health_route("/health"),
            Route("/matches/{match_id}", match),
            Route("/matches", start, methods=["POST"]),
        ],
    )
    for_starlette.add_exception_handlers(app)
    return app


@asynccontextmanager
async def serving(app: Any, listening: socket.socket | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve an application and yield an HTTP client for it.

    Args:
        app: The application.
        listening: The socket to listen on, None for a free port.
    """
    listener = listening or socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        assert not task.done(), task
        await asyncio.sleep(0.01)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port_of(listener)}", timeout=10) as client:
            yield client
    finally:
        server.should_exit = True
        await task
        listener.close()
        assert not server.lifespan.shutdown_failed  # type: ignore[union-attr]


def port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])
