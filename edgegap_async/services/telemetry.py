"""Which of some deployments is best for some players; only the document of 2024 lists it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from edgegap_async.models.encoding import omit_none
from edgegap_async.models.telemetry import TelemetryRequest, TelemetryResult
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore
from edgegap_async.validation import validate_ip_addresses, validate_names
from edgegap_async.waiting.conditions import WaitTarget
from edgegap_async.waiting.status_probe import StatusProbe

_RESULT: Final = WaitTarget(kind="telemetry result", timeout_hint="It expires automatically")


class Telemetry(Service):
    """``edgegap.telemetry``: measures which of some running deployments suits some players, to let them join it."""

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        probe = StatusProbe(core.pipeline, "active-deployment-telemetry-get", TelemetryResult)
        self._watcher = core.watchers.add("telemetry result", probe)

    async def create(
        self,
        request_ids: Sequence[str],
        *,
        users: Sequence[str],
        webhook_url: str | None = None,
        timeout: float | None = None,
    ) -> TelemetryRequest:
        """Begin a measurement: ``POST /v1/telemetry/active-deployments``; its result is partial at first.

        ``users`` are IP addresses; ``webhook_url`` gets the result by POST. Raises ConfigurationError for what is no
        address, Unprocessable for deployments that cannot be measured.
        """
        return await self._pipeline.call(
            "active-deployment-telemetry-post",
            TelemetryRequest,
            body={
                "deployments": [*validate_names(request_ids, "request_ids")],
                "ips": [*validate_ip_addresses(users, "users")],
                **omit_none(webhook_url=webhook_url),
            },
            timeout=timeout,
        )

    async def get(self, retrieval_key: str, *, timeout: float | None = None) -> TelemetryResult:
        """The result so far: ``GET /v1/telemetry/active-deployments/{retrieval_key}``. Raises NotFound once expired."""
        path = {"retrieval_key": retrieval_key}
        return await self._pipeline.call("active-deployment-telemetry-get", TelemetryResult, path=path, timeout=timeout)

    async def wait_for_result(self, retrieval_key: str, *, timeout: float | None = None) -> TelemetryResult:
        """Wait until the result is whole.

        ``timeout`` is in seconds. Limits and passing failures of the service are waited through. Raises ReadyTimeout,
        and DeploymentTerminated for one that is not there (any more).
        """
        path = {"retrieval_key": retrieval_key}
        return await self._wait(self._watcher, _RESULT, path, timeout=timeout)

    async def best_deployment(
        self, request_ids: Sequence[str], *, users: Sequence[str], timeout: float | None = None
    ) -> str | None:
        """The deployment that suits some players best, None where no one does.

        Makes a measurement and waits for it; ``timeout`` bounds both together, in seconds. Raises what they do.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds(timeout)
        request = await self.create(request_ids, users=users, timeout=timeout)
        left = max(deadline - loop.time(), 0.001)
        result = await self.wait_for_result(request.retrieval_key, timeout=left)
        return result.scores[0].request_id if result.scores else None
