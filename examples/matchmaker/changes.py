"""Wakes what waits in this worker when a ticket or a match changed in any worker."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from examples.matchmaker.store import CHANNEL

_RECONNECT_SECONDS: Final = 0.5
_RECHECK_SECONDS: Final = 5.0
"""How long a wait lasts at most: a message can be lost while a worker reconnects."""


class Changes:
    """One subscription for all waits of a worker. A message only wakes: what changed is read from the store."""

    def __init__(self, valkey: Redis) -> None:
        self._valkey = valkey
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.is_closed = False
        """Whether the worker is about to stop."""

    @contextmanager
    def of(self, id: str) -> Iterator[asyncio.Event]:
        """Yield an event that is set when something with this id changed; read the store before each wait."""
        event = asyncio.Event()
        self._waiting[id].add(event)
        try:
            yield event
        finally:
            self._waiting[id].discard(event)
            if not self._waiting[id]:
                del self._waiting[id]

    async def wait(self, event: asyncio.Event) -> None:
        """Wait until an event is set, or some seconds passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_RECHECK_SECONDS):
                await event.wait()
        event.clear()

    async def receive(self) -> None:
        """Receive messages until the task is cancelled."""
        while True:
            try:
                async with self._valkey.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(CHANNEL)
                    self._wake(list(self._waiting))
                    async for message in subscription.listen():
                        self._wake(message["data"].split())
            except RedisError:
                await asyncio.sleep(_RECONNECT_SECONDS)

    def close(self) -> None:
        """Wake all waits: the worker is about to stop, so streams have to end."""
        self.is_closed = True
        self._wake(list(self._waiting))

    def _wake(self, ids: list[str]) -> None:
        for id in ids:
            for event in self._waiting.get(id, ()):
                event.set()
