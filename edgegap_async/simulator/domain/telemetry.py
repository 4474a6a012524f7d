"""How well deployments suit players: measured one after the other, so that a result is partial at first."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

import attrs

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.geography import Position

EACH: Final = 0.5
"""Seconds it takes to measure one deployment."""

KEPT: Final = 3600.0
"""Seconds for which a result can be asked for."""


@attrs.frozen
class Measurement:
    """Deployments and their distances from the players, in the order in which they are measured."""

    key: str
    began: float
    distances: Sequence[tuple[str, float]]

    @property
    def expires_at(self) -> float:
        """The moment from which it cannot be asked for any more."""
        return self.began + KEPT

    def best_first(self, now: float) -> list[str]:
        """The deployments measured so far, the nearest first."""
        known = self.distances[: int((now - self.began) / EACH)]
        return [request_id for request_id, _ in sorted(known, key=lambda each: each[1])]


class Measurements:
    """All of them, by their keys."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._by_key: dict[str, Measurement] = {}

    def begin(self, now: float, deployments: Sequence[SimulatedDeployment], players: Sequence[Position]) -> Measurement:
        """Begin one: how far each deployment is from the players, taken together."""
        distances = [
            (each.request_id, sum(math.dist(each.location.position.vector, player.vector) for player in players))
            for each in deployments
        ]
        begun = Measurement(f"{self._chance.getrandbits(128):032x}", now, distances)
        self._by_key[begun.key] = begun
        return begun

    def find(self, key: str, now: float) -> Measurement | None:
        """The one with a key, unless it has expired."""
        found = self._by_key.get(key)
        return found if found is not None and now < found.expires_at else None
