"""What the service tells by itself: received, checked, and passed on to who waits and who listens."""

from edgegap_async.webhooks.applications import ASGIApplication, aiohttp_handler
from edgegap_async.webhooks.receiver import LARGEST_BODY, Listener, Webhooks

__all__ = ["LARGEST_BODY", "ASGIApplication", "Listener", "Webhooks", "aiohttp_handler"]
