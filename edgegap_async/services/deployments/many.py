"""Many servers at once, each given as it becomes ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import Any

import attrs

from edgegap_async.errors import EdgegapError
from edgegap_async.models.create_options import CreateOptions
from edgegap_async.models.deployments import GameServer
from edgegap_async.models.users import UserLike
from edgegap_async.waiting import ManyProgress, OnManyProgress


@attrs.frozen(kw_only=True)
class ServerRequest:
    """A server that is wanted: of which application and version, near whom, and what ``deploy`` takes beside that."""

    application: str
    version: str
    users: Sequence[UserLike]
    options: CreateOptions = attrs.field(factory=CreateOptions)


@attrs.frozen(kw_only=True)
class Deployed:
    """What came of one request: a server, or an error and none."""

    request: ServerRequest
    server: GameServer | None = None
    error: EdgegapError | None = None


async def deployed(
    requests: Iterable[ServerRequest],
    deploy: Callable[[ServerRequest], Awaitable[GameServer]],
    unwanted: Callable[[str], Any],
    *,
    concurrency: int | None,
    ordered: bool,
    on_progress: OnManyProgress | None,
) -> AsyncGenerator[Deployed, None]:
    """What comes of each request, as it comes; ``unwanted`` gets the servers that nobody took."""
    wanted = list(requests)
    slots = asyncio.Semaphore(concurrency or max(len(wanted), 1))
    progress = ManyProgress(total=len(wanted))
    held: set[str] = set()  # servers that are ready, and nobody's yet

    def step(**more: int) -> None:
        nonlocal progress
        progress = attrs.evolve(progress, **{name: getattr(progress, name) + one for name, one in more.items()})
        if on_progress is not None:
            on_progress(progress)

    async def one(request: ServerRequest) -> Deployed:
        async with slots:
            step(under_way=1)
            try:
                server = await deploy(request)
            except EdgegapError as error:
                step(under_way=-1, failed=1)
                return Deployed(request=request, error=error)
            held.add(server.request_id)
            step(under_way=-1, ready=1)
            return Deployed(request=request, server=server)

    tasks = [asyncio.create_task(one(request), name="edgegap deploy one of many") for request in wanted]
    try:
        for result in tasks if ordered else asyncio.as_completed(tasks):
            done = await result
            if done.server is not None:
                held.discard(done.server.request_id)
            yield done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for request_id in held:
            unwanted(request_id)
