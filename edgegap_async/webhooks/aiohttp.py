"""The webhook receiver as an aiohttp handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from edgegap_async.webhooks.receiver import MAX_BODY_BYTES, Webhooks

if TYPE_CHECKING:
    from aiohttp import web


def aiohttp_handler(webhooks: Webhooks) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return a handler for ``app.router.add_post("/edgegap/{rest:.*}", ...)``."""
    from aiohttp import web  # noqa: PLC0415 - aiohttp's server is imported only where it is used

    async def handle(request: web.Request) -> web.Response:
        body = b""
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                break
        return web.Response(status=await webhooks.receive(request.path, body))

    return handle
