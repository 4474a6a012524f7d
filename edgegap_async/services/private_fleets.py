"""``edgegap.private_fleets``: game servers on hosts of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from edgegap_async.errors import ConfigurationError
from edgegap_async.models.create_options import CreateOptions, create_body
from edgegap_async.models.deployments import DeploymentRequest, GameServer
from edgegap_async.models.private_fleets import Host
from edgegap_async.models.users import UserLike
from edgegap_async.ownership.creation import Creation, OnCancel
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.deployments import create_and_wait
from edgegap_async.services.deployments.create_and_wait import OnDeploymentStatus
from edgegap_async.validation import validate_names
from edgegap_async.waiting.progress import OnWaitProgress


class PrivateFleets(Service):
    """``edgegap.private_fleets``: hosts on which only this organisation's servers run."""

    def hosts(
        self, fleet_name: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[Host]:
        """List the hosts of a fleet: ``GET /v2/private-fleets/{fleet-name}/hosts``, 10 calls a second.

        Args:
            fleet_name: The fleet's name.
            page_size: Rows on a page.
            timeout: The deadline of each page in seconds, None for the client's.
        """
        return self._list(
            "private-fleet-hosts-list",
            Host,
            fleet_name,
            key=lambda host: host.host_id,
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
        attempts: int = 1,
        on_status: OnDeploymentStatus | None = None,
        on_progress: OnWaitProgress | None = None,
        guard: bool = True,
        **options: Unpack[CreateOptions],
    ) -> GameServer:
        """Create a game server on one of some hosts and wait until it is ready, like ``deployments.deploy``.

        Args:
            application: The application's name.
            version: The version's name.
            private_host_ids: The hosts, at least one.
            users: The players, at least one: addresses, positions, or ``User``.
            timeout: The deadline in seconds for everything together, None for the client's.
            attempts: How many servers to try: if a server fails, it is stopped and the next one is created.
            on_status: Called with each change of its state.
            on_progress: Called after each poll, for a progress bar.
            guard: Whether to look the server up by a tag if the response is lost.
            **options: ``tags`` (to find it in lists; at most 40 characters each), ``environment_variables`` (in
                addition to those of the version; values up to 4 KB), ``resources`` (CPU and memory instead of the
                version's), ``require_cached_locations`` (start it only where the image is cached),
                ``webhook_on_ready``, ``webhook_on_error`` and ``webhook_on_terminated`` (URLs that receive the
                deployment by POST). See ``CreateOptions``.

        Raises:
            EdgegapError: What ``deployments.deploy`` raises.
        """

        async def create(seconds: float) -> DeploymentRequest:
            return await self.create(
                application,
                version,
                private_host_ids=private_host_ids,
                users=users,
                timeout=seconds,
                guard=guard,
                **options,
            )

        return await create_and_wait.deploy(
            self._core,
            create,
            seconds=self._seconds(timeout),
            attempts=attempts,
            on_status=on_status,
            on_progress=on_progress,
        )

    async def create(
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
        """Request a game server on one of some hosts, without waiting: ``POST /v2/private-fleets/deployments``.

        The rate limit is 40 a second, shared with ``deployments.create``.

        Args:
            application: The application's name.
            version: The version's name.
            private_host_ids: The hosts, at least one.
            users: The players, at least one: addresses, positions, or ``User``.
            timeout: The deadline in seconds, None for the client's.
            guard: Whether to send a tag and to look the server up by it if the response is lost.
            on_cancel: What happens if the calling task is cancelled: ``"stop"`` or ``"keep"``.
            **options: ``tags`` (to find it in lists; at most 40 characters each), ``environment_variables`` (in
                addition to those of the version; values up to 4 KB), ``resources`` (CPU and memory instead of the
                version's), ``require_cached_locations`` (start it only where the image is cached),
                ``webhook_on_ready``, ``webhook_on_error`` and ``webhook_on_terminated`` (URLs that receive the
                deployment by POST). See ``CreateOptions``.

        Raises:
            EdgegapError: What ``deployments.create`` raises.
        """
        hosts = validate_names(private_host_ids, "private_host_ids")
        if not hosts:
            raise ConfigurationError("private_host_ids is empty: pass at least one host id")
        return await create_and_wait.create(
            self._core,
            Creation(
                operation_id="private-fleets-deployment-create",
                model=DeploymentRequest,
                body={"private_host_ids": [*hosts], **create_body(application, version, users, options)},
                application=application,
                version=version,
                adopt=lambda server: DeploymentRequest(request_id=server.request_id),
                webhooks=self._core.webhooks.fields_v2,
                seconds=self._seconds(timeout),
                is_guarded=guard,
                on_cancel=on_cancel,
            ),
        )
