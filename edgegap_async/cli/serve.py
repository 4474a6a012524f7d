"""The local Edgegap on a port, for other programs."""

from __future__ import annotations

import asyncio

import attrs

from edgegap_async.cli.exits import FAILED, OK
from edgegap_async.cli.interrupts import Interrupts
from edgegap_async.cli.output import Sink, counted, standard_output, tell
from edgegap_async.config import BASE_URL_VARIABLE, TOKEN_VARIABLE
from edgegap_async.simulator import Counting, LocalEdgegap


@attrs.frozen(kw_only=True)
class ServeOptions:
    """How it is to behave; port 0 is any free one."""

    port: int
    seed: int
    time_to_ready: tuple[float, float]
    counting: Counting
    limits: bool


def serve(options: ServeOptions) -> int:
    """Serve until a signal comes; returns the exit code."""
    local = LocalEdgegap(
        port=options.port,
        seed=options.seed,
        time_to_ready=options.time_to_ready,
        counting=options.counting,
        rate_limits="documented" if options.limits else None,
    )
    try:
        return asyncio.run(_serve(local, options, standard_output()))
    except OSError as error:
        tell(f"edgegap-async: port {options.port} cannot be had: {error.strerror or error}")
        return FAILED


async def _serve(local: LocalEdgegap, options: ServeOptions, sink: Sink) -> int:
    with Interrupts() as interrupts:
        async with local:
            least, most = options.time_to_ready
            limits = f"{options.counting} limits" if options.limits else "no limits"
            about = f"seed {options.seed}, servers ready in {least:g} to {most:g} s, {limits}"
            sink.write(
                f"export {BASE_URL_VARIABLE}={local.url}\n"
                f"export {TOKEN_VARIABLE}={local.token}\n"
                f"\nA local Edgegap, until Ctrl-C ({about}).\n"
            )
            await _until(interrupts)
            served, made = counted(len(local.requests), "request"), counted(len(local.history), "deployment")
            sink.write(f"\nServed {served}, made {made}, {len(local.deployments)} still running.\n")
    return OK


async def _until(interrupts: Interrupts) -> None:
    waiting = asyncio.create_task(asyncio.Event().wait(), name="serve")
    with interrupts.cancelling(waiting):
        await asyncio.wait({waiting})
