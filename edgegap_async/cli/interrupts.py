"""Ctrl-C and its kin: the first ends the work in order, the others are told that it is ending."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self

_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # a terminal that is closed (SIGHUP, not on Windows) must not leave servers behind either


class Interrupts:
    """A context manager, inside a running loop: signals cancel what ``cancelling`` names, and nothing else.

    So what is done afterwards, stopping servers, is never cancelled itself. After a signal it leaves the process
    deaf to more of them: it is about to end, and another Ctrl-C would only add a traceback.
    """

    def __init__(self, again: Callable[[], object] = lambda: None) -> None:
        """``again`` is called for each signal after the first."""
        self.happened: bool = False
        self._again = again
        self._work: asyncio.Task[Any] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def pass_on(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._arrived)

        for each in _SIGNALS:
            before = signal.getsignal(each)
            if each is not signal.SIGINT and before is signal.SIG_IGN:
                continue  # nohup
            self._before[each] = before
            signal.signal(each, pass_on)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        for each, before in self._before.items():
            signal.signal(each, signal.SIG_IGN if self.happened else before or signal.SIG_DFL)

    @contextmanager
    def cancelling(self, work: asyncio.Task[Any]) -> Generator[None]:
        """Cancel ``work`` at the first signal, at once if it has come already."""
        self._work = work
        if self.happened:
            work.cancel()
        try:
            yield
        finally:
            self._work = None

    def _arrived(self) -> None:
        if self.happened:
            self._again()
        self.happened = True
        if self._work is not None:
            self._work.cancel()
