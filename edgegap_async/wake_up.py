"""A sleep that another task can end."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class WakeUp:
    """Lets a task sleep until it is woken or a number of seconds has passed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """End the current sleep, or the next one if no task sleeps now."""
        self._event.set()

    async def sleep(self, seconds: float | None) -> None:
        """Sleep for ``seconds``, None for no limit, or until ``set`` is called."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()
