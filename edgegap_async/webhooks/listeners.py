"""The listeners of webhooks: each call runs in a task of its own, and closing the client ends those that remain."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

logger: Final = logging.getLogger("edgegap_async")

CLOSING_SECONDS: Final = 10.0
"""How long closing waits for the listeners that run."""

_CANCEL_SECONDS: Final = 1.0
"""How long closing waits for the listeners that it has cancelled."""

_CALLER_CHECK_SECONDS: Final = 0.05
"""How often closing checks whether a listener that it waits for has come to wait for it."""


class Listeners:
    """Functions and coroutine functions by the event for which they are called."""

    def __init__(self) -> None:
        self._by_event: dict[str, list[Callable[[Any], object]]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._callers: set[asyncio.Task[Any] | None] = set()

    def add(self, event: str, listener: Callable[[Any], object]) -> None:
        """Call a listener at each event of a kind."""
        self._by_event.setdefault(event, []).append(listener)

    def call(self, event: str, id: str, snapshot: object) -> None:
        """Start the listeners of an event.

        Args:
            event: The kind of the event.
            id: The id of what it is about.
            snapshot: What they are called with.
        """
        for listener in self._by_event.get(event, ()):
            name = getattr(listener, "__qualname__", None) or repr(listener)
            call = asyncio.create_task(_call(listener, name, id, snapshot), name=f"webhook listener {name} on {id}")
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    @contextmanager
    def may_be_caller(self) -> Generator[None]:
        """Have ``close`` not wait for the current task during a block: it may be a listener that closes the client."""
        caller = asyncio.current_task()
        self._callers.add(caller)
        try:
            yield
        finally:
            self._callers.discard(caller)

    async def close(self) -> None:
        """Wait at most 10 s for the listeners that run, then cancel them; one that itself closes the client goes on."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + CLOSING_SECONDS
        while (running := self._calls - self._callers) and (seconds := ends_at - loop.time()) > 0:
            await asyncio.wait(running, timeout=min(seconds, _CALLER_CHECK_SECONDS))
        for call in running:
            logger.warning("the %s has not ended in %g s: it is cancelled", call.get_name(), CLOSING_SECONDS)
            call.cancel()
        if running:
            await asyncio.wait(running, timeout=_CANCEL_SECONDS)
        for call in running:
            if not call.done():
                logger.error("the %s goes on although it was cancelled", call.get_name())


async def _call(listener: Callable[[Any], object], name: str, id: str, snapshot: object) -> None:
    try:
        result = listener(snapshot)
        if inspect.isawaitable(result):
            awaitable: Awaitable[object] = result
            await awaitable
    except Exception:  # one listener that fails must not keep the others from being called
        logger.exception("a webhook listener failed on %s: %s", id, name)
