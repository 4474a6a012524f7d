"""Background tasks that outlive the tasks that started them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from edgegap_async.errors import CleanupFailed

T = TypeVar("T")

logger: Final = logging.getLogger("edgegap_async")

_SHORTEST_WAIT: Final = 0.001
"""Seconds that are worth waiting for, at the end of ``drain``."""


class BackgroundTasks:
    """Tasks that cancelling their starter does not reach; closing the client waits for them."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._failures: list[CleanupFailed] = []

    def start(self, work: Coroutine[Any, Any, T], *, name: str, id: str) -> asyncio.Task[T]:
        """Start a task whose result the caller awaits, shielded.

        Args:
            work: The coroutine to run.
            name: What it does, for the log.
            id: The id or the tag of what it works on, for ``CleanupFailed``.
        """
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = id
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    def spawn(self, work: Coroutine[Any, Any, T], *, name: str, id: str) -> asyncio.Task[T]:
        """Start a task that nothing awaits; if it fails, the error is logged and raised when the client closes.

        Args:
            work: The coroutine to run.
            name: What it does, for the log.
            id: The id or the tag of what it works on, for ``CleanupFailed``.
        """
        task = self.start(work, name=name, id=id)
        self._report_failure_of(task, id)
        return task

    async def run_shielded(self, work: Coroutine[Any, Any, T], *, name: str, id: str) -> T:
        """Run a coroutine to its end: if the caller is cancelled it returns at once, and the work goes on.

        Args:
            work: The coroutine to run.
            name: What it does, for the log.
            id: The id or the tag of what it works on, for ``CleanupFailed``.
        """
        task = self.start(work, name=name, id=id)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._report_failure_of(task, id)
            raise

    def report_failure(self, message: str, id: str) -> None:
        """Log what could not be cleaned up, and keep it to be raised when the client closes."""
        logger.error(message)
        self._failures.append(CleanupFailed(message, id=id))

    async def drain(self, seconds: float) -> None:
        """Wait for all tasks, at most ``seconds``, then cancel those that remain.

        Raises:
            ExceptionGroup: Of CleanupFailed, one for each thing that could not be cleaned up, now or earlier.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        try:
            while self._tasks and (remaining := deadline - loop.time()) > _SHORTEST_WAIT:  # one may start another
                await asyncio.wait(self._tasks, timeout=remaining)
        finally:
            late = dict(self._tasks)
            for task, id in late.items():
                self.report_failure(f"not finished when the client was closed: {task.get_name()}", id)
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._failures:
            failures, self._failures = self._failures, []
            raise ExceptionGroup("what the client started may still run, and be billed", failures)

    def _report_failure_of(self, task: asyncio.Task[Any], id: str) -> None:
        def report(done: asyncio.Task[Any]) -> None:
            if not done.cancelled() and (error := done.exception()) is not None:
                self.report_failure(f"{done.get_name()} failed: {error}", id)

        task.add_done_callback(report)
