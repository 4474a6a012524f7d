"""Game servers: created, awaited, listed, stopped."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from types import NoneType
from typing import Final, TypeAlias, Unpack

import attrs

from edgegap_async.config import Secret, own_token
from edgegap_async.errors import (
    JSON,
    ConfigurationError,
    DeadlineExceeded,
    DeploymentFailed,
    DeploymentTerminated,
    Unprocessable,
)
from edgegap_async.limits import Priority
from edgegap_async.models.create_options import CreateOptions, create_body
from edgegap_async.models.deployments import (
    BulkStopResponse,
    ContainerLogs,
    Deployment,
    DeploymentRequest,
    DeploymentRequestV1,
    DeploymentRow,
    DeploymentSettings,
    DeploymentSnapshot,
    GameServer,
    StopReceipt,
)
from edgegap_async.models.encoding import omit_none, string_values
from edgegap_async.models.environment import Environment, environment_json
from edgegap_async.models.filters import DeployFilter, FilterType, bulk_filters, filters_json
from edgegap_async.models.metrics import Metrics
from edgegap_async.models.placement import DeprecatedOptions, placement_json
from edgegap_async.models.query import Filter, query_text
from edgegap_async.models.states import StateChange
from edgegap_async.models.users import UserLike, users_v1
from edgegap_async.ownership.guard import OnCancel
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.deployments.creation import Creation
from edgegap_async.services.deployments.many import Deployed, ServerRequest, deployed
from edgegap_async.services.deployments.tags import Tags
from edgegap_async.transport import Pipeline
from edgegap_async.validation import validate_int, validate_name, validate_names, validate_tags
from edgegap_async.waiting import AS_IT_COMES, OnManyProgress, OnWaitProgress, changes, changes_of, wait_until_ready

logger: Final = logging.getLogger("edgegap_async")

OnDeploymentStatus: TypeAlias = Callable[[StateChange[DeploymentSnapshot]], object]
"""Called in the event loop when a deployment is seen in another state; what it raises ends the wait."""


class Deployments(Service):
    """``edgegap.deployments``: game servers, from the request to the stop."""

    def __init__(self, pipeline: Pipeline, prefetch: int, creation: Creation) -> None:
        super().__init__(pipeline, prefetch)
        self._creation = creation
        self._guard = creation.guard
        self._watcher = creation.watcher
        self.tags: Tags = Tags(pipeline, prefetch)

    @asynccontextmanager
    async def running(
        self,
        application: str,
        version: str,
        *,
        users: Sequence[UserLike],
        timeout: float | None = None,
        attempts: int = 1,
        on_status: OnDeploymentStatus | None = None,
        on_progress: OnWaitProgress | None = None,
        guard: bool = True,
        **options: Unpack[CreateOptions],
    ) -> AsyncGenerator[GameServer, None]:
        """A game server for one block: ready when it begins, stopped when it ends, however it ends.

        Takes and raises what ``deploy`` does. A stop that fails is repeated for a while, then raised, or noted on the
        error that the block raised.
        """
        server = await self.deploy(
            application,
            version,
            users=users,
            timeout=timeout,
            attempts=attempts,
            on_status=on_status,
            on_progress=on_progress,
            guard=guard,
            **options,
        )
        async with self._guard.removal.at_the_end(server.request_id):
            yield server

    async def deploy(
        self,
        application: str,
        version: str,
        *,
        users: Sequence[UserLike],
        timeout: float | None = None,
        attempts: int = 1,
        on_status: OnDeploymentStatus | None = None,
        on_progress: OnWaitProgress | None = None,
        guard: bool = True,
        **options: Unpack[CreateOptions],
    ) -> GameServer:
        """Create a game server and wait until it is ready.

        ``timeout`` bounds all of it, in seconds; ``on_status`` is told of each state the deployment is seen in,
        ``on_progress`` of each look at it. A server that fails is stopped, and another is tried, ``attempts`` in all.
        Raises what ``create`` and ``wait_until_ready`` raise, after it stopped the server that it had created.
        """
        validate_int(attempts, "attempts", minimum=1)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds(timeout)
        for attempt in itertools.count(1):
            left = max(deadline - loop.time(), 0.001) if attempt > 1 else timeout
            try:
                request = await self.create(application, version, users=users, timeout=left, guard=guard, **options)
                return await self._await_own(request.request_id, deadline, on_status, on_progress)
            except (DeploymentFailed, DeploymentTerminated, Unprocessable) as error:
                if attempt == attempts or not error.request_id or loop.time() >= deadline:
                    raise
                logger.info("attempt %d of %d: %s", attempt, attempts, error)
        raise AssertionError("there is no end to counting")

    async def _await_own(
        self,
        request_id: str,
        deadline: float,
        on_status: OnDeploymentStatus | None,
        on_progress: OnWaitProgress | None,
    ) -> GameServer:
        """Wait for a server that is stopped unless it becomes ready."""
        try:
            left = max(deadline - asyncio.get_running_loop().time(), 0.001)
            return await self.wait_until_ready(request_id, timeout=left, on_status=on_status, on_progress=on_progress)
        except BaseException as error:
            await self._guard.removal.after(error, request_id)
            raise

    async def create(
        self,
        application: str,
        version: str,
        *,
        users: Sequence[UserLike],
        timeout: float | None = None,
        guard: bool = True,
        on_cancel: OnCancel = "stop",
        **options: Unpack[CreateOptions],
    ) -> DeploymentRequest:
        """Ask for a game server near ``users``: ``POST /v2/deployments``, 40 a second; it is not ready yet.

        Where the answer is lost, the server is looked up by a tag of its own, and asked for again only if it is not
        there; ``guard`` off leaves out tag and look-up, and such a server may run on unknown. Whoever is cancelled
        meanwhile leaves no server, unless ``on_cancel`` is "keep". Raises ConfigurationError before anything is sent,
        and Unprocessable for a deployment that was created in error, and has been stopped.
        """
        return await self._creation.ask(
            "v2-deployment-create",
            DeploymentRequest,
            create_body(application, version, users, options),
            application=application,
            version=version,
            adopt=lambda row: DeploymentRequest(request_id=row.request_id),
            hooks=self._creation.webhooks.of_v2,
            seconds=self._seconds(timeout),
            guarded=guard,
            on_cancel=on_cancel,
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
        guard: bool = True,
        on_cancel: OnCancel = "stop",
        **deprecated: Unpack[DeprecatedOptions],
    ) -> DeploymentRequestV1:
        """Ask for a game server the old way: ``POST /v1/deploy``, deprecated by the service and still served.

        ``users`` are all addresses, or all positions with their address. Only v1 can keep the server to some places
        (``filters``), replace the container's ``command`` and ``arguments`` and name the endpoint storage that keeps
        its logs. ``deprecated`` are DeprecatedOptions, which only the document of 2024 has. Guarded, and raises, like
        ``create``; of a server that was found by its tag only id, address and tags are known.
        """
        body: dict[str, JSON] = {
            "app_name": validate_name(application, "the application"),
            **users_v1(users),
            **omit_none(
                version_name=None if version is None else validate_name(version, "the version"),
                tags=[*validate_tags(tags)] or None,
                env_vars=environment_json(environment_variables) or None,
                filters=filters_json(filters),
                webhook_url=webhook_url,
                container_log_storage=None
                if container_log_storage is None
                else {"enabled": True, "endpoint_storage": container_log_storage},
                command=command,
                arguments=arguments,
            ),
            **placement_json(deprecated, DeprecatedOptions),
        }
        return await self._creation.ask(
            "deployment-create",
            DeploymentRequestV1,
            body,
            application=application,
            version=version,
            adopt=lambda row: DeploymentRequestV1(
                request_id=row.request_id, request_dns=row.fqdn, request_app=application, tags=row.tags
            ),
            hooks=self._creation.webhooks.of_v1,
            seconds=self._seconds(timeout),
            guarded=guard,
            on_cancel=on_cancel,
        )

    async def wait_until_ready(
        self,
        request_id: str,
        *,
        timeout: float | None = None,
        on_status: OnDeploymentStatus | None = None,
        on_progress: OnWaitProgress | None = None,
    ) -> GameServer:
        """Wait until a game server can be reached: it is ready, and its address and ports are known.

        ``timeout`` is in seconds; ``on_status`` is told of each state the deployment is seen in, ``on_progress`` of
        each look at it. Limits and passing failures of the service are waited through. Raises DeploymentFailed,
        DeploymentTerminated or ReadyTimeout; the server is left as it is.
        """
        validate_name(request_id, "the deployment's id")
        seconds = self._seconds(timeout)
        with self._watcher.watching(request_id, every_look=on_progress is not None) as sights:
            ready = await wait_until_ready(
                sights.look,
                request_id,
                timeout=seconds,
                on_status=on_status,
                on_look=None if on_progress is None else lambda _: on_progress(self._watcher.progress(sights)),
                schedule=AS_IT_COMES,
            )
        return ready.server()

    async def wait_until_stopped(self, request_id: str, *, timeout: float | None = None) -> None:
        """Wait until a deployment is TERMINATED, or the service does not know it (any more); it is not told to stop.

        ``timeout`` is in seconds. Raises DeadlineExceeded, and what no further look can change.
        """
        validate_name(request_id, "the deployment's id")
        seconds = self._seconds(timeout)
        try:
            async with asyncio.timeout(seconds), aclosing(changes_of(self._watcher, request_id)) as states:
                async for _ in states:
                    pass
        except TimeoutError:
            raise DeadlineExceeded(f"deployment {request_id} was not stopped within {seconds:.3g} s") from None

    async def watch(self, which: Sequence[str] | Filter) -> AsyncGenerator[StateChange[DeploymentSnapshot], None]:
        """The states of some deployments as they change, each from the first that is seen to TERMINATED.

        ``which`` are ids, or a Filter for all that match it at any time from now on; with ids it ends when all are
        gone. What is looked at in vain is looked at again; raises what no further look can change.
        """
        if isinstance(which, Filter):

            async def search() -> list[str]:
                return [row.request_id for row in await self.list(which).collect()]

            found = changes(self._watcher, (), search)
        else:
            found = changes(self._watcher, validate_names(which, "request_ids"))
        async with aclosing(found):
            async for change in found:
                yield change

    async def deploy_many(
        self,
        requests: Iterable[ServerRequest],
        *,
        concurrency: int | None = None,
        ordered: bool = False,
        timeout: float | None = None,
        attempts: int = 1,
        on_status: OnDeploymentStatus | None = None,
        on_progress: OnManyProgress | None = None,
    ) -> AsyncGenerator[Deployed, None]:
        """Create many servers, and give each as it becomes ready, or its error; ``ordered``, in the requests' order.

        ``concurrency`` is how many are under way at most, None for as many as the limits let through. ``timeout``, in
        seconds, and ``attempts`` are of each; ``on_status`` is told of each state any of them is seen in,
        ``on_progress`` how many are under way, ready and failed, as that changes. Servers that were given are the
        caller's; whoever leaves the loop early (inside ``contextlib.aclosing``, to have it end there) has the others
        stopped.
        """

        async def deploy(request: ServerRequest) -> GameServer:
            return await self.deploy(
                request.application,
                request.version,
                users=request.users,
                timeout=timeout,
                attempts=attempts,
                on_status=on_status,
                **request.options,
            )

        found = deployed(
            requests, deploy, self._guard.leave, concurrency=concurrency, ordered=ordered, on_progress=on_progress
        )
        async with aclosing(found):
            async for one in found:
                yield one

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
            query=string_values(query=query),
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
        return await self._guard.stop(
            "deployment-delete",
            request_id,
            path={"deployment_id": request_id},
            query=string_values(container_log_storage=container_log_storage),
            timeout=timeout,
            priority=Priority.URGENT,
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
        filters = bulk_filters(
            match, request_id=validate_names(request_ids, "request_ids"), deployment_tags=validate_tags(tags)
        )
        answer = await self._pipeline.call(
            "deployment-bulk-delete",
            BulkStopResponse,
            body={"filters": filters},
            timeout=timeout,
            priority=Priority.URGENT,
        )
        for stopped in answer.processable:
            await self._guard.gone(stopped.request_id)
        return tuple(stopped.request_id for stopped in answer.processable)

    async def release(self, request_id: str) -> None:
        """Leave a server to somebody else: ``client.recover`` will not stop it, should this process end before it does.

        Sends nothing; without a journal it does nothing.
        """
        await self._guard.release(request_id)

    async def self_stop(
        self,
        request_id: str,
        stop_key: str,
        *,
        token: str | Secret,
        container_log_storage: str | None = None,
        timeout: float | None = None,
    ) -> StopReceipt:
        """Stop a deployment with the key it was given itself: ``DELETE /v1/self/stop/{deployment_id}/{stop_key}``.

        ``stop_key`` and ``token`` are in the container's ARBITRIUM_DELETE_URL and ARBITRIUM_DELETE_TOKEN; the token is
        sent as it is, and not the organisation's. One that is on its way already is no error, as for ``stop``.
        """
        receipt = await self._guard.stop(
            "deployment-self-delete",
            request_id,
            path={"deployment_id": request_id, "stop_key": stop_key},
            query=string_values(container_log_storage=container_log_storage),
            timeout=timeout,
            priority=Priority.URGENT,
            token=own_token(token, "the container's delete token"),
            secrets=(Secret(stop_key),),
        )
        return attrs.evolve(receipt, message=receipt.message.replace(stop_key, "***"))

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
            query=string_values(start_time=start_time, end_time=end_time, steps=steps, raw=raw),
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
            body={"reason": reason, **omit_none(metadata=dict(metadata) if metadata is not None else None)},
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
