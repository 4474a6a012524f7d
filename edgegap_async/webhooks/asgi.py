"""The receiver as an ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from edgegap_async.webhooks.receiver import LARGEST_BODY, Webhooks

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class ASGIApplication:
    """For ``app.mount("/edgegap", ...)`` of FastAPI and Starlette, or any other ASGI server."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; nothing but POST is taken."""
        if scope["type"] != "http":
            raise RuntimeError(f"webhooks come over http, not {scope['type']}")
        status = 405
        if scope["method"] == "POST":
            status = await self._webhooks.receive(scope["path"], await _body(receive))
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> bytes:
    """The body, or as much of it as shows that it is too large."""
    body = b""
    while len(body) <= LARGEST_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body
