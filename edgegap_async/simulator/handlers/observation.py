"""What can be seen of a deployment from outside, and said about it: logs, metrics, reports."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from edgegap_async.simulator.domain.deployment import Report, SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.deployments import found
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def logs(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/deployment/{deployment_id}/container-logs."""
    deployment = found(world, call.path["deployment_id"])
    failed = deployment.state is DeploymentState.ERROR
    detail = deployment.error_detail
    return Reply(
        200,
        {
            "logs": "\n".join(_lines(world, deployment)),
            "encoding": "utf-8",
            "crash_logs": f"fatal: {detail}" if failed else None,
            "crash_data": {"exit_code": 1, "message": detail, "restart_count": 0} if failed else None,
            "logs_link": None,
        },
    )


def _lines(world: World, deployment: SimulatedDeployment) -> Sequence[str]:
    ready = deployment.ready_at
    if ready is None or not deployment.was_ready:
        return ()
    told = [f"{deployment.application} {deployment.version} starting"]
    told += [f"listening on {each.settings.port}/{each.settings.protocol}" for each in deployment.ports]
    told += [f"waiting for {deployment.user_count} players"]
    return [f"[{world.calendar.timestamp(ready + 0.01 * number)}] {line}" for number, line in enumerate(told)]


def report(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/deployments/{deployment_id}:report; the document has no 404 here."""
    deployment = found(world, call.path["deployment_id"], otherwise=400)
    body = call.body
    deployment.reports.append(Report(world.clock(), body["reason"], body.get("metadata", {})))
    return Reply(200)


# metrics

_MOST_POINTS: Final = 1000
_UNITS: Final[Mapping[str, int]] = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DEFAULT_STEP: Final = 60.0

_LEVELS: Final[Mapping[str, tuple[int, int]]] = {
    "cpu": (50, 900),
    "cpu_throttle_rate": (0, 20),
    "cpu_throttle_total": (0, 20),
    "mem": (200, 450),
    "receive": (20_000, 60_000),
    "transmit": (40_000, 90_000),
}
"""The least and the most of each series that goes up and down."""

_TOTALS: Final[Mapping[str, int]] = {
    "receive_total": 60_000,
    "transmit_total": 90_000,
    "disk_read_total": 4096,
    "disk_write_total": 8192,
}
"""The most by which each series that only grows does so in a step."""


def metrics(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/metrics/deployment/{deployment_id}."""
    deployment = found(world, call.path["deployment_id"])
    moments = _moments(world, deployment, call.query)
    axis = {
        "labels": [f"{world.calendar.at(moment):%H:%M:%S}" for moment in moments],
        "timestamps": [world.calendar.timestamp(moment)[:-3] for moment in moments],
    }

    def series(name: str) -> dict[str, Any]:
        chance = world.chances.stream(f"{deployment.request_id} {name}")
        return axis | {"datasets": _values(name, len(moments), chance)}

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


def _values(name: str, count: int, chance: random.Random) -> list[int]:
    if name in _LEVELS:
        return [chance.randint(*_LEVELS[name]) for _ in range(count)]
    grown: list[int] = []
    total = 0
    for _ in range(count):
        total += chance.randint(0, _TOTALS[name])
        grown.append(total)
    return grown


def _moments(world: World, deployment: SimulatedDeployment, query: Mapping[str, Any]) -> Sequence[float]:
    """The moments asked for at which the deployment ran."""
    ready, now = deployment.ready_at, world.clock()
    step = _step(query.get("steps"))
    start, end = (_moment(world, query, name) for name in ("start_time", "end_time"))
    if ready is None or not deployment.was_ready:
        return ()
    first = ready if start is None else max(start, ready)
    last = now if end is None else min(end, now)
    if last < first:
        return ()
    count = min(math.floor((last - first) / step) + 1, _MOST_POINTS)
    return [first + step * number for number in range(count)]


def _moment(world: World, query: Mapping[str, Any], name: str) -> float | None:
    given = query.get(name)
    if given is None:
        return None
    try:
        return world.calendar.moment(datetime.fromisoformat(given))
    except ValueError:
        raise Rejection(400, f"{name}: this must be a date and time") from None


def _step(given: str | None) -> float:
    if given is None:
        return _DEFAULT_STEP
    read = re.fullmatch(r"([1-9]\d{0,6})([smhd]?)", given)
    if read is None:
        raise Rejection(400, "steps: this must be a duration as 30s, 1m or 1h")
    return float(int(read[1]) * _UNITS[read[2] or "s"])
