"""Webhooks of the service: received, verified, and passed on to waits and listeners."""

from edgegap_async.webhooks.aiohttp import aiohttp_handler
from edgegap_async.webhooks.asgi import ASGIApplication
from edgegap_async.webhooks.receiver import (
    MAX_BODY_BYTES,
    DeploymentListener,
    RelayListener,
    SessionListener,
    Webhooks,
)

__all__ = [
    "MAX_BODY_BYTES",
    "ASGIApplication",
    "DeploymentListener",
    "RelayListener",
    "SessionListener",
    "Webhooks",
    "aiohttp_handler",
]
