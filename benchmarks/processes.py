"""Servers in processes of their own, so that their work is in nobody's CPU time and nobody's event loop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def served(script: str, *arguments: str) -> AsyncIterator[list[str]]:
    """Run a script of this folder while the block lasts; gives the words of the first line it prints.

    The script serves until its standard input closes, so it ends with this process, however that ends.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name(script)),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().split()
    finally:
        process.stdin.close()
        await process.wait()


async def until_left(*announced: str) -> None:
    """What such a script does: print a line and wait until nobody needs it."""
    sys.stdout.write(" ".join(announced) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
