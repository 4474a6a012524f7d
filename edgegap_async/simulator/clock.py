"""The time a local Edgegap lives by: a clock that can be moved by hand, and the calendar it is shown in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import attrs

Clock: TypeAlias = Callable[[], float]
"""Anything that gives a number of seconds which never goes back."""


class VirtualClock:
    """A clock that stands still until it is advanced.

    Given to a local Edgegap, a deployment of six seconds becomes ready after ``advance(6)`` and takes no
    time. The rate limits count by the same clock: they are not forgotten until it moves.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def __call__(self) -> float:
        """The moment it stands at, in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move it forward; raises ``ValueError`` for a negative number of seconds."""
        if seconds < 0:
            raise ValueError(f"a clock does not go back: {seconds}")
        self._now += seconds


@attrs.frozen
class Calendar:
    """Moments of a clock as dates: ``opened`` in UTC is what the clock's ``origin`` is called."""

    opened: datetime
    origin: float

    @classmethod
    def starting(cls, clock: Clock, opened: datetime | None = None) -> Calendar:
        """A calendar on which the clock's present moment is ``opened``, or else the real present."""
        return cls(opened or datetime.now(UTC), clock())

    def at(self, moment: float) -> datetime:
        """The date and time of a moment, in UTC."""
        return self.opened + timedelta(seconds=moment - self.origin)

    def text(self, moment: float) -> str:
        """A moment as most answers show it: ``2026-04-22 12:00:46.444265``, UTC without saying so."""
        return self.at(moment).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")

    def zulu(self, moment: float) -> str:
        """A moment as the private fleets show it: ``2025-11-26T16:32:30.825138Z``."""
        return self.at(moment).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def moment(self, date: datetime) -> float:
        """The clock's moment for a date; one without a zone is taken as UTC."""
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return self.origin + (aware - self.opened).total_seconds()
