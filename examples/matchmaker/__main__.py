"""Starts the matchmaker with four workers on a local Edgegap, in one command.

``python -m examples.matchmaker``, from the folder of the clone. Ctrl-C or SIGTERM ends it: every worker stops its
servers, then the other processes end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from tempfile import TemporaryDirectory
from typing import Any

from examples.matchmaker import processes


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.matchmaker", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8000, help="the port of the matchmaker, 0 for a free one")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--time-to-ready", type=float, nargs=2, default=(1.0, 3.0), metavar="SECONDS")
    return parser.parse_args()


async def run(options: argparse.Namespace) -> int:
    """Run all processes until a signal arrives; return the exit code."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stopping.set)  # before any process starts: they would inherit an ignored SIGINT
    async with AsyncExitStack() as stack:  # the workers are started last and ended first
        journal = os.environ.get("MATCHMAKER_JOURNAL") or stack.enter_context(TemporaryDirectory(prefix="matchmaker-"))
        backing = {
            "EDGEGAP_BASE_URL": processes.local_edgegap(options.time_to_ready),
            "EDGEGAP_COORDINATION_URL": processes.valkey(),
        }
        async with asyncio.TaskGroup() as group:
            missing = [each for name, each in backing.items() if name not in os.environ]
            starting = [group.create_task(stack.enter_async_context(each)) for each in missing]
        started = [task.result() for task in starting]
        port = options.port or processes.free_port()
        variables = {"MATCHMAKER_JOURNAL": journal}
        if "EDGEGAP_BASE_URL" not in os.environ:  # the local Edgegap reaches this machine
            variables["MATCHMAKER_WEBHOOK_URL"] = f"http://127.0.0.1:{port}/edgegap"
        for each in started:
            variables |= each.variables
        uvicorn = await stack.enter_async_context(processes.uvicorn(port, options.workers, variables))
        print("processes:", *(each.process.pid for each in [*started, uvicorn]))
        url = uvicorn.variables["URL"]
        print(f"the matchmaker runs on {url} with {options.workers} workers; Ctrl-C stops it")
        print(f"try: python -m examples.matchmaker.load --url {url} --tickets 200", flush=True)
        await first_of(stopping.wait(), uvicorn.process.wait())
        print("stopping", flush=True)
    problems = [line for line in uvicorn.output if re.search(r"Traceback|ERROR", line)]
    if problems or not stopping.is_set():
        print("\n".join(uvicorn.output), file=sys.stderr)
    for line in (line for child in started for line in child.output if "still running" in line):
        print(line)
    return 1 if problems or not stopping.is_set() else 0


async def first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait until one of several waits ends, and cancel the others."""
    tasks = [asyncio.create_task(each) for each in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    sys.exit(asyncio.run(run(arguments())))
