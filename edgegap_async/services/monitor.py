"""The health of the service itself; only the 2024 document lists it."""

from __future__ import annotations

from edgegap_async.models.monitor import Monitor
from edgegap_async.services.base import Service


class Monitoring(Service):
    """``edgegap.monitor``: whether the service is up, and which problems it reports."""

    async def get(self, *, timeout: float | None = None) -> Monitor:
        """Return the service's own status report: ``GET /monitor``."""
        return await self._call("monitoring", Monitor, timeout=timeout)
