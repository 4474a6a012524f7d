"""An executor for a disk that may hang."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DiskThread(Executor):
    """Runs functions one after another in a thread that does not keep the process from exiting.

    What was submitted is run, in order, even if its future is cancelled: work that undoes other work can follow it.
    """

    def __init__(self, name: str) -> None:
        """Start nothing yet.

        Args:
            name: The thread's name.
        """
        self._name = name
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a function after those submitted before it.

        Args:
            fn: The function.
            *args: Its arguments.
            **kwargs: Its keyword arguments.
        """
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # from now on it cannot be cancelled

        def run() -> None:
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # the future raises it
                future.set_exception(error)
            else:
                future.set_result(result)

        self._queue.put(run)
        if self._thread is None:
            # a ThreadPoolExecutor's thread is joined when the interpreter exits: one that hangs would hang the process
            self._thread = Thread(target=_run_all, args=(self._queue,), name=self._name, daemon=True)
            self._thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the thread after what was submitted.

        Args:
            wait: Ignored: the thread may hang.
            cancel_futures: Ignored: what was submitted is run.
        """
        if self._thread is not None:
            self._queue.put(None)
            self._thread = None


def _run_all(queue: SimpleQueue[Callable[[], None] | None]) -> None:
    while (run := queue.get()) is not None:
        run()
        del run  # the queue may be empty for long: keep nothing alive meanwhile
