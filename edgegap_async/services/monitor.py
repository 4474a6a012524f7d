"""What the service says of itself; only the document of 2024 lists it."""

from __future__ import annotations

from edgegap_async.models.monitor import Monitor
from edgegap_async.services.base import Service


class Monitoring(Service):
    """``edgegap.monitor``: whether the service is there, and what ails it."""

    async def get(self, *, timeout: float | None = None) -> Monitor:
        """The service's own words: ``GET /monitor``."""
        return await self._pipeline.call("monitoring", Monitor, timeout=timeout)
