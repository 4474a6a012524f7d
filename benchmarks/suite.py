"""All workloads, in the order in which they run."""

from __future__ import annotations

from typing import Final

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
