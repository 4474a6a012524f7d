"""All workloads, in the order in which they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from benchmarks.results import Figure, Result
from benchmarks.workloads import (
    acquire,
    command_line,
    concurrent_status,
    decoding,
    idle_waits,
    imports,
    limited_pages,
    limiter_waiters,
    memory,
    readiness,
    rows,
    saturation,
    slow_pages,
    status,
)
from benchmarks.workloads.base import Workload

_MODULES: Final = (
    *(status, concurrent_status, rows, decoding, memory, slow_pages, limited_pages, imports, command_line),
    *(acquire, limiter_waiters, readiness, saturation, idle_waits),
)

WORKLOADS: Final[dict[str, Workload]] = {module.WORKLOAD.name: module.WORKLOAD for module in _MODULES}


def results_of(document: Mapping[str, Any]) -> dict[str, Result]:
    """Return the results of an earlier run from its JSON, with the goals as they are now."""
    return {
        each["name"]: WORKLOADS[each["name"]].result(Figure.from_json(figure) for figure in each["figures"])
        for each in document["workloads"]
    }
