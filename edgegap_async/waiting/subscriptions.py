"""Waking those who sleep until their next look at something that a webhook tells of."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

import attrs

from edgegap_async.waiting.wait import Schedule

_EXPECTED: Final = 20_000
"""Things whose webhooks are awaited, and that nobody waits for yet."""

HOOKED: Final = Schedule(shortest=1.0)
"""For what a webhook will tell of: looking is for those that are lost."""


@attrs.define(eq=False)
class Alarm:
    """Of one who waits: looks come as ``schedule`` says, and at once after a ring."""

    schedule: Schedule
    _rung: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)

    def ring(self) -> None:
        """End this sleep, or the next."""
        self._rung.set()

    async def sleep(self, seconds: float) -> None:
        """So many seconds, or until it rings; a ring since the last sleep counts."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()


class Alarms:
    """The alarms of all who wait, by the ids of what they wait for."""

    def __init__(self) -> None:
        self._expected: dict[str, None] = {}
        self._set: dict[str, set[Alarm]] = {}

    def expect(self, id: str) -> None:
        """A webhook will tell of it."""
        self._expected[id] = None
        if len(self._expected) > _EXPECTED:
            del self._expected[next(iter(self._expected))]

    @contextmanager
    def set_for(self, id: str) -> Generator[Alarm]:
        """An alarm for the length of a block."""
        alarm = Alarm(HOOKED if id in self._expected else Schedule())
        alarms = self._set.setdefault(id, set())
        alarms.add(alarm)
        try:
            yield alarm
        finally:
            alarms.discard(alarm)
            if not alarms:
                self._set.pop(id, None)

    def ring(self, id: str) -> None:
        """Something has become of it: wake who waits for it."""
        self._expected.pop(id, None)
        for alarm in self._set.get(id, ()):
            alarm.ring()
