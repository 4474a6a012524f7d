"""What a process sends to the store and to the other processes, collected for one round trip."""

from __future__ import annotations

import asyncio
import math
from typing import Final

from edgegap_async.coordination.messages import Message, Watch, WatchesChanged, encode
from edgegap_async.coordination.store import CoordinationStore
from edgegap_async.limits.token_bucket import TIMER_TOLERANCE
from edgegap_async.wake_up import WakeUp

# How long something waits for more, in seconds: each round trip has a price. What is sent takes along all that waits.
SOON: Final = 0.05
_WATCH_DELAY: Final = 0.2  # no server is ready sooner
LATER: Final = 1.0
"""How many seconds that which no wait depends on may take."""

_MAX_MESSAGES: Final = 10_000


class Outbox:
    """Sends the watches and messages of one process, those of a short time together."""

    def __init__(self, store: CoordinationStore) -> None:
        self.member = ""
        """The id of this process in the messages."""
        self._store = store
        self._watches: dict[str, Watch | None] = {}
        self._messages: list[bytes] = []
        self._due = math.inf
        self._wake_up = WakeUp()

    def send(self, message: Message, *, within: float = SOON) -> None:
        """Send a message; beyond 10,000 that were not sent yet, it is dropped.

        Args:
            message: The message.
            within: How many seconds it may wait for others.
        """
        message.sender = self.member
        if len(self._messages) < _MAX_MESSAGES:
            self._messages.append(encode(message))
            self._flush_in(within)

    def watch(self, id: str, watch: Watch | None) -> None:
        """Register what this process waits for; None for what it does not wait for any more."""
        self._watches[id] = watch
        self._flush_in(LATER if watch is None else _WATCH_DELAY)

    def clear(self) -> None:
        """Forget what was not sent."""
        self._watches, self._messages, self._due = {}, [], math.inf

    async def run(self) -> None:
        """Send until the task is cancelled; raises StoreError."""
        loop = asyncio.get_running_loop()
        while True:
            if self._due <= loop.time() + TIMER_TOLERANCE:
                await self.flush()
            await self._wake_up.sleep(None if math.isinf(self._due) else max(self._due - loop.time(), 0.0))

    def _flush_in(self, seconds: float) -> None:
        due = asyncio.get_running_loop().time() + seconds
        if due < self._due:
            self._due = due
            self._wake_up.set()

    async def flush(self) -> None:
        """Send what was collected; raises StoreError."""
        if self._watches:
            self.send(WatchesChanged(watches=self._watches))
        watches, messages = self._watches, self._messages
        self.clear()
        if watches or messages:
            described = {id: None if watch is None else encode(watch) for id, watch in watches.items()}
            await self._store.update(self.member, described, messages)
