"""Telemetry: deployments ranked by their distance from players.

A measurement covers one deployment after another, so its result is partial at first.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

import attrs

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.geography import Position

SECONDS_PER_DEPLOYMENT: Final = 0.5
"""How long it takes to measure one deployment."""

RETENTION: Final = 3600.0
"""Seconds from the start of a measurement until its result expires."""


@attrs.frozen
class TelemetryMeasurement:
    """The distances between some deployments and the players of one request."""

    key: str
    started_at: float
    """Seconds of the clock."""
    distances: Sequence[tuple[str, float]]
    """Deployment ids with their summed distances, in the order in which they are measured."""
    webhook_url: str | None
    """The URL that gets the result once it is complete."""

    @property
    def expires_at(self) -> float:
        """When the result expires, in seconds of the clock."""
        return self.started_at + RETENTION

    @property
    def complete_at(self) -> float:
        """When all deployments are measured, in seconds of the clock."""
        return self.started_at + SECONDS_PER_DEPLOYMENT * len(self.distances)

    def nearest_first(self, now: float) -> list[str]:
        """Return the ids of the deployments measured by a moment, the nearest first."""
        count = int((now - self.started_at) / SECONDS_PER_DEPLOYMENT)
        measured = self.distances if now >= self.complete_at else self.distances[:count]
        return [request_id for request_id, _ in sorted(measured, key=lambda pair: pair[1])]


class TelemetryMeasurements:
    """The measurements of a local Edgegap, by their keys."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._by_key: dict[str, TelemetryMeasurement] = {}

    def start(
        self,
        now: float,
        deployments: Sequence[SimulatedDeployment],
        players: Sequence[Position],
        webhook_url: str | None = None,
    ) -> TelemetryMeasurement:
        """Start a measurement.

        Args:
            now: The present moment, in seconds of the clock.
            deployments: The deployments to rank, measured in this order.
            players: The positions of the players. A deployment's distance is the sum over all players.
            webhook_url: The URL that gets the result once it is complete.
        """
        while self._by_key and (oldest := next(iter(self._by_key.values()))).expires_at <= now:
            del self._by_key[oldest.key]
        distances = [
            (each.request_id, sum(math.dist(each.location.position.vector, player.vector) for player in players))
            for each in deployments
        ]
        measurement = TelemetryMeasurement(f"{self._rng.getrandbits(128):032x}", now, distances, webhook_url)
        self._by_key[measurement.key] = measurement
        return measurement

    def find(self, key: str, now: float) -> TelemetryMeasurement | None:
        """Return the measurement with a key; None if the key is unknown or its result has expired."""
        measurement = self._by_key.get(key)
        return measurement if measurement is not None and now < measurement.expires_at else None
