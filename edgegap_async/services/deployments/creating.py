"""The methods of ``edgegap.deployments`` that start servers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Unpack

from edgegap_async.models.create_options import CreateOptions, create_body
from edgegap_async.models.deployments import DeploymentRequest, DeploymentRequestV1, GameServer
from edgegap_async.models.deprecated_options import DeprecatedOptions, deprecated_options_json
from edgegap_async.models.encoding import omit_none, unless_none
from edgegap_async.models.environment import Environment, environment_json
from edgegap_async.models.location_filters import DeployFilter, filters_json
from edgegap_async.models.storage import LogStorage, log_storage_json
from edgegap_async.models.tags import validate_own_tags
from edgegap_async.models.users import UserLike, users_v1
from edgegap_async.ownership.creation import Creation, OnCancel
from edgegap_async.services.base import Service
from edgegap_async.services.deployments import create_and_wait
from edgegap_async.services.deployments.create_and_wait import OnDeploymentStatus
from edgegap_async.services.deployments.deploy_many import Deployed, ServerRequest, deploy_each
from edgegap_async.validation import validate_name
from edgegap_async.waiting.progress import OnManyProgress, OnWaitProgress


class DeploymentCreating(Service):
    """Starts game servers."""

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
        """Run a game server for the length of a block: it is ready when the block begins, and stopped when it ends.

        ::

            async with edgegap.deployments.running("kart", "v1.2", users=["203.0.113.7"]) as server:
                print(server.address("gameport"))

        If the stop fails, it is retried for a while; then the error is raised, or added as a note to the error that
        the block raised.

        Args:
            application: The application's name.
            version: The version's name.
            users: The players near whom it starts, at least one: addresses, positions, or ``User``.
            timeout: The deadline in seconds for creating and waiting together, None for the client's.
            attempts: How many servers to try: the next one if a server fails.
            on_status: Called with each change of its state.
            on_progress: Called after each poll, for a progress bar.
            guard: Whether to look the server up by a tag if the response is lost.
            **options: ``tags`` (to find it in lists; at most 40 characters each), ``environment_variables`` (in
                addition to those of the version; values up to 4 KB), ``resources`` (CPU and memory instead of the
                version's), ``require_cached_locations`` (start it only where the image is cached),
                ``webhook_on_ready``, ``webhook_on_error`` and ``webhook_on_terminated`` (URLs that receive the
                deployment by POST). See ``CreateOptions``.

        Raises:
            EdgegapError: What ``deploy`` raises, and what the stop raises.
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
        async with self._core.guard.cleanup.remove_on_exit(server.request_id):
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
        """Create a game server and wait until it is ready. If it does not become ready, it is stopped.

        ::

            server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"], tags=["match-42"])
            print(server.address("gameport"), server.ready_after)

        Args:
            application: The application's name.
            version: The version's name.
            users: The players near whom it starts, at least one: addresses, positions, or ``User``.
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

        Returns:
            The server, with its address, ports and ``ready_after``.

        Raises:
            ReadyTimeout: It was not ready in time, and is stopped.
            DeploymentFailed: It failed, and is stopped.
            DeploymentTerminated: It was stopped before it was ready.
            EdgegapError: What ``create`` raises.
        """

        async def create(seconds: float) -> DeploymentRequest:
            return await self.create(application, version, users=users, timeout=seconds, guard=guard, **options)

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
        users: Sequence[UserLike],
        timeout: float | None = None,
        guard: bool = True,
        on_cancel: OnCancel = "stop",
        **options: Unpack[CreateOptions],
    ) -> DeploymentRequest:
        """Request a game server near its players, without waiting until it is ready: ``POST /v2/deployments``.

        ::

            request = await edgegap.deployments.create("kart", "v1.2", users=["203.0.113.7"])
            server = await edgegap.deployments.wait_until_ready(request)

        The rate limit is 40 a second. If the response is lost, the server is looked up by a tag of its own, and
        requested again only if it does not exist.

        Args:
            application: The application's name.
            version: The version's name.
            users: The players near whom it starts, at least one: addresses, positions, or ``User``.
            timeout: The deadline in seconds, None for the client's.
            guard: Whether to send a tag and to look the server up by it; without it, a server whose response is lost
                may run on unnoticed.
            on_cancel: What happens if the calling task is cancelled: ``"stop"`` stops the server in the background,
                ``"keep"`` keeps it.
            **options: ``tags`` (to find it in lists; at most 40 characters each), ``environment_variables`` (in
                addition to those of the version; values up to 4 KB), ``resources`` (CPU and memory instead of the
                version's), ``require_cached_locations`` (start it only where the image is cached),
                ``webhook_on_ready``, ``webhook_on_error`` and ``webhook_on_terminated`` (URLs that receive the
                deployment by POST). See ``CreateOptions``.

        Raises:
            ConfigurationError: An argument is invalid; nothing was sent.
            Unprocessable: The deployment was created in error, and was stopped.
            APIError: The service refused the request.
            TransportError: There was no response, and the server could not be looked up; it is looked for and stopped
                in the background.
        """
        return await create_and_wait.create(
            self._core,
            Creation(
                operation_id="v2-deployment-create",
                model=DeploymentRequest,
                body=create_body(application, version, users, options),
                application=application,
                version=version,
                adopt=lambda server: DeploymentRequest(request_id=server.request_id),
                webhooks=self._core.webhooks.fields_v2,
                seconds=self._seconds(timeout),
                is_guarded=guard,
                on_cancel=on_cancel,
            ),
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
        container_log_storage: LogStorage | None = None,
        command: str | None = None,
        arguments: str | None = None,
        timeout: float | None = None,
        guard: bool = True,
        on_cancel: OnCancel = "stop",
        **deprecated: Unpack[DeprecatedOptions],
    ) -> DeploymentRequestV1:
        """Request a game server with the deprecated ``POST /v1/deploy``, which the service still serves.

        Only v1 can keep the server to some locations, replace the container's command and name the storage of its
        logs. If the response is lost, the server is looked up like that of ``create``; then only its id, address,
        application and tags are known.

        Args:
            application: The application's name.
            version: The version's name, None for the newest.
            users: The players: all addresses, or all positions with their address.
            tags: At most 40 characters each.
            environment_variables: In addition to those of the version; values up to 4 KB.
            filters: Keep the server to some locations.
            webhook_url: Receives the deployment by POST when it is ready, fails or is terminated.
            container_log_storage: The name of the endpoint storage that keeps the logs; True for the version's
                storage, False to keep none. Without a name, the request is as the document of 2024 has it: the newest
                one requires a name.
            command: Replaces the container's command.
            arguments: Replace the container's arguments.
            timeout: The deadline in seconds, None for the client's.
            guard: Whether to send a tag and to look the server up by it if the response is lost.
            on_cancel: What happens if the calling task is cancelled: ``"stop"`` or ``"keep"``.
            **deprecated: See ``DeprecatedOptions``: only the document of 2024 has them.

        Raises:
            EdgegapError: What ``create`` raises.
        """
        body = {
            "app_name": validate_name(application, "the application"),
            **users_v1(users),
            **omit_none(
                version_name=None if version is None else validate_name(version, "the version"),
                tags=[*validate_own_tags(tags)] or None,
                env_vars=environment_json(environment_variables) or None,
                filters=filters_json(filters),
                webhook_url=webhook_url,
                container_log_storage=unless_none(log_storage_json, container_log_storage),
                command=command,
                arguments=arguments,
            ),
            **deprecated_options_json(deprecated, DeprecatedOptions),
        }
        return await create_and_wait.create(
            self._core,
            Creation(
                operation_id="deployment-create",
                model=DeploymentRequestV1,
                body=body,
                application=application,
                version=version,
                adopt=lambda server: DeploymentRequestV1(
                    request_id=server.request_id,
                    request_dns=server.fqdn,
                    request_app=application,
                    tags=server.tags,
                ),
                webhooks=self._core.webhooks.fields_v1,
                seconds=self._seconds(timeout),
                is_guarded=guard,
                on_cancel=on_cancel,
            ),
        )

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
        """Create many servers, and yield each as it becomes ready, or its error.

        ::

            async with aclosing(edgegap.deployments.deploy_many(requests)) as results:
                async for result in results:
                    print(result.server or result.error, result.ready_after)

        Servers that were yielded are the caller's. If the loop ends early, the others are stopped: at once where the
        generator is closed, as ``contextlib.aclosing`` does.

        Args:
            requests: The servers to create.
            concurrency: How many are under way at most, None for as many as the rate limits let through.
            ordered: Whether to yield in the order of the requests.
            timeout: The deadline in seconds of each server, None for the client's.
            attempts: How many servers to try for each request.
            on_status: Called with each change of the state of any of them.
            on_progress: Called with the numbers of servers under way, ready and failed as they change.
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

        results = deploy_each(
            requests,
            deploy,
            self._core.guard.stop_in_background,
            self._core.guard.cleanup,
            concurrency=concurrency,
            ordered=ordered,
            on_progress=on_progress,
        )
        async with aclosing(results):
            async for result in results:
                yield result
