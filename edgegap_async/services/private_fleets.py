"""Hosts of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from edgegap_async.errors import ConfigurationError
from edgegap_async.models.create_options import CreateOptions, create_body
from edgegap_async.models.deployments import DeploymentRequest
from edgegap_async.models.private_fleets import Host
from edgegap_async.models.users import UserLike
from edgegap_async.ownership.guard import OnCancel
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.deployments.creation import Creation
from edgegap_async.transport import Pipeline
from edgegap_async.validation import validate_list, validate_name


class PrivateFleets(Service):
    """``edgegap.private_fleets``: hosts that only this organisation's servers run on."""

    def __init__(self, pipeline: Pipeline, prefetch: int, creation: Creation) -> None:
        super().__init__(pipeline, prefetch)
        self._creation = creation

    def hosts(
        self, fleet_name: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[Host]:
        """The hosts of a fleet: ``GET /v2/private-fleets/{fleet-name}/hosts``, 10 calls a second."""
        return self._list(
            "private-fleet-hosts-list",
            Host,
            key=lambda host: host.host_id,
            path={"fleet-name": fleet_name},
            page_size=page_size,
            timeout=timeout,
        )

    async def deploy(
        self,
        application: str,
        version: str,
        *,
        private_host_ids: Sequence[str],
        users: Sequence[UserLike],
        timeout: float | None = None,
        guard: bool = True,
        on_cancel: OnCancel = "stop",
        **options: Unpack[CreateOptions],
    ) -> DeploymentRequest:
        """Ask for a game server on one of some hosts: ``POST /v2/private-fleets/deployments``; it is not ready yet.

        ``options`` are CreateOptions; wait with ``edgegap.deployments.wait_until_ready``. Guarded, and raises, like
        ``deployments.create``.
        """
        hosts = [validate_name(host, "a host id") for host in validate_list(private_host_ids, "private_host_ids")]
        if not hosts:
            raise ConfigurationError("private_host_ids is empty: name at least one host")
        return await self._creation.ask(
            "private-fleets-deployment-create",
            DeploymentRequest,
            {"private_host_ids": [*hosts], **create_body(application, version, users, options)},
            application=application,
            version=version,
            adopt=lambda row: DeploymentRequest(request_id=row.request_id),
            hooks=self._creation.webhooks.of_v2,
            seconds=self._seconds(timeout),
            guarded=guard,
            on_cancel=on_cancel,
        )
