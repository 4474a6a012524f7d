"""An HTTP server that records requests, and gives each the same response."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
from aiohttp import web

from edgegap_async import EdgegapClient


@attrs.frozen
class Sent:
    """A request that the recorder received."""

    method: str
    path: str
    query: dict[str, str]
    authorization: str | None
    body: Any


class Recorder:
    """A server that records requests and gives each the same response."""

    def __init__(self, status: int, response: Any) -> None:
        self.status = status
        self.response = response
        self.sent: list[Sent] = []

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        path, _, _ = request.raw_path.partition("?")
        query = dict(request.query)
        self.sent.append(Sent(request.method, path, query, request.headers.get("Authorization"), body))
        if self.response is None:
            return web.Response(status=self.status)
        return web.json_response(self.response, status=self.status)


@asynccontextmanager
async def recorded(status: int, response: Any, **settings: Any) -> AsyncIterator[tuple[Recorder, EdgegapClient]]:
    """Start a recorder on the loopback interface, and a client for it.

    Args:
        status: The status of each response.
        response: The body of each response, None for none.
        **settings: Settings of the client.
    """
    recorder = Recorder(status, response)
    runner = web.ServerRunner(web.Server(recorder.handle), shutdown_timeout=0.05)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        async with EdgegapClient("secret", base_url=f"http://{host}:{port}", rate_limits=None, **settings) as edgegap:
            yield recorder, edgegap
    finally:
        await runner.cleanup()
