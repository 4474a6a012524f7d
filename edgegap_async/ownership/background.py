"""What has to be finished even if nobody waits for it any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from edgegap_async.errors import (
    CleanupFailed,
    DeadlineExceeded,
    RateLimited,
    ServerError,
    TransportError,
)

T = TypeVar("T")
Ready = TypeVar("Ready")

logger: Final = logging.getLogger("edgegap_async")

_PASSING: Final = (TransportError, DeadlineExceeded, RateLimited, ServerError)
"""Failures that need not be there the next time."""

_A_MOMENT: Final = 1.0
"""Seconds that somebody who is cancelled waits for a removal."""

_HAIR: Final = 0.001
"""Seconds that are too short to wait for."""

_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between one removal that failed and the next, beyond what each call repeats by itself."""


class BackgroundTasks:
    """Tasks that outlive the callers who started them: cancelling those does not reach them, closing waits."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._failures: list[CleanupFailed] = []

    def start(self, work: Coroutine[Any, Any, T], *, name: str, id: str) -> asyncio.Task[T]:
        """Begin ``work`` on what has that id; whoever does so waits for it, shielded, and hears how it ends."""
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = id
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    def leave(self, work: Coroutine[Any, Any, T], *, name: str, id: str) -> asyncio.Task[T]:
        """Do ``work`` in the background; should it fail, the log tells, and closing."""
        task = self.start(work, name=name, id=id)
        self._left(task, id)
        return task

    async def see_through(self, work: Coroutine[Any, Any, T], *, name: str, id: str) -> T:
        """Do ``work`` to its end: a caller that is cancelled meanwhile leaves at once, the work goes on."""
        task = self.start(work, name=name, id=id)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._left(task, id)
            raise

    def failed(self, told: str, id: str) -> None:
        """Take note of what could not be done, for the log and for whoever closes the client."""
        logger.error(told)
        self._failures.append(CleanupFailed(told, id=id))

    async def finish(self, seconds: float) -> None:
        """Wait for all of it, at most ``seconds``; what is not done then is cancelled.

        Raises an ExceptionGroup of CleanupFailed, one for each thing that could not be cleaned up, now or before.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        try:
            while self._tasks and (left := ends - loop.time()) > _HAIR:  # one may start another
                await asyncio.wait(self._tasks, timeout=left)
        finally:
            late = dict(self._tasks)
            for task, id in late.items():
                self.failed(f"not finished when the client was closed: {task.get_name()}", id)
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._failures:
            failures, self._failures = self._failures, []
            raise ExceptionGroup("what the client started may still run, and be billed", failures)

    def _left(self, task: asyncio.Task[Any], id: str) -> None:
        def tell(done: asyncio.Task[Any]) -> None:
            if not done.cancelled() and (error := done.exception()) is not None:
                self.failed(f"{done.get_name()} failed: {error}", id)

        task.add_done_callback(tell)
