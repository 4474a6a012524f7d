"""The command as a process of its own, and as a function where that is enough."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import attrs
import pytest

from edgegap_async import cli

AT_ONCE = ("--time-to-ready", "0", "0")


@attrs.frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in this process."""
    for variable in ("EDGEGAP_API_TOKEN", "EDGEGAP_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    # help and errors are as wide as the terminal says
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["edgegap-async", *arguments])
        code = cli.main()
        written = capsys.readouterr()
        return Ended(code, written.out, written.err)

    return run


@attrs.frozen
class Command:
    """The command in a process of its own."""

    process: asyncio.subprocess.Process

    async def line(self, holding: str) -> str:
        """The next line of its output that holds this."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if holding in line.decode():
                return line.decode()
        raise AssertionError(f"it ended without a line that holds {holding!r}: {await self.ended()}")

    async def ended(self) -> Ended:
        out, err = await asyncio.wait_for(self.process.communicate(), 10)
        assert self.process.returncode is not None
        return Ended(self.process.returncode, (out or b"").decode(), err.decode())


Start = Callable[..., Awaitable[Command]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts the command; ``environment`` is added to this process's."""
    started: list[asyncio.subprocess.Process] = []

    async def start(*arguments: str, environment: dict[str, str] | None = None, **streams: Any) -> Command:
        streams = {"stdin": asyncio.subprocess.DEVNULL, "stdout": asyncio.subprocess.PIPE} | streams
        clean = {name: value for name, value in os.environ.items() if not name.startswith("EDGEGAP_")}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "edgegap_async.cli",
            *arguments,
            env=clean | (environment or {}),
            stderr=asyncio.subprocess.PIPE,
            **streams,
        )
        started.append(process)
        return Command(process)

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
