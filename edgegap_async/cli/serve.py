"""``edgegap-async serve``: runs the local Edgegap on a port, for other programs to use."""

from __future__ import annotations

import asyncio
import shlex

import attrs

from edgegap_async.cli.exit_codes import ExitCode
from edgegap_async.cli.interrupts import Interrupts
from edgegap_async.cli.output import OutputStream, format_count, print_error, standard_output
from edgegap_async.config import BASE_URL_VARIABLE, TOKEN_VARIABLE
from edgegap_async.simulator import Counting, LocalEdgegap


@attrs.frozen(kw_only=True)
class ServeOptions:
    """The options of ``edgegap-async serve``.

    Attributes:
        port: The port to listen on; 0 picks a free one.
        seed: The seed of everything random.
        time_to_ready: The shortest and the longest time until a deployment is ready, in seconds.
        counting: How requests are counted against the rate limits.
        rate_limits: Whether the documented rate limits apply.
    """

    port: int
    seed: int
    time_to_ready: tuple[float, float]
    counting: Counting
    rate_limits: bool


def serve(options: ServeOptions) -> ExitCode:
    """Run the local Edgegap until a signal arrives.

    Prints two ``export`` lines that point a client to it, and a summary at the end.
    """
    local = LocalEdgegap(
        port=options.port,
        seed=options.seed,
        time_to_ready=options.time_to_ready,
        counting=options.counting,
        rate_limits="documented" if options.rate_limits else None,
    )
    try:
        return asyncio.run(_serve(local, options, standard_output()))
    except OSError as error:
        print_error(
            f"edgegap-async: cannot listen on port {options.port}: {error.strerror or error}; "
            "choose another with --port, or --port 0 for a free one"
        )
        return ExitCode.FAILED


async def _serve(local: LocalEdgegap, options: ServeOptions, output: OutputStream) -> ExitCode:
    with Interrupts() as interrupts:
        async with local:
            shortest, longest = options.time_to_ready
            limits = f"{options.counting} rate limits" if options.rate_limits else "no rate limits"
            settings = f"seed {options.seed}, servers ready in {shortest:g} to {longest:g} s, {limits}"
            # the last line is a comment, so that all of it can be pasted into a shell
            output.write(
                f"export {BASE_URL_VARIABLE}={shlex.quote(local.url)}\n"
                f"export {TOKEN_VARIABLE}={shlex.quote(local.token)}\n"
                f"# local Edgegap, stops with Ctrl-C: {settings}\n"
            )
            await _wait_for_signal(interrupts)
            requests = format_count(len(local.requests), "request")
            deployments = format_count(len(local.history), "deployment")
            output.write(f"\nServed {requests}, made {deployments}, {len(local.deployments)} still running.\n")
    return ExitCode.OK


async def _wait_for_signal(interrupts: Interrupts) -> None:
    forever = asyncio.create_task(asyncio.Event().wait(), name="wait for a signal")
    with interrupts.cancelling(forever):
        await asyncio.wait({forever})
