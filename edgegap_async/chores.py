"""What has to be finished even if nobody waits for it any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

logger: Final = logging.getLogger("edgegap_async")


class Chores:
    """Tasks that outlive the callers who started them: cancelling those does not reach them, closing waits."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def leave(self, work: Coroutine[Any, Any, object], *, name: str) -> None:
        """Do ``work`` in the background; should it fail, the log tells, by ``name``."""
        self.start(work, name=name).add_done_callback(_tell)

    def start(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Begin ``work``; whoever does so waits for it, shielded, and hears how it ends."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def see_through(self, work: Coroutine[Any, Any, T], *, name: str) -> T:
        """Do ``work`` to its end: a caller that is cancelled meanwhile leaves at once, the work goes on."""
        task = self.start(work, name=name)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_tell)
            raise

    async def finish(self, seconds: float) -> None:
        """Wait for all of it, at most ``seconds``; what is not done then is cancelled and named in the log."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while self._tasks and loop.time() < ends:  # one may start another
            await asyncio.wait(self._tasks, timeout=ends - loop.time())
        for task in (late := list(self._tasks)):
            logger.error("not finished when the client was closed: %s", task.get_name())
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _tell(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("%s failed: %s", task.get_name(), error)
