"""The webhook receiver as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from edgegap_async.webhooks.receiver import BODY_SECONDS, MAX_BODY_BYTES, Webhooks

Scope: TypeAlias = MutableMapping[str, Any]
ASGIMessage: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[ASGIMessage]]
Send: TypeAlias = Callable[[ASGIMessage], Awaitable[None]]


class ASGIApplication:
    """For ``app.mount("/edgegap", ASGIApplication(edgegap.webhooks))`` of FastAPI, Starlette or any ASGI server."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a method other than POST gets 405.

        Args:
            scope: The ASGI scope.
            receive: Receives the request's body.
            send: Sends the response.
        """
        if scope["type"] != "http":
            raise RuntimeError(f"webhooks are received over http, not {scope['type']}")
        status = 405
        if scope["method"] == "POST":
            status = await self._status(scope["path"], receive)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def _status(self, path: str, receive: Receive) -> int:
        if not self._webhooks.accepts(path):
            return 404  # without reading the body
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read_body(receive)
        except TimeoutError:
            return 408
        return await self._webhooks.receive(path, body)


async def _read_body(receive: Receive) -> bytes:
    """The body, or enough of it to show that it is too large."""
    body = bytearray()
    while len(body) <= MAX_BODY_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)
