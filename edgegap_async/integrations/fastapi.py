"""FastAPI: the client as a dependency, webhooks, health, and errors as responses.

::

    from edgegap_async.integrations.fastapi import (
        EdgegapDependency, add_exception_handlers, edgegap_lifespan, health_router, webhook_router,
    )

    app = FastAPI(lifespan=edgegap_lifespan(webhook_url="https://studio.example/edgegap"))
    app.include_router(webhook_router("/edgegap"))
    app.include_router(health_router("/health"))
    add_exception_handlers(app)

    @app.get("/matches/{match_id}")
    async def match(match_id: str, edgegap: EdgegapDependency) -> dict[str, str | None]:
        deployment = await edgegap.deployments.get(match_id)
        return {"state": deployment.state}
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends

from edgegap_async.client import EdgegapClient
from edgegap_async.integrations.starlette import (
    add_exception_handlers,
    edgegap_client,
    edgegap_lifespan,
    health_response,
    problem_response,
    stop_if_disconnected,
    webhook_route,
)

__all__ = [
    "EdgegapDependency",
    "add_exception_handlers",
    "edgegap_client",
    "edgegap_lifespan",
    "health_router",
    "problem_response",
    "stop_if_disconnected",
    "webhook_router",
]

EdgegapDependency: TypeAlias = Annotated[EdgegapClient, Depends(edgegap_client)]
"""The annotation of a parameter that receives the application's client."""


def webhook_router(path: str) -> APIRouter:
    """Return a router for the service's webhooks; its path is the end of the client's ``webhook_url``."""
    return APIRouter(routes=[webhook_route(path)])


def health_router(path: str) -> APIRouter:
    """Return a router for health checks: the limits of the client, and whether it can be used.

    The status is 503 if the client is not open, else 200: one that has lost the store that it shares with other
    processes goes on alone. Nothing is sent to the service. The numbers are for operators: to keep them from others,
    pass ``dependencies=`` to ``include_router``.
    """
    router = APIRouter()
    router.add_api_route(path, health_response, summary="The health of the Edgegap client", tags=["health"])
    return router
