"""The machine: which core measures and which one serves, and what to report about both."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]

_HAS_AFFINITY: Final = hasattr(os, "sched_setaffinity")  # macOS and Windows choose the core themselves

_CORES: Final = sorted(os.sched_getaffinity(0)) if _HAS_AFFINITY else [*range(os.cpu_count() or 1)]
CLIENT_CORE: Final = _CORES[0]
SERVER_CORE: Final = _CORES[-1]
"""The same core as the client's on a machine that has one: then wall-clock times include the server's work."""

_PACKAGES: Final = (
    *("aiohttp", "orjson", "msgspec", "attrs", "cattrs", "tenacity", "aiolimiter"),
    *("httpx", "pydantic", "openapi-python-client", "uvloop"),
)


@contextmanager
def on_client_core() -> Iterator[None]:
    """Run this process, and the processes that it starts meanwhile, on the client's core."""
    before = os.sched_getaffinity(0) if _HAS_AFFINITY else set[int]()
    pin(0, {CLIENT_CORE})
    try:
        yield
    finally:
        pin(0, before)


def pin(process: int, cores: set[int]) -> None:
    """Run a process on some cores only, where the system can do that; 0 is this process."""
    if _HAS_AFFINITY:
        os.sched_setaffinity(process, cores)


def resident_bytes() -> int:
    """Return the memory that this process has in use; without /proc, the most that it had in use."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def describe() -> dict[str, object]:
    """Return what a reader of the results needs to know about the machine."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": len(_CORES),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "commit": _commit(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    details = Path("/proc/cpuinfo")
    for line in details.read_text().splitlines() if details.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str | None:
    """Return the commit of the working tree, None outside of a clone."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
