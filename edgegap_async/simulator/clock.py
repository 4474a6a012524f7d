"""The time of a local Edgegap: a clock that a test can move by hand, and its moments as dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import attrs

Clock: TypeAlias = Callable[[], float]
"""Returns the present moment in seconds; it never decreases."""


class VirtualClock:
    """A clock that stands still until ``advance`` moves it.

    Pass it to ``LocalEdgegap(clock=...)``: a deployment that takes six seconds is READY after ``advance(6)``, in no
    real time. The rate limits use the same clock, so their counts do not expire until it moves::

        clock = VirtualClock()
        async with LocalEdgegap(clock=clock) as local:
            ...
            clock.advance(6)
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def __call__(self) -> float:
        """Return the present moment, in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward by a number of seconds.

        Raises:
            ValueError: ``seconds`` is negative.
        """
        if seconds < 0:
            raise ValueError(f"advance() moves the clock forward: seconds must be at least 0, not {seconds}")
        self._now += seconds


@attrs.frozen
class Calendar:
    """Converts between moments of a clock and dates."""

    opened: datetime
    """The date of ``origin``, with a time zone."""
    origin: float
    """The moment of the clock at which the local Edgegap started."""

    @classmethod
    def starting(cls, clock: Clock, opened: datetime | None = None) -> Calendar:
        """Return a calendar on which the clock's present moment is ``opened``, by default the real date and time."""
        return cls(opened or datetime.now(UTC), clock())

    def at(self, moment: float) -> datetime:
        """Return the date and time of a moment, in UTC."""
        return self.opened + timedelta(seconds=moment - self.origin)

    def timestamp(self, moment: float) -> str:
        """Return a moment as most responses format it: ``2026-04-22 12:00:46.444265``, in UTC without a zone."""
        return self.at(moment).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")

    def utc_timestamp(self, moment: float) -> str:
        """Return a moment as responses about private fleets format it: ``2025-11-26T16:32:30.825138Z``."""
        return self.at(moment).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def moment(self, date: datetime) -> float:
        """Return the clock's moment of a date; a date without a zone is taken as UTC."""
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return self.origin + (aware - self.opened).total_seconds()
