"""The part of each rate that a process uses on its own while the store is lost."""

from __future__ import annotations

import math
from typing import Final

import attrs

from edgegap_async.coordination.store import Membership, ReservedSlots, SlotRequest
from edgegap_async.limits.adaptive_rate import AdaptiveRate

_TIE: Final = 1e-6
"""Two calculations of the same slot differ by less than this share of the time between two."""


@attrs.define
class _Lane:
    """One bucket: its rate, and the time of the last slot that was used."""

    adaptive: AdaptiveRate
    last: float = -math.inf


class FairShare:
    """Every n-th slot of a grid that all processes know: slot i, i + n, i + 2 n ... for member i of n.

    The grid lies in the store's clock. So the processes together never send more than the rate, and no burst, although
    they exchange nothing; a slot that its process does not need is not used.
    """

    def __init__(self) -> None:
        """Use the whole grid: no other member is known yet."""
        self._members = 1
        self._index = 0
        self._offset = 0.0
        self._lanes: dict[str, _Lane] = {}

    @property
    def members(self) -> int:
        """How many processes share the grid."""
        return self._members

    def update(self, membership: Membership, now: float) -> None:
        """Remember what the last heartbeat said of the members and of the store's clock.

        Args:
            membership: What it said.
            now: The time of the event loop at which the store sent it.
        """
        self._members, self._index = membership.members, membership.index
        self._offset = membership.time - now

    def store_time(self, now: float) -> float:
        """Return the time of the store's clock at a time of the event loop."""
        return now + self._offset

    def reserve(self, request: SlotRequest, now: float, *, earliest: float = -math.inf) -> ReservedSlots:
        """Reserve slots of this process's share, as the store would of the whole rate.

        Args:
            request: What is requested.
            now: The time of the event loop.
            earliest: The time of the first slot at the earliest.
        """
        lane = self._lane(request)
        rate = lane.adaptive.at(now)
        delays: list[float] = []
        while True:
            slot = self._next(lane, rate, max(now, earliest, lane.adaptive.paused_until))
            delay = slot - now
            if len(delays) >= request.count or delay > (request.horizon if delays else request.longest_delay):
                return ReservedSlots(delays=tuple(delays), next_delay=delay, rate=rate / self._members)
            lane.last = slot
            delays.append(delay)

    def slow_down(self, request: SlotRequest, now: float, *, pause: float, age: float) -> None:
        """Lower the rate of a bucket after a 429, as the store does.

        Args:
            request: The bucket.
            now: The time of the event loop.
            pause: Seconds from now during which no slot is released.
            age: Seconds since the refused request was sent.
        """
        self._lane(request).adaptive.slow_down(now, pause, sent_at=now - age)

    def _lane(self, request: SlotRequest) -> _Lane:
        lane = self._lanes.get(request.bucket)
        if lane is None or lane.adaptive.full != request.rate:
            lane = self._lanes[request.bucket] = _Lane(AdaptiveRate(request.rate))
        return lane

    def _next(self, lane: _Lane, rate: float, earliest: float) -> float:
        """Return the first slot of this process's share, not before a time and a turn after the last one used."""
        step = self._members / rate
        soonest = lane.last + step
        if rate < lane.adaptive.full and soonest > earliest:
            return soonest  # the rate changes with each slot, and its grid with it
        phase = math.fmod(self._index / rate - self._offset, step)  # near 0: seconds since 1970 would not be exact
        number = math.ceil((max(soonest, earliest) - phase) / step - _TIE)
        return number * step + phase
