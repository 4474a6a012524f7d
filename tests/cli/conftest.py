"""Fixtures that run the command line: in this process, or in a process of its own."""

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

READY_AT_ONCE = ("--time-to-ready", "0", "0")


@attrs.frozen
class Finished:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def output(self) -> str:
        return self.out + self.err


Run = Callable[..., Finished]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in this process."""
    for variable in ("EDGEGAP_API_TOKEN", "EDGEGAP_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    # the width of help texts and errors
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str) -> Finished:
        monkeypatch.setattr(sys, "argv", ["edgegap-async", *arguments])
        code = cli.main()
        captured = capsys.readouterr()
        return Finished(code, captured.out, captured.err)

    return run


@attrs.frozen
class Running:
    """A command that runs in a process of its own."""

    process: asyncio.subprocess.Process

    async def line(self, containing: str) -> str:
        """Wait for the next line of standard output that contains a string."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if containing in line.decode():
                return line.decode()
        raise AssertionError(f"the command ended without a line with {containing!r}: {await self.finished()}")

    async def finished(self) -> Finished:
        """Wait until the command has ended."""
        out, err = await asyncio.wait_for(self.process.communicate(), 30)
        assert self.process.returncode is not None
        return Finished(self.process.returncode, (out or b"").decode(), err.decode())


Start = Callable[..., Awaitable[Running]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts the command in a process of its own; ``environment`` is added to the environment of this process."""
    started: list[asyncio.subprocess.Process] = []

    async def start(*arguments: str, environment: dict[str, str] | None = None, **streams: Any) -> Running:
        streams = {"stdin": asyncio.subprocess.DEVNULL, "stdout": asyncio.subprocess.PIPE} | streams
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("EDGEGAP_")}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "edgegap_async.cli",
            *arguments,
            env=inherited | (environment or {}),
            stderr=asyncio.subprocess.PIPE,
            **streams,
        )
        started.append(process)
        return Running(process)

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
