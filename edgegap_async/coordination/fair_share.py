"""The part of each rate that a process uses on its own while the store is lost."""

from __future__ import annotations

import math
from typing import Final

import attrs

from edgegap_async.coordination.store import Membership, ReservedSlots, SlotRequest
from edgegap_async.limits.adaptive_rate import AdaptiveRate

_DRIFT: Final = 1e-3
"""How far two clocks may differ after a second in which they were not compared, in seconds."""

_TIE: Final = 1e-6
"""Two calculations of the same slot differ by less than this share of the time between two."""


@attrs.define
class _Lane:
    """One bucket.

    Attributes:
        adaptive: Its rate.
        due: When the last slot that was used was due by the rate, up to a turn earlier than the slot.
        last: When it was.
    """

    adaptive: AdaptiveRate
    due: float = -math.inf
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
        self._doubt = math.inf
        self._compared_at = 0.0
        self._lanes: dict[str, _Lane] = {}

    @property
    def members(self) -> int:
        """How many processes share the grid."""
        return self._members

    def update(self, membership: Membership, now: float, *, doubt: float = 0.0) -> None:
        """Remember what the last heartbeat said of the members and of the store's clock.

        Args:
            membership: What it said.
            now: The time of the event loop at which the store sent it.
            doubt: How much earlier or later it may have been, in seconds: a slow response says little of the clock, so
                what is known remains, unless the clock was set.
        """
        self._members, self._index = membership.members, membership.index
        self._doubt += _DRIFT * (now - self._compared_at)
        self._compared_at = now
        offset = membership.time - now
        if doubt <= self._doubt or abs(offset - self._offset) > doubt + self._doubt:
            self._offset, self._doubt = offset, doubt

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
            due = max(lane.due + self._members / rate, now, earliest, lane.adaptive.paused_until)
            slot = self._next(lane, due)
            delay = slot - now
            if len(delays) >= request.count or delay > (request.horizon if delays else request.longest_delay):
                return ReservedSlots(delays=tuple(delays), next_delay=delay, rate=rate / self._members)
            lane.due, lane.last = due, slot
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

    def _next(self, lane: _Lane, due: float) -> float:
        """Return the first slot of this process's share that is due, and a turn after the last one used.

        A lower rate leaves slots out: those of the other processes, at the full rate, lie between the same ones.
        """
        rate = lane.adaptive.full
        turn = self._members / rate
        phase = math.fmod(self._index / rate - self._offset, turn)  # near 0: seconds since 1970 would not be exact
        number = math.ceil((max(due, lane.last + turn) - phase) / turn - _TIE)
        return number * turn + phase
