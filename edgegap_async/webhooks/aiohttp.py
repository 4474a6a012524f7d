"""The webhook receiver as an aiohttp handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from edgegap_async.webhooks.receiver import Webhooks

if TYPE_CHECKING:
    from aiohttp import web


def aiohttp_handler(webhooks: Webhooks) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return a handler for ``app.router.add_post("/edgegap/{rest:.*}", ...)``."""
    from aiohttp import web  # noqa: PLC0415 - aiohttp's server is imported only where it is used

    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=await webhooks.receive_chunks(request.path, request.content.iter_any()))

    return handle
