"""Game servers: created, awaited, listed, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from types import NoneType
from typing import TypeAlias, Unpack, get_args

from edgegap_async.chores import Chores, Removal
from edgegap_async.config import Secret, parse_secret
from edgegap_async.errors import JSON, BadRequest, ConfigurationError, Gone, NotFound
from edgegap_async.limits import Priority
from edgegap_async.models.deployments import (
    BulkStop,
    ContainerLogs,
    DeployFilter,
    Deployment,
    DeploymentRequest,
    DeploymentRequestV1,
    DeploymentRow,
    DeploymentSettings,
    FilterType,
    GameServer,
    Metrics,
    Stopped,
    StopReceipt,
)
from edgegap_async.models.fields import StateChange
from edgegap_async.models.query import Filter, query_text
from edgegap_async.models.requests import (
    CreateOptions,
    Environment,
    UserLike,
    checked_name,
    checked_tags,
    create_body,
    environment_json,
    given,
    sequence,
    texts,
    users_v1,
)
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.readiness import wait_until_ready
from edgegap_async.services.base import Service
from edgegap_async.services.tags import Tags
from edgegap_async.transport import Pipeline

OnDeploymentStatus: TypeAlias = Callable[[StateChange[Deployment]], object]
"""Called in the event loop when a deployment is seen in another state; what it raises ends the wait."""


class Deployments(Service):
    """``edgegap.deployments``: game servers, from the request to the stop."""

    def __init__(self, pipeline: Pipeline, prefetch: int, chores: Chores) -> None:
        super().__init__(pipeline, prefetch)
        self._removal = Removal(chores=chores, remove=self.stop, what="deployment", verb="stop", done="stopped")
        self.tags: Tags = Tags(pipeline, prefetch)

    @asynccontextmanager
    async def running(
        self,
        application: str,
        version: str,
        *,
        users: Sequence[UserLike],
        timeout: float | None = None,
        on_status: OnDeploymentStatus | None = None,
        **options: Unpack[CreateOptions],
    ) -> AsyncGenerator[GameServer, None]:
        """A game server for one block: ready when it begins, stopped when it ends, however it ends.

        Takes and raises what ``deploy`` does. A stop that fails is raised, or noted on the error that the block raised.
        """
        server = await self.deploy(application, version, users=users, timeout=timeout, on_status=on_status, **options)
        async with self._removal.at_the_end(server.request_id):
            yield server

    async def deploy(
        self,
        application: str,
        version: str,
        *,
        users: Sequence[UserLike],
        timeout: float | None = None,
        on_status: OnDeploymentStatus | None = None,
        **options: Unpack[CreateOptions],
    ) -> GameServer:
        """Create a game server and wait until it is ready.

        ``timeout`` bounds both together, in seconds; ``on_status`` is told of each state the deployment is seen in.
        Raises what ``create`` and ``wait_until_ready`` raise, after it stopped the server that it had created.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds(timeout)
        request = await self._removal.unless_kept(
            self.create(application, version, users=users, timeout=timeout, **options),
            lambda created: created.request_id,
            name=f"deployment of {application} {version}",
        )
        try:
            left = max(deadline - loop.time(), 0.001)
            return await self.wait_until_ready(request.request_id, timeout=left, on_status=on_status)
        except BaseException as error:
            await self._removal.after(error, request.request_id)
            raise

    async def create(
        self,
        application: str,
        version: str,
        *,
        users: Sequence[UserLike],
        timeout: float | None = None,
        **options: Unpack[CreateOptions],
    ) -> DeploymentRequest:
        """Ask for a game server near ``users``: ``POST /v2/deployments``, 40 a second; it is not ready yet.

        Not sent again once it may have been carried out. Raises ConfigurationError before anything is sent, and
        Unprocessable with a ``request_id`` for a deployment that exists in error and has to be stopped.
        """
        return await self._pipeline.call(
            "v2-deployment-create",
            DeploymentRequest,
            body=create_body(application, version, users, options),
            timeout=timeout,
            priority=Priority.URGENT,
        )

    async def create_v1(
        self,
        application: str,
        version: str | None = None,
        *,
        users: Sequence[UserLike],
        tags: Sequence[str] = (),
        environment_variables: Environment = (),
        filters: Sequence[DeployFilter] = (),
        webhook_url: str | None = None,
        container_log_storage: str | None = None,
        command: str | None = None,
        arguments: str | None = None,
        timeout: float | None = None,
    ) -> DeploymentRequestV1:
        """Ask for a game server the old way: ``POST /v1/deploy``, deprecated by the service and still served.

        ``users`` are all addresses, or all positions with their address. Only v1 can keep the server to some places
        (``filters``), replace the container's ``command`` and ``arguments`` and name the endpoint storage that keeps
        its logs. Raises like ``create``.
        """
        return await self._pipeline.call(
            "deployment-create",
            DeploymentRequestV1,
            body={
                "app_name": checked_name(application, "the application"),
                **users_v1(users),
                **given(
                    version_name=None if version is None else checked_name(version, "the version"),
                    tags=[*checked_tags(tags)] or None,
                    env_vars=environment_json(environment_variables) or None,
                    filters=[one.as_json() for one in filters] or None,
                    webhook_url=webhook_url,
                    container_log_storage=None
                    if container_log_storage is None
                    else {"enabled": True, "endpoint_storage": container_log_storage},
                    command=command,
                    arguments=arguments,
                ),
            },
            timeout=timeout,
            priority=Priority.URGENT,
        )

    async def wait_until_ready(
        self, request_id: str, *, timeout: float | None = None, on_status: OnDeploymentStatus | None = None
    ) -> GameServer:
        """Wait until a game server can be reached: it is ready, and its address and ports are known.

        ``timeout`` is in seconds; ``on_status`` is told of each state the deployment is seen in. Limits and passing
        failures of the service are waited through. Raises DeploymentFailed, DeploymentTerminated or ReadyTimeout; the
        server is left as it is.
        """
        checked_name(request_id, "the request id")
        ready = await wait_until_ready(self._look, request_id, timeout=self._seconds(timeout), on_status=on_status)
        return ready.server()

    async def get(self, request_id: str, *, timeout: float | None = None) -> Deployment:
        """All that is known of a deployment: ``GET /v1/status/{deployment_id}``, 20 a second.

        Raises NotFound or BadRequest for one that the service does not know (any more).
        """
        return await self._pipeline.call(
            "deployment-get", Deployment, path={"deployment_id": request_id}, timeout=timeout
        )

    def list(
        self,
        filter: Filter | None = None,
        *,
        order_by: str | None = "-created_at",
        page_size: int = DEFAULT_PAGE_SIZE,
        timeout: float | None = None,
    ) -> PageStream[DeploymentRow]:
        """What exists, in error and not yet ready ones too: ``GET /v1/deployments``, 10 pages a second.

        ``order_by`` is ``created_at`` or ``available_session_sockets``, ``-`` before it for the largest first. Newest
        first, the default, is the order in which no row is missed while others come and go.
        """
        query = query_text(filter, order_by)
        return self._list(
            "deployment-list",
            DeploymentRow,
            key=lambda row: row.request_id,
            query=texts(query=query),
            page_size=page_size,
            timeout=timeout,
            live=True,
        )

    async def stop(
        self, request_id: str, *, container_log_storage: str | None = None, timeout: float | None = None
    ) -> StopReceipt:
        """Stop a deployment, whatever its state: ``DELETE /v1/stop/{deployment_id}``.

        One that is gone, on its way or unknown to the service is no error (``already_gone``): who wants it stopped has
        what they want. ``container_log_storage`` names the endpoint storage that keeps its logs.
        """
        try:
            answer = await self._pipeline.call(
                "deployment-delete",
                Stopped,
                path={"deployment_id": request_id},
                query=texts(container_log_storage=container_log_storage),
                timeout=timeout,
                priority=Priority.URGENT,
            )
        except (Gone, NotFound, BadRequest) as error:
            # 404 is the document's word for an unknown id, this 400 the service's.
            if isinstance(error, BadRequest) and "request id" not in error.message.lower():
                raise
            return StopReceipt(request_id=request_id, message=error.message, already_gone=True)
        return StopReceipt(
            request_id=request_id,
            message=answer.message or "",
            deployment_summary=answer.deployment_summary,
        )

    async def bulk_stop(
        self,
        *,
        request_ids: Sequence[str] = (),
        tags: Sequence[str] = (),
        match: FilterType = "any",
        timeout: float | None = None,
    ) -> tuple[str, ...]:
        """Stop many deployments at once: ``POST /v1/deployments/bulk-stop``; returns the ids that will be stopped.

        ``match`` says whether any, all or none of the values have to match; with ids and tags both filters apply.
        Raises ConfigurationError where neither is given: that would stop everything.
        """
        if match not in get_args(FilterType):
            raise ConfigurationError(f"match is {', '.join(get_args(FilterType))}, not {match!r}")
        chosen = {
            "request_id": [checked_name(one, "a request id") for one in sequence(request_ids, "request_ids")],
            "deployment_tags": checked_tags(tags),
        }
        filters: list[JSON] = [
            {"field": field, "values": [*values], "filter_type": match} for field, values in chosen.items() if values
        ]
        if not filters:
            raise ConfigurationError("bulk_stop needs request_ids or tags: without either it would stop everything")
        answer = await self._pipeline.call(
            "deployment-bulk-delete",
            BulkStop,
            body={"filters": filters},
            timeout=timeout,
            priority=Priority.URGENT,
        )
        return tuple(stopped.request_id for stopped in answer.processable)

    async def self_stop(
        self,
        request_id: str,
        stop_key: str,
        *,
        token: str,
        container_log_storage: str | None = None,
        timeout: float | None = None,
    ) -> StopReceipt:
        """Stop a deployment with the key it was given itself: ``DELETE /v1/self/stop/{deployment_id}/{stop_key}``.

        ``stop_key`` and ``token`` are in the container's ARBITRIUM_DELETE_URL and ARBITRIUM_DELETE_TOKEN; the token is
        sent as it is, and not the organisation's.
        """
        answer = await self._pipeline.call(
            "deployment-self-delete",
            Stopped,
            path={"deployment_id": request_id, "stop_key": stop_key},
            query=texts(container_log_storage=container_log_storage),
            timeout=timeout,
            priority=Priority.URGENT,
            token=parse_secret(token, "the container's delete token"),
            secrets=(Secret(stop_key),),
        )
        return StopReceipt(request_id=request_id, message=(answer.message or "").replace(stop_key, "***"))

    async def logs(self, request_id: str, *, timeout: float | None = None) -> ContainerLogs:
        """What the container wrote: ``GET /v1/deployment/{deployment_id}/container-logs``."""
        return await self._pipeline.call(
            "deployment-logs-get", ContainerLogs, path={"deployment_id": request_id}, timeout=timeout
        )

    async def metrics(
        self,
        request_id: str,
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        steps: str | None = None,
        raw: bool | None = None,
        timeout: float | None = None,
    ) -> Metrics:
        """What the container used: ``GET /v1/metrics/deployment/{deployment_id}``.

        ``steps`` is the distance of the samples, such as ``30s`` or ``1m``; moments without a zone are UTC.
        """
        return await self._pipeline.call(
            "deployment-metrics-get",
            Metrics,
            path={"deployment_id": request_id},
            query=texts(start_time=start_time, end_time=end_time, steps=steps, raw=raw),
            timeout=timeout,
        )

    async def report(
        self,
        request_id: str,
        *,
        reason: str,
        metadata: Mapping[str, JSON] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Report a deployment to the provider: ``POST /v1/deployments/{deployment_id}:report``.

        ``reason`` has 1 to 255 characters.
        """
        if not 1 <= len(reason) <= 255:
            raise ConfigurationError(f"a reason has 1 to 255 characters, not {len(reason)}")
        await self._pipeline.call(
            "deployment-report",
            NoneType,
            path={"deployment_id": request_id},
            body={"reason": reason, **given(metadata=dict(metadata) if metadata is not None else None)},
            timeout=timeout,
        )

    async def update(
        self, request_id: str, *, is_joinable_by_session: bool, timeout: float | None = None
    ) -> DeploymentSettings:
        """Let sessions join a deployment or not: ``PATCH /v1/deployments/{request_id}``, deprecated."""
        return await self._pipeline.call(
            "deployment-update",
            DeploymentSettings,
            path={"request_id": request_id},
            body={"is_joinable_by_session": is_joinable_by_session},
            timeout=timeout,
        )

    async def _look(self, request_id: str, seconds: float) -> Deployment:
        return await self._pipeline.call(
            "deployment-get",
            Deployment,
            path={"deployment_id": request_id},
            timeout=max(seconds, 0.001),
            priority=Priority.POLL,
        )
