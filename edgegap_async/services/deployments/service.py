"""``edgegap.deployments``, and its methods that show or change a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import NoneType

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.deployments import ContainerLogs, Deployment, DeploymentSettings
from edgegap_async.models.encoding import omit_none, string_values
from edgegap_async.models.ids import DeploymentLike, deployment_id
from edgegap_async.models.metrics import Metrics
from edgegap_async.services.core import ClientCore
from edgegap_async.services.deployments.creating import DeploymentCreating
from edgegap_async.services.deployments.stopping import DeploymentStopping
from edgegap_async.services.deployments.tags import Tags
from edgegap_async.services.deployments.waiting import DeploymentWaiting

_MAX_REASON_LENGTH = 255


class Deployments(DeploymentCreating, DeploymentWaiting, DeploymentStopping):
    """``edgegap.deployments``: game servers, from the request to the stop.

    ::

        async with edgegap.deployments.running("kart", "v1.2", users=["203.0.113.7"]) as server:
            print(server.address("gameport"))
    """

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        self.tags: Tags = Tags(core)

    async def get(self, request_id: DeploymentLike, *, timeout: float | None = None) -> Deployment:
        """Return everything the service knows of a deployment: ``GET /v1/status/{deployment_id}``, 20 a second.

        Raises:
            NotFound: The service does not know it; in practice it answers with 400.
            BadRequest: The same.
        """
        return await self._call("deployment-get", Deployment, deployment_id(request_id), timeout=timeout)

    async def logs(self, request_id: DeploymentLike, *, timeout: float | None = None) -> ContainerLogs:
        """Return what the container wrote: ``GET /v1/deployment/{deployment_id}/container-logs``."""
        return await self._call("deployment-logs-get", ContainerLogs, deployment_id(request_id), timeout=timeout)

    async def metrics(
        self,
        request_id: DeploymentLike,
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        steps: str | None = None,
        raw: bool | None = None,
        timeout: float | None = None,
    ) -> Metrics:
        """Return what the container used: ``GET /v1/metrics/deployment/{deployment_id}``.

        Args:
            request_id: The deployment's id, or an object that has it.
            start_time: The first moment; without a zone it is UTC.
            end_time: The last moment; without a zone it is UTC.
            steps: The distance of the samples, such as ``30s`` or ``1m``.
            raw: Whether the samples are not aggregated.
            timeout: The deadline in seconds, None for the client's.
        """
        return await self._call(
            "deployment-metrics-get",
            Metrics,
            deployment_id(request_id),
            query=string_values(start_time=start_time, end_time=end_time, steps=steps, raw=raw),
            timeout=timeout,
        )

    async def report(
        self,
        request_id: DeploymentLike,
        *,
        reason: str,
        metadata: Mapping[str, JSON] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Report a deployment to the provider: ``POST /v1/deployments/{deployment_id}:report``.

        Args:
            request_id: The deployment's id, or an object that has it.
            reason: What is wrong, in 1 to 255 characters.
            metadata: Anything that helps to find out why.
            timeout: The deadline in seconds, None for the client's.
        """
        if not 1 <= len(reason) <= _MAX_REASON_LENGTH:
            raise ConfigurationError(f"a reason must have 1 to {_MAX_REASON_LENGTH} characters, not {len(reason)}")
        await self._call(
            "deployment-report",
            NoneType,
            deployment_id(request_id),
            body={"reason": reason, **omit_none(metadata=None if metadata is None else dict(metadata))},
            timeout=timeout,
        )

    async def update(
        self, request_id: DeploymentLike, *, is_joinable_by_session: bool, timeout: float | None = None
    ) -> DeploymentSettings:
        """Change whether sessions may join a deployment: ``PATCH /v1/deployments/{request_id}``, deprecated.

        Args:
            request_id: The deployment's id, or an object that has it.
            is_joinable_by_session: Whether sessions may join it.
            timeout: The deadline in seconds, None for the client's.
        """
        return await self._call(
            "deployment-update",
            DeploymentSettings,
            deployment_id(request_id),
            body={"is_joinable_by_session": is_joinable_by_session},
            timeout=timeout,
        )
