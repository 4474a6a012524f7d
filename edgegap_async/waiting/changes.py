"""The states of deployments as they change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from typing import Any, Final, TypeAlias

from edgegap_async.errors import EdgegapError
from edgegap_async.models.deployments import DeploymentSnapshot
from edgegap_async.models.states import State, StateChange
from edgegap_async.waiting.conditions import PERMANENT, is_not_found
from edgegap_async.waiting.watcher import Watcher

_SEARCH_SECONDS: Final = 2.0
"""Between two searches for deployments that are not watched yet."""

DeploymentChange: TypeAlias = StateChange[DeploymentSnapshot]
DeploymentWatcher: TypeAlias = Watcher[DeploymentSnapshot]


async def changes_of(watcher: DeploymentWatcher, request_id: str) -> AsyncGenerator[DeploymentChange, None]:
    """Yield the states of one deployment, from the first snapshot to TERMINATED, which is always the last."""
    old: State | None = None
    latest: DeploymentSnapshot | None = None
    with watcher.subscribe(request_id, {"deployment_id": request_id}) as subscription:
        while old is not State.TERMINATED:
            try:
                snapshot = await subscription.next()
            except PERMANENT:
                raise
            except EdgegapError as error:
                if not is_not_found(error):
                    continue  # the watcher polls again
                if latest is not None:
                    yield StateChange(id=request_id, old=old, new=State.TERMINATED, snapshot=latest)
                return
            if snapshot.state != old:
                yield StateChange(id=request_id, old=old, new=snapshot.state, snapshot=snapshot)
                old, latest = snapshot.state, snapshot


async def changes(
    watcher: DeploymentWatcher,
    request_ids: Iterable[str],
    search: Callable[[], Awaitable[Iterable[str]]] | None = None,
) -> AsyncGenerator[DeploymentChange, None]:
    """Yield the states of many deployments; end when all are terminated, unless there is a ``search``.

    Args:
        watcher: Polls them.
        request_ids: The deployments to begin with.
        search: Returns ids of which those that are not watched yet are added; called again and again.
    """
    queue: asyncio.Queue[DeploymentChange | asyncio.Task[None]] = asyncio.Queue()
    known: set[str] = set()
    tasks: set[asyncio.Task[None]] = set()

    async def follow(request_id: str) -> None:
        async for change in changes_of(watcher, request_id):
            queue.put_nowait(change)

    async def follow_new(search: Callable[[], Awaitable[Iterable[str]]]) -> None:
        while True:
            for request_id in await search():
                if request_id not in known:
                    start(follow(request_id), request_id)
            await asyncio.sleep(_SEARCH_SECONDS)

    def start(work: Coroutine[Any, Any, None], request_id: str) -> None:
        known.add(request_id)
        task = asyncio.create_task(work, name=f"edgegap watch {request_id}")
        tasks.add(task)
        task.add_done_callback(queue.put_nowait)  # after its last change

    for request_id in request_ids:
        start(follow(request_id), request_id)
    if search is not None:
        start(follow_new(search), "")
    try:
        while tasks or not queue.empty():
            change = await queue.get()
            if isinstance(change, asyncio.Task):
                tasks.discard(change)
                change.result()
            else:
                yield change
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
