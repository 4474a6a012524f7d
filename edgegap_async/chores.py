"""What has to be finished even if nobody waits for it any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

logger: Final = logging.getLogger("edgegap_async")


class Chores:
    """Tasks that outlive the callers who started them: their cancellation does not reach them, closing waits."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def see_through(self, work: Coroutine[Any, Any, T], *, name: str) -> T:
        """Do ``work`` to its end: a caller that is cancelled meanwhile leaves at once, the work goes on."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def finish(self, seconds: float) -> None:
        """Wait for all of it, at most ``seconds``; what is not done then is cancelled and named in the log."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for task in late:
            logger.error("not finished when the client was closed: %s", task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Whoever still waits gets it as well; whoever was cancelled would never hear of it.
            logger.warning("%s failed: %s", task.get_name(), error)
