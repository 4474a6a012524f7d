"""Prism, the specification's own mock and validating proxy, as a process (it needs node)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import attrs

from edgegap_async.simulator.http.routing import MatchedRoute, Routes

COMMAND: Final = os.environ.get("PRISM", "prism")
"""The program; nox installs it and says where."""

_STARTING_SECONDS: Final = 30.0
_PORTS: Final = iter(range(20_000, 30_000))
"""Each is tried once, and none is one that connections take at their other end."""


def free_port() -> int:
    """A port that nobody listens on."""
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


@asynccontextmanager
async def prism(*arguments: str) -> AsyncIterator[str]:
    """Prism on a free port, started with these arguments; gives its address."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        COMMAND, arguments[0], "-h", "127.0.0.1", "-p", str(port), "-v", "fatal", *arguments[1:],
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_STARTING_SECONDS):
            while not await _answers(port):
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@attrs.frozen
class Violation:
    """One thing that Prism says of a request or of a response, in its own words; no field means all of it."""

    operation_id: str
    side: str
    field: str
    words: str

    @classmethod
    def read(cls, operation_id: str, told: Mapping[str, Any]) -> Violation:
        """An entry of the header."""
        side, *where = told.get("location", ["request"])
        return cls(operation_id, side, ".".join(map(str, where)), told["message"])


class Violations:
    """Collects what Prism says of the exchanges of some operations, for an aiohttp session's ``trace_configs``."""

    def __init__(self, operations: Collection[str]) -> None:
        self.found: list[Violation] = []
        self.exchanges: Counter[str] = Counter()
        """How many there were, by operation."""
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_end.append(self._note)
        self._operations = operations
        self._routes = Routes()

    async def _note(self, _: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
        found = self._routes.find(end.method, end.url.raw_path)
        assert isinstance(found, MatchedRoute), end.url
        operation_id = found.operation.operation_id
        if operation_id in self._operations:
            self.exchanges[operation_id] += 1
            told = json.loads(end.response.headers.get("sl-violations", "[]"))
            self.found += [Violation.read(operation_id, each) for each in told]
