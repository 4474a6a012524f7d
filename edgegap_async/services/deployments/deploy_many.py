"""Many servers at once, each yielded as it becomes ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import Any

import attrs

from edgegap_async.errors import EdgegapError
from edgegap_async.models.create_options import CreateOptions
from edgegap_async.models.deployments import GameServer
from edgegap_async.models.users import UserLike
from edgegap_async.waiting.progress import ManyProgress, OnManyProgress


def _shown(options: CreateOptions) -> str:
    return repr({name: value for name, value in options.items() if name != "environment_variables"})


@attrs.frozen(kw_only=True)
class ServerRequest:
    """A server to create.

    Attributes:
        application: The application's name.
        version: The version's name.
        users: The players near whom it starts, at least one.
        options: What else ``deploy`` takes: tags, environment variables; see ``CreateOptions``. Environment variables
            are not shown in ``repr``.
    """

    application: str
    version: str
    users: Sequence[UserLike]
    options: CreateOptions = attrs.field(factory=CreateOptions, repr=_shown)


@attrs.frozen(kw_only=True)
class Deployed:
    """The result of one request: a server, or the error because of which there is none."""

    request: ServerRequest
    server: GameServer | None = None
    error: EdgegapError | None = None

    @property
    def ready_after(self) -> float | None:
        """Seconds from the request to READY, as this client saw it; None if it failed or was not measured."""
        return None if self.server is None else self.server.ready_after


async def deploy_each(
    requests: Iterable[ServerRequest],
    deploy: Callable[[ServerRequest], Awaitable[GameServer]],
    stop: Callable[[str], Any],
    in_use: set[str],
    *,
    concurrency: int | None,
    ordered: bool,
    on_progress: OnManyProgress | None,
) -> AsyncGenerator[Deployed, None]:
    """Yield the result of each request as it arrives.

    Args:
        requests: The servers to create.
        deploy: Creates one of them.
        stop: Stops a server that is ready and was not yielded.
        in_use: The ids of the servers that closing the client stops: those not yielded yet are added.
        concurrency: How many are under way at most, None for all.
        ordered: Whether to yield in the order of the requests.
        on_progress: Called as servers are started, ready or failed.
    """
    wanted = list(requests)
    slots = asyncio.Semaphore(concurrency or max(len(wanted), 1))
    progress = ManyProgress(total=len(wanted))
    not_yielded: set[str] = set()

    def advance(**steps: int) -> None:
        nonlocal progress
        counts = {name: getattr(progress, name) + step for name, step in steps.items()}
        progress = attrs.evolve(progress, **counts)
        if on_progress is not None:
            on_progress(progress)

    async def deploy_one(request: ServerRequest) -> Deployed:
        async with slots:
            advance(under_way=1)
            try:
                server = await deploy(request)
            except EdgegapError as error:
                advance(under_way=-1, failed=1)
                return Deployed(request=request, error=error)
            not_yielded.add(server.request_id)
            in_use.add(server.request_id)
            advance(under_way=-1, ready=1)
            return Deployed(request=request, server=server)

    tasks = [asyncio.create_task(deploy_one(request), name="edgegap deploy one of many") for request in wanted]
    try:
        for task in tasks if ordered else asyncio.as_completed(tasks):
            result = await task
            if result.server is not None:
                not_yielded.discard(result.server.request_id)
                in_use.discard(result.server.request_id)
            yield result
    finally:
        for task in tasks:
            task.cancel()
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:  # also if the caller is cancelled again
            for request_id in not_yielded:
                stop(request_id)
            in_use -= not_yielded
