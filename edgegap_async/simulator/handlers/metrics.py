"""The metrics of a deployment: random series, always the same for the same deployment and seed."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.deployments import find_deployment
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest

_MAX_POINTS: Final = 1000
_UNITS: Final[Mapping[str, int]] = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DEFAULT_STEP: Final = 60.0
"""Seconds between two points when a request has no ``steps``."""

_LEVELS: Final[Mapping[str, tuple[int, int]]] = {
    "cpu": (50, 900),
    "cpu_throttle_rate": (0, 20),
    "cpu_throttle_total": (0, 20),
    "mem": (200, 450),
    "receive": (20_000, 60_000),
    "transmit": (40_000, 90_000),
}
"""The least and the greatest value of each series that varies."""

_TOTALS: Final[Mapping[str, int]] = {
    "receive_total": 60_000,
    "transmit_total": 90_000,
    "disk_read_total": 4096,
    "disk_write_total": 8192,
}
"""The greatest increase in a step of each series that only grows."""


def get(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/metrics/deployment/{deployment_id}."""
    deployment = find_deployment(world, request.path["deployment_id"])
    moments = _moments(world, deployment, request.query)
    axis = {
        "labels": [f"{world.calendar.at(moment):%H:%M:%S}" for moment in moments],
        "timestamps": [world.calendar.timestamp(moment)[:-3] for moment in moments],
    }

    def series(name: str) -> dict[str, Any]:
        rng = world.random_streams.stream(f"{deployment.request_id} {name}")
        return axis | {"datasets": _values(name, len(moments), rng)}

    return Reply(
        200,
        {
            "total": {name: series(name) for name in _TOTALS},
            "cpu": series("cpu"),
            "cpu_throttle_rate": series("cpu_throttle_rate"),
            "cpu_throttle_total": series("cpu_throttle_total"),
            "mem": series("mem"),
            "network": {"receive": series("receive"), "transmit": series("transmit")},
        },
    )


def _values(name: str, count: int, rng: random.Random) -> list[int]:
    if name in _LEVELS:
        return [rng.randint(*_LEVELS[name]) for _ in range(count)]
    values: list[int] = []
    total = 0
    for _ in range(count):
        total += rng.randint(0, _TOTALS[name])
        values.append(total)
    return values


def _moments(world: World, deployment: SimulatedDeployment, query: Mapping[str, Any]) -> Sequence[float]:
    """Return the moments of the requested points, from READY to the present or the end of the deployment."""
    ready, now = deployment.ready_at, world.clock()
    if deployment.ends_at is not None:
        now = min(now, deployment.ends_at)
    step = _step(query.get("steps"))
    start, end = (_moment(world, query, name) for name in ("start_time", "end_time"))
    if start is not None and end is not None and end <= start:
        raise Rejection(400, "end_time: this must be later than start_time")
    if ready is None or not deployment.was_ready:
        return ()
    first = ready if start is None else max(start, ready)
    last = now if end is None else min(end, now)
    if last < first:
        return ()
    count = min(math.floor((last - first) / step) + 1, _MAX_POINTS)
    return [first + step * number for number in range(count)]


def _moment(world: World, query: Mapping[str, Any], name: str) -> float | None:
    value = query.get(name)
    if value is None:
        return None
    try:
        return world.calendar.moment(datetime.fromisoformat(value))
    except ValueError:
        raise Rejection(400, f"{name}: this must be a date and time in ISO 8601") from None


def _step(value: str | None) -> float:
    if value is None:
        return _DEFAULT_STEP
    match = re.fullmatch(r"([1-9]\d{0,6})([smhd]?)", value)
    if match is None:
        raise Rejection(400, "steps: this must be a duration such as 30s, 1m or 1h")
    return float(int(match[1]) * _UNITS[match[2] or "s"])
