"""The webhook receiver as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from typing import Any, TypeAlias

from edgegap_async.webhooks.receiver import Webhooks

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
            async with aclosing(_chunks(receive)) as chunks:
                status = await self._webhooks.receive_chunks(scope["path"], chunks)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


async def _chunks(receive: Receive) -> AsyncGenerator[bytes, None]:
    more = True
    while more:
        message = await receive()
        yield message.get("body", b"")
        more = message.get("more_body", False)
