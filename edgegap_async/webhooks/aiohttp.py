"""The webhook receiver as an aiohttp handler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from edgegap_async.webhooks.receiver import BODY_SECONDS, MAX_BODY_BYTES, Webhooks

if TYPE_CHECKING:
    from aiohttp import web


def aiohttp_handler(webhooks: Webhooks) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return a handler for ``app.router.add_post("/edgegap/{rest:.*}", ...)``."""
    from aiohttp import web  # noqa: PLC0415 - aiohttp's server is imported only where it is used

    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=await _status(webhooks, request))

    return handle


async def _status(webhooks: Webhooks, request: web.Request) -> int:
    if not webhooks.accepts(request.path):
        return 404  # without reading the body
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    break
    except TimeoutError:
        return 408
    return await webhooks.receive(request.path, bytes(body))
