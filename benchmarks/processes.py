"""Runs servers in separate processes, so that a benchmark measures neither their CPU time nor their event loop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.machine import ROOT, SERVER_CORE, pin


@asynccontextmanager
async def served(module: str, *arguments: str) -> AsyncIterator[list[str]]:
    """Run a module of this package on the server's core for the duration of the block.

    Yields the words of the first line it prints. The module serves until its standard input is closed, so it ends with
    this process, even if this process is killed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", f"benchmarks.{module}", *arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    pin(process.pid, {SERVER_CORE})
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().split()
    finally:
        process.stdin.close()
        await process.wait()


async def serve_until_stdin_closes(*words: str) -> None:
    """Print a line for ``served`` to read, and wait until the standard input is closed."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
