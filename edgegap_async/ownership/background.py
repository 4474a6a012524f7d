"""Background tasks that outlive the tasks that started them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from edgegap_async.deadlines import SHORTEST_TIMEOUT
from edgegap_async.errors import CleanupFailed, ClientStateError

T = TypeVar("T")

logger: Final = logging.getLogger("edgegap_async")

_LAST_SECONDS: Final = 5.0
"""What ``drain`` still waits if it is cancelled itself, as at the end of ``asyncio.run``."""


class BackgroundTasks:
    """Tasks that cancelling their starter does not reach; closing the client waits for them."""

    def __init__(self) -> None:
        self.is_draining: bool = False
        """Whether the client is being closed: nothing new is created any more."""
        self.has_given_up: bool = False
        """Whether ``drain`` has cancelled what remained: a task that is cancelled before that makes a last attempt."""
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._receivers = 0
        self._failures: list[CleanupFailed] = []
        self._unsent: set[str] = set()
        self._before_drain: list[Callable[[], None]] = []

    def before_drain(self, callback: Callable[[], None]) -> None:
        """Call something at the start of ``drain``: it may start tasks."""
        self._before_drain.append(callback)

    def require_open(self) -> None:
        """Check that something may still be created.

        Raises:
            ClientStateError: The client is being closed.
        """
        if self.is_draining:
            state = "closed" if self.has_given_up else "being closed"
            raise ClientStateError(f"this EdgegapClient is {state}, nothing was sent: create a new client")

    def start(self, work: Coroutine[Any, Any, T], *, name: str, id: str) -> asyncio.Task[T]:
        """Start a task whose result the caller awaits, shielded.

        Args:
            work: The coroutine to run.
            name: What it does, for the log.
            id: The id or the tag of what it works on, for ``CleanupFailed``.
        """
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = id
        task.add_done_callback(self._tasks.pop)
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
            return await self.result_of(task)
        except asyncio.CancelledError:
            self._report_failure_of(task, id)
            raise

    async def result_of(self, task: asyncio.Task[T]) -> T:
        """Return the result of a background task; if the caller is cancelled, the task goes on.

        Raises:
            ClientStateError: The client was closed, and has given the task up: the caller was not cancelled.
        """
        self._receivers += 1
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if not task.cancelled() or caller is None or caller.cancelling():
                raise
        finally:
            self._receivers -= 1
        raise ClientStateError(f"this EdgegapClient was closed, and gave up after a while: {task.get_name()}")

    def report_failure(self, message: str, id: str) -> None:
        """Log what could not be cleaned up, and keep it to be raised when the client closes."""
        logger.error(message)
        self._failures.append(CleanupFailed(message, id=id))

    def record_unsent(self, id: str) -> None:
        """Have ``drain`` not report the tasks with an id: nothing was sent, so there is nothing to clean up."""
        self._unsent.add(id)

    async def drain(self, seconds: float) -> None:
        """Wait for all tasks, at most ``seconds``, then cancel those that remain.

        If the caller is cancelled, this still waits for 5 s before it gives up.

        Raises:
            ExceptionGroup: Of CleanupFailed, one for each thing that could not be cleaned up, now or earlier.
        """
        self.is_draining = True
        for callback in self._before_drain:
            callback()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        cancellation: asyncio.CancelledError | None = None
        while (self._tasks or self._receivers) and (remaining := deadline - loop.time()) > SHORTEST_TIMEOUT:
            try:
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=remaining)
                else:
                    await asyncio.sleep(0)  # a caller is about to receive a result, and may then start another task
            except asyncio.CancelledError as error:
                if cancellation is None:
                    deadline = min(deadline, loop.time() + _LAST_SECONDS)
                cancellation = error
        self.has_given_up = True
        late = dict(self._tasks)
        for task in late:
            task.cancel()
        try:
            await asyncio.gather(*late, return_exceptions=True)
        finally:
            for task, id in late.items():
                if id not in self._unsent:
                    self.report_failure(f"not finished when the client was closed: {task.get_name()}", id)
            failures, self._failures = self._failures, []
            if cancellation is not None:
                raise cancellation
            if failures:
                raise ExceptionGroup("what the client started may still run, and be billed", failures)

    def _report_failure_of(self, task: asyncio.Task[Any], id: str) -> None:
        def report(done: asyncio.Task[Any]) -> None:
            if done.cancelled():
                if not self.has_given_up:
                    self.report_failure(f"{done.get_name()} was cancelled", id)
            elif (error := done.exception()) is not None:
                self.report_failure(f"{done.get_name()} failed: {error}", id)

        task.add_done_callback(report)
