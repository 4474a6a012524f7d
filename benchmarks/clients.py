"""Clients that receive webhooks on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from edgegap_async import EdgegapClient
from edgegap_async.webhooks import aiohttp_handler


@asynccontextmanager
async def client(token: str, url: str, *, webhooks: bool) -> AsyncIterator[EdgegapClient]:
    """Open a client, and serve its webhooks on this machine if it uses them."""
    if not webhooks:
        async with EdgegapClient(token, base_url=url) as edgegap:
            yield edgegap
        return
    application = web.Application()
    runner = web.AppRunner(application, access_log=None)
    handlers: list[Callable[[web.Request], Awaitable[web.Response]]] = []

    async def receive(request: web.Request) -> web.Response:
        return await handlers[0](request)

    application.router.add_post("/{rest:.*}", receive)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with EdgegapClient(token, base_url=url, webhook_url=f"http://{host}:{port}") as edgegap:
            handlers.append(aiohttp_handler(edgegap.webhooks))
            yield edgegap
    finally:
        await runner.cleanup()
