"""The part of each rate that a process uses on its own while the store is lost."""

from __future__ import annotations

import math

import attrs

from edgegap_async.coordination.store import Membership, ReservedSlots, SlotRequest
from edgegap_async.limits.adaptive_rate import AdaptiveRate

_TIE: float = 1e-9
"""Of a slot: two calculations of the same slot differ by less."""


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

    def reserve(self, request: SlotRequest, now: float) -> ReservedSlots:
        """Reserve slots of this process's share, as the store would of the whole rate."""
        lane, rate = self._lane(request), self._lane(request).adaptive.at(now)
        delays: list[float] = []
        while True:
            slot = self._next(lane, rate, max(now, lane.adaptive.paused_until))
            delay = slot - now
            if len(delays) >= request.count or delay > (request.horizon if delays else request.longest_delay):
                return ReservedSlots(delays=tuple(delays), next_delay=delay, rate=rate / self._members)
            lane.last = slot
            delays.append(delay)

    def restrict(self, slots: ReservedSlots, request: SlotRequest, now: float) -> ReservedSlots:
        """Postpone slots that the store has reserved to those of this process's share."""
        lane = self._lane(request)
        rate = lane.adaptive.at(now)
        delays: list[float] = []
        for delay in slots.delays:
            lane.last = self._next(lane, rate, now + delay)
            delays.append(lane.last - now)
        return attrs.evolve(slots, delays=tuple(delays))

    def slow_down(self, request: SlotRequest, now: float, *, pause: float, age: float) -> None:
        """Lower the rate of a bucket after a 429, as the store does."""
        self._lane(request).adaptive.slow_down(now, pause, sent_at=now - age)

    def _lane(self, request: SlotRequest) -> _Lane:
        lane = self._lanes.get(request.bucket)
        if lane is None or lane.adaptive.full != request.rate:
            lane = self._lanes[request.bucket] = _Lane(AdaptiveRate(request.rate))
        return lane

    def _next(self, lane: _Lane, rate: float, earliest: float) -> float:
        """Return the first slot of this process's share, not before a time and after the last one that was used."""
        step, phase = self._members / rate, self._index / rate - self._offset
        number = math.ceil((earliest - phase) / step - _TIE)
        if number * step + phase <= lane.last + step * _TIE:
            number = math.floor((lane.last - phase) / step + _TIE) + 1
        return number * step + phase
