"""The methods of ``edgegap.deployments`` that stop servers."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from edgegap_async.limits import Priority
from edgegap_async.models.bulk_filters import bulk_filters
from edgegap_async.models.deployments import BulkStopResponse, StopReceipt
from edgegap_async.models.encoding import string_values
from edgegap_async.models.ids import DeploymentLike, deployment_id, deployment_ids
from edgegap_async.models.location_filters import FilterType
from edgegap_async.models.storage import LogStorage
from edgegap_async.secret import Secret, parse_container_token
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_tags


class DeploymentStopping(Service):
    """Stops game servers."""

    async def stop(
        self,
        request_id: DeploymentLike,
        *,
        container_log_storage: LogStorage | None = None,
        timeout: float | None = None,
    ) -> StopReceipt:
        """Stop a deployment in any state: ``DELETE /v1/stop/{deployment_id}``.

        A deployment that is stopped, stopping or unknown to the service is no error: the receipt says
        ``already_gone``.

        Args:
            request_id: The deployment's id, or an object that has it: a server, a request, a row.
            container_log_storage: The name of the endpoint storage that keeps its logs; True for the version's
                storage, False to keep none.
            timeout: The deadline in seconds, None for the client's.
        """
        id = deployment_id(request_id)
        return await self._core.guard.stop(
            "deployment-delete",
            id,
            path={"deployment_id": id},
            query=string_values(container_log_storage=container_log_storage),
            timeout=timeout,
            priority=Priority.URGENT,
        )

    def stop_in_background(self, request_id: DeploymentLike) -> None:
        """Stop a deployment without waiting for it: for ``finally`` blocks and for tasks that are cancelled.

        Transient errors are retried. Closing the client waits for the stop, and raises what it raises.

        Args:
            request_id: The deployment's id, or an object that has it.
        """
        self._core.guard.stop_in_background(deployment_id(request_id))

    async def bulk_stop(
        self,
        *,
        request_ids: Sequence[DeploymentLike] = (),
        tags: Sequence[str] = (),
        match: FilterType = "any",
        timeout: float | None = None,
    ) -> tuple[str, ...]:
        """Stop many deployments with one request: ``POST /v1/deployments/bulk-stop``.

        Args:
            request_ids: Ids, or objects that have them.
            tags: Tags; if there are ids as well, both filters apply.
            match: Whether any, all or none of the values have to match.
            timeout: The deadline in seconds, None for the client's.

        Returns:
            The ids of the deployments that will be stopped.

        Raises:
            ConfigurationError: Neither ids nor tags were passed: that would stop everything.
        """
        filters = bulk_filters(
            match, request_id=deployment_ids(request_ids, "request_ids"), deployment_tags=validate_tags(tags)
        )
        response = await self._call(
            "deployment-bulk-delete",
            BulkStopResponse,
            body={"filters": filters},
            timeout=timeout,
            priority=Priority.URGENT,
        )
        stopped = tuple(each.request_id for each in response.processable)
        for request_id in stopped:
            self._core.guard.record_stopped(request_id)
        return stopped

    async def release(self, request_id: DeploymentLike) -> None:
        """Hand a server over to another process: ``client.recover`` will not stop it if this process ends first.

        Nothing is sent. Without a journal this has no effect.

        Raises:
            JournalError: It cannot be written down; the server is still this client's.
            DeadlineExceeded: The disk did not respond within the client's timeout.
        """
        await self._core.guard.release(deployment_id(request_id))

    async def self_stop(
        self,
        request_id: DeploymentLike,
        stop_key: str,
        *,
        token: str | Secret,
        container_log_storage: LogStorage | None = None,
        timeout: float | None = None,
    ) -> StopReceipt:
        """Stop a deployment with its own key: ``DELETE /v1/self/stop/{deployment_id}/{stop_key}``.

        A deployment that is stopping already is no error, as for ``stop``.

        Args:
            request_id: The deployment's id, or an object that has it.
            stop_key: From the container's ARBITRIUM_DELETE_URL.
            token: From ARBITRIUM_DELETE_TOKEN; it is sent as it is, instead of the organisation's.
            container_log_storage: The name of the endpoint storage that keeps its logs; True for the version's
                storage, False to keep none.
            timeout: The deadline in seconds, None for the client's.
        """
        id = deployment_id(request_id)
        receipt = await self._core.guard.stop(
            "deployment-self-delete",
            id,
            path={"deployment_id": id, "stop_key": stop_key},
            query=string_values(container_log_storage=container_log_storage),
            timeout=timeout,
            priority=Priority.URGENT,
            token=parse_container_token(token, "the container's delete token"),
            secrets=(Secret(stop_key),),
        )
        return attrs.evolve(receipt, message=receipt.message.replace(stop_key, "***"))
