"""Runs the local Edgegap until SIGINT or SIGTERM: ``edgegap-async serve``, with a token and an address to choose.

Other containers reach it under ``--host 0.0.0.0``: whoever has the token can change everything in it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal

from edgegap_async.simulator import LocalEdgegap


def parser() -> argparse.ArgumentParser:
    """The options of the command line."""
    options = argparse.ArgumentParser(prog="python -m examples.matchmaker.local_edgegap")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8080)
    options.add_argument("--time-to-ready", type=float, nargs=2, default=(1.0, 3.0), metavar="SECONDS")
    return options


async def serve(options: argparse.Namespace) -> None:
    """Serve, and print the variables of a client first and what remains at the end."""
    local = LocalEdgegap(
        host=options.host,
        port=options.port,
        allow_remote=True,
        token=os.environ.get("EDGEGAP_API_TOKEN"),
        time_to_ready=tuple(options.time_to_ready),
    )
    stopping = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stopping.set)
    async with local:
        print(f"export EDGEGAP_BASE_URL={local.url}\nexport EDGEGAP_API_TOKEN={local.token}", flush=True)
        await stopping.wait()
        print(f"{len(local.requests)} requests, {len(local.history)} servers, still running: {len(local.deployments)}")


if __name__ == "__main__":
    asyncio.run(serve(parser().parse_args()))
