"""Runs Prism, a mock server and validating proxy for OpenAPI documents, as a process (needs node)."""

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
"""The executable; nox installs it and sets the variable."""

_STARTING_SECONDS: Final = 30.0
_PORTS: Final = iter(range(20_000, 30_000))
"""Ports below the ephemeral range, so that no outgoing connection uses one; each is tried once."""


def free_port() -> int:
    """Return a port that no process listens on."""
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


@asynccontextmanager
async def prism(*arguments: str) -> AsyncIterator[str]:
    """Run Prism on a free port with these arguments; yields its URL."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        COMMAND, arguments[0], "-h", "127.0.0.1", "-p", str(port), "-v", "fatal", *arguments[1:],
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_STARTING_SECONDS):
            while not await _accepts_connections(port):
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _accepts_connections(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@attrs.frozen
class Violation:
    """A violation that Prism reports for a request or response; an empty field means the whole message."""

    operation_id: str
    side: str
    field: str
    message: str

    @classmethod
    def read(cls, operation_id: str, entry: Mapping[str, Any]) -> Violation:
        """Read an entry of the ``sl-violations`` header."""
        side, *where = entry.get("location", ["request"])
        return cls(operation_id, side, ".".join(map(str, where)), entry["message"])


class Violations:
    """Collects the violations that Prism reports for some operations, as a trace config of an aiohttp session."""

    def __init__(self, operations: Collection[str]) -> None:
        self.found: list[Violation] = []
        self.exchanges: Counter[str] = Counter()
        """The number of requests with their responses, by operation."""
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_end.append(self._record)
        self._operations = operations
        self._routes = Routes()

    async def _record(self, _: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
        found = self._routes.find(end.method, end.url.raw_path)
        assert isinstance(found, MatchedRoute), end.url
        operation_id = found.operation.operation_id
        if operation_id in self._operations:
            self.exchanges[operation_id] += 1
            entries = json.loads(end.response.headers.get("sl-violations", "[]"))
            self.found += [Violation.read(operation_id, each) for each in entries]
