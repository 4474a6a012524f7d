"""Starlette: the client in the application's lifespan, webhooks, health, and errors as responses.

::

    from edgegap_async.integrations.starlette import (
        add_exception_handlers, edgegap_lifespan, health_route, webhook_route,
    )

    app = Starlette(
        lifespan=edgegap_lifespan(webhook_url="https://studio.example/edgegap"),
        routes=[webhook_route("/edgegap"), health_route("/health")],
    )
    add_exception_handlers(app)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypedDict

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edgegap_async.client import EdgegapClient
from edgegap_async.errors import ClientStateError, ConfigurationError, EdgegapError
from edgegap_async.integrations.asgi import STATE_NAME, WebhookEndpoint, client_in
from edgegap_async.integrations.health import health_report
from edgegap_async.integrations.problems import MEDIA_TYPE, problem_details
from edgegap_async.models.deployments import GameServer

logger: Final = logging.getLogger("edgegap_async")

CLIENT_CLOSED_REQUEST: Final = 499
"""The status in the access log of a request whose client disconnected; nothing receives the response."""


class EdgegapState(TypedDict):
    """The state of a lifespan: ``request.state.edgegap`` is the client, also in mounted applications."""

    edgegap: EdgegapClient


def edgegap_lifespan(
    create: Callable[[], EdgegapClient] | None = None, **options: Any
) -> Callable[[Starlette], AbstractAsyncContextManager[EdgegapState]]:
    """Return a lifespan that opens one client for the application, ``app.state.edgegap``, and closes it at the end.

    ::

        app = Starlette(lifespan=edgegap_lifespan(timeout=30))

    Inside a lifespan of your own::

        @asynccontextmanager
        async def lifespan(app):
            async with edgegap_lifespan()(app) as state:
                state["edgegap"].webhooks.on_ready(announce)
                yield state

    Args:
        create: Returns a client that is not open yet, such as ``local_edgegap.client``; None for ``EdgegapClient``.
        **options: The options of ``EdgegapClient``.

    Raises:
        ConfigurationError: Both ``create`` and options are passed.
    """
    if create is not None and options:
        raise ConfigurationError(f"edgegap_lifespan: pass the options to the client that is created: {[*options]}")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[EdgegapState, None]:
        async with EdgegapClient(**options) if create is None else create() as edgegap:
            setattr(app.state, STATE_NAME, edgegap)
            yield {"edgegap": edgegap}

    return lifespan


def edgegap_client(connection: HTTPConnection) -> EdgegapClient:
    """Return the client of the application that serves a request or a websocket.

    Raises:
        ClientStateError: The application has no client.
    """
    return client_in(connection.scope)


def webhook_route(path: str) -> Route:
    """Return a route for the service's webhooks; its path is the end of the client's ``webhook_url``."""
    return Route(f"{path.rstrip('/')}/{{rest:path}}", WebhookEndpoint(), include_in_schema=False)


def health_route(path: str) -> Route:
    """Return a route for health checks; see ``health_response``."""
    return Route(path, health_response)


async def health_response(request: Request) -> Response:
    """Respond with the client's health as JSON; nothing is sent to the service.

    The status is 503 if the client is not open, else 200: a client that has lost the store that it shares with other
    processes goes on alone.
    """
    try:
        edgegap = edgegap_client(request)
    except ClientStateError:
        edgegap = None
    report = health_report(edgegap)
    return JSONResponse(report.content, status_code=report.http_status, headers={"Cache-Control": "no-store"})


def add_exception_handlers(app: Starlette) -> None:
    """Respond with problem details where an ``EdgegapError`` ends a request."""
    app.add_exception_handler(EdgegapError, problem_response)


async def problem_response(request: Request, error: Exception) -> Response:
    """Respond with the problem details (RFC 9457) of an ``EdgegapError``, and log the error.

    The response shows the status, a sentence and the id of the deployment. The message of the error is only logged.
    """
    if not isinstance(error, EdgegapError):
        raise error
    problem = problem_details(error)
    logger.log(
        logging.WARNING if problem.status >= 500 else logging.INFO,
        "a request ended with status %d: %s",
        problem.status,
        error,
        exc_info=error if problem.status == 500 else None,
    )
    return JSONResponse(problem.content, problem.status, problem.headers, media_type=MEDIA_TYPE)


@asynccontextmanager
async def stop_if_disconnected(
    request: Request, starting: Awaitable[GameServer] | AbstractAsyncContextManager[GameServer]
) -> AsyncGenerator[GameServer, None]:
    """Start a server for a request, and stop it if the HTTP client disconnects before the block ends.

    ::

        async with stop_if_disconnected(request, edgegap.deployments.deploy("kart", "v1.2", users=players)) as server:
            return {"address": server.address()}

    If the client disconnects, what the block, or the deploy, awaits is cancelled. With ``deploy``, the server runs on
    only if the block ends without an error. With ``running``, it is stopped when the block ends in any case.

    The request's body must have been read before; FastAPI does that where the body is a parameter.

    Args:
        request: The request.
        starting: What ``deployments.deploy`` or ``deployments.running`` returns.
    """
    edgegap = edgegap_client(request)
    server: GameServer | None = None
    scope = asyncio.timeout(None)
    try:
        async with scope:
            listening = asyncio.create_task(_expire_on_disconnect(request, scope), name="wait for a disconnect")
            try:
                if isinstance(starting, AbstractAsyncContextManager):
                    async with starting as running:
                        yield running
                else:
                    server = await starting
                    yield server
            finally:
                listening.cancel()
                # a disconnect that is known, and has not cancelled this task yet, does so here
                await asyncio.wait({listening})
    except BaseException as error:
        if server is not None:
            edgegap.deployments.stop_in_background(server)
        if isinstance(error, TimeoutError) and scope.expired():
            raise HTTPException(CLIENT_CLOSED_REQUEST, "the client disconnected") from None
        raise


async def _expire_on_disconnect(request: Request, scope: asyncio.Timeout) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass  # an empty body
    scope.reschedule(asyncio.get_running_loop().time())
