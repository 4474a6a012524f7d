"""What the service tells by itself: received, checked, and passed on to who waits and who listens."""

from edgegap_async.webhooks.aiohttp import aiohttp_handler
from edgegap_async.webhooks.asgi import ASGIApplication
from edgegap_async.webhooks.receiver import LARGEST_BODY, Listener, RelayListener, SessionListener, Webhooks

__all__ = [
    "LARGEST_BODY",
    "ASGIApplication",
    "Listener",
    "RelayListener",
    "SessionListener",
    "Webhooks",
    "aiohttp_handler",
]
