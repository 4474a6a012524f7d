"""The states of some deployments as they change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from typing import Any, Final, TypeAlias

from edgegap_async.errors import EdgegapError
from edgegap_async.models.deployments import DeploymentSnapshot
from edgegap_async.models.states import State, StateChange
from edgegap_async.waiting.wait import FINAL, MISSING
from edgegap_async.waiting.watcher import Watcher

_SEARCH_SECONDS: Final = 2.0
"""Between two looks for deployments that are not watched yet."""

Change: TypeAlias = StateChange[DeploymentSnapshot]


async def changes_of(watcher: Watcher, request_id: str) -> AsyncGenerator[Change, None]:
    """The states of one deployment, from the first that is seen to TERMINATED; the last is TERMINATED in any case."""
    old: State | None = None
    last: DeploymentSnapshot | None = None
    with watcher.watching(request_id) as sights:
        while old is not State.TERMINATED:
            try:
                seen = await sights.look(request_id, 0)
            except MISSING:
                if last is not None:
                    yield StateChange(id=request_id, old=old, new=State.TERMINATED, snapshot=last)
                return
            except FINAL:
                raise
            except EdgegapError:
                continue  # the watcher looks again
            if seen.state != old:
                yield StateChange(id=request_id, old=old, new=seen.state, snapshot=seen)
                old, last = seen.state, seen


async def changes(
    watcher: Watcher, request_ids: Iterable[str], search: Callable[[], Awaitable[Iterable[str]]] | None = None
) -> AsyncGenerator[Change, None]:
    """The states of many, as they change; ends when all are gone, unless ``search`` goes on to find others."""
    heard: asyncio.Queue[Change | asyncio.Task[None]] = asyncio.Queue()
    known: set[str] = set()
    tasks: set[asyncio.Task[None]] = set()

    async def follow(request_id: str) -> None:
        async for change in changes_of(watcher, request_id):
            heard.put_nowait(change)

    async def look_for_others(search: Callable[[], Awaitable[Iterable[str]]]) -> None:
        while True:
            for request_id in await search():
                if request_id not in known:
                    start(follow(request_id), request_id)
            await asyncio.sleep(_SEARCH_SECONDS)

    def start(work: Coroutine[Any, Any, None], request_id: str) -> None:
        known.add(request_id)
        task = asyncio.create_task(work, name=f"edgegap watch {request_id}")
        tasks.add(task)
        task.add_done_callback(heard.put_nowait)  # behind its last change

    for request_id in request_ids:
        start(follow(request_id), request_id)
    if search is not None:
        start(look_for_others(search), "")
    try:
        while tasks or not heard.empty():
            change = await heard.get()
            if isinstance(change, asyncio.Task):
                tasks.discard(change)
                change.result()
            else:
                yield change
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
