"""The webhook receiver as an aiohttp handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from edgegap_async.webhooks.receiver import LARGEST_BODY, Webhooks


def aiohttp_handler(webhooks: Webhooks) -> Callable[[web.Request], Awaitable[web.Response]]:
    """For ``app.router.add_post("/edgegap/{rest:.*}", ...)`` of aiohttp."""

    async def handle(request: web.Request) -> web.Response:
        body = b""
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > LARGEST_BODY:
                break
        return web.Response(status=await webhooks.receive(request.path, body))

    return handle
