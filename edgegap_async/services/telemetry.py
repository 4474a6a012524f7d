"""Measurements of which running deployment is best for some players; only the 2024 document lists them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from edgegap_async.deadlines import seconds_until
from edgegap_async.errors import JSON
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.ids import DeploymentLike, deployment_ids
from edgegap_async.models.telemetry import TelemetryRequest, TelemetryResult
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore
from edgegap_async.validation import validate_ip_addresses
from edgegap_async.waiting.conditions import WaitTarget
from edgegap_async.waiting.status_probe import StatusProbe

_RESULT: Final = WaitTarget(kind="telemetry result", timeout_hint="It expires automatically")


class Telemetry(Service):
    """``edgegap.telemetry``: measures which of some running deployments suits some players best.

    ::

        best = await edgegap.telemetry.best_deployment(servers, users=["203.0.113.7"], timeout=30)
    """

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        probe = StatusProbe(core.pipeline, "active-deployment-telemetry-get", TelemetryResult)
        self._watcher = core.watchers.add("telemetry result", probe)

    async def create(
        self,
        request_ids: Sequence[DeploymentLike],
        *,
        users: Sequence[str],
        webhook_url: str | None = None,
        timeout: float | None = None,
    ) -> TelemetryRequest:
        """Start a measurement: ``POST /v1/telemetry/active-deployments``. Its result is partial at first.

        Args:
            request_ids: The deployments, or their ids.
            users: The players' IP addresses, at least one.
            webhook_url: Receives the result by POST.
            timeout: Deadline of the call in seconds, None for the client's.

        Returns:
            The key with which ``get`` and ``wait_for_result`` find the result, until it expires.

        Raises:
            ConfigurationError: An id or an address is invalid; nothing was sent.
            Unprocessable: The deployments cannot be measured.
        """
        body: dict[str, JSON] = {
            "deployments": [*deployment_ids(request_ids, "request_ids")],
            "ips": [*validate_ip_addresses(users, "users")],
            **omit_none(webhook_url=webhook_url),
        }
        return await self._call("active-deployment-telemetry-post", TelemetryRequest, body=body, timeout=timeout)

    async def get(self, retrieval_key: str, *, timeout: float | None = None) -> TelemetryResult:
        """Return the result so far: ``GET /v1/telemetry/active-deployments/{retrieval_key}``.

        Raises:
            NotFound: There is no such measurement, or it has expired.
        """
        return await self._call("active-deployment-telemetry-get", TelemetryResult, retrieval_key, timeout=timeout)

    async def wait_for_result(self, retrieval_key: str, *, timeout: float | None = None) -> TelemetryResult:
        """Wait until the result is complete, polling ``GET /v1/telemetry/active-deployments/{retrieval_key}``.

        Rate limits and transient errors do not end the wait. ``timeout`` is the deadline of the whole wait in seconds,
        None for the client's.

        Raises:
            WaitTerminated: There is no such measurement, or it has expired.
            WaitTimeout: The result was still partial after ``timeout`` seconds.
            AuthenticationError: The token is not accepted. Like 403 and an unexpected response, this ends the wait.
        """
        path = {"retrieval_key": retrieval_key}
        return await self._wait(self._watcher, _RESULT, path, timeout=timeout)

    async def best_deployment(
        self, request_ids: Sequence[DeploymentLike], *, users: Sequence[str], timeout: float | None = None
    ) -> str | None:
        """Return the id of the deployment that suits some players best.

        Starts a measurement with ``create`` and waits for it with ``wait_for_result``; raises what they raise.

        Args:
            request_ids: The deployments, or their ids.
            users: The players' IP addresses, at least one.
            timeout: Deadline of both steps together in seconds, None for the client's.

        Returns:
            The id with the best score, or None if no deployment has one.
        """
        deadline = asyncio.get_running_loop().time() + self._seconds(timeout)
        request = await self.create(request_ids, users=users, timeout=timeout)
        result = await self.wait_for_result(request.retrieval_key, timeout=seconds_until(deadline))
        return result.scores[0].request_id if result.scores else None
