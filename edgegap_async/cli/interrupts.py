"""Signal handling of the commands: the first signal cancels the work, later ones are only reported."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self

_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # SIGHUP, which Windows does not have: closing the terminal must not leave servers running


class Interrupts:
    """Turn SIGINT, SIGTERM and SIGHUP into the cancellation of one task.

    Use it as a context manager inside a running event loop. Only the task passed to ``cancelling`` is cancelled, so
    the clean-up that runs afterwards is not. If a signal arrived, further signals are ignored for the rest of the
    process, which is about to end: another Ctrl-C would only print a traceback. Otherwise the previous signal
    handlers are restored.

    ::

        with Interrupts() as interrupts:
            work = asyncio.create_task(deploy())
            with interrupts.cancelling(work):
                await asyncio.wait({work})
            await stop_servers()  # not cancelled by a signal
    """

    def __init__(self, on_repeat: Callable[[], object] = lambda: None) -> None:
        """Create the context manager; no signal handler is installed yet.

        Args:
            on_repeat: Called for each signal after the first.
        """
        self.interrupted: bool = False
        """Whether a signal has arrived."""
        self._on_repeat = on_repeat
        self._work: asyncio.Task[Any] | None = None
        self._previous_handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def handle(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._signal_arrived)

        for each in _SIGNALS:
            previous = signal.getsignal(each)
            if each is not signal.SIGINT and previous is signal.SIG_IGN:
                continue  # started with nohup: the signal stays ignored
            self._previous_handlers[each] = previous
            signal.signal(each, handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for each, previous in self._previous_handlers.items():
            signal.signal(each, signal.SIG_IGN if self.interrupted else previous or signal.SIG_DFL)

    @contextmanager
    def cancelling(self, work: asyncio.Task[Any]) -> Generator[None]:
        """Cancel a task if a signal arrives inside the block.

        If a signal has already arrived, the task is cancelled at once.

        Args:
            work: The task to cancel. The caller awaits it inside the block.
        """
        self._work = work
        if self.interrupted:
            work.cancel()
        try:
            yield
        finally:
            self._work = None

    def _signal_arrived(self) -> None:
        if self.interrupted:
            self._on_repeat()
        self.interrupted = True
        if self._work is not None:
            self._work.cancel()
