"""The commands with their options. Each imports its module when it runs, so that ``--help`` stays fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from cyclopts import App, CycloptsError, Parameter, validators

from edgegap_async._version import __version__
from edgegap_async.cli.exit_codes import ExitCode, UsageError
from edgegap_async.cli.output import print_error
from edgegap_async.errors import EdgegapError


def _validate_range(_: Any, seconds: tuple[float, float] | None) -> None:
    if seconds is not None and not 0 <= seconds[0] <= seconds[1]:
        raise ValueError("Must be two numbers of seconds, the shorter time first, neither below 0.")


SecondsRange: TypeAlias = Annotated[tuple[float, float], Parameter(validator=_validate_range, negative="")]
"""The shortest and the longest time, in seconds: ``--time-to-ready 2 6``."""

Flag: TypeAlias = Annotated[bool, Parameter(negative="", show_default=False)]
"""An option without a value, off by default."""

app: Final = App(
    name="edgegap-async",
    help="Deploy Edgegap game servers from the command line, or run a local Edgegap to try it without an account.",
    version=f"edgegap-async {__version__}",
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)


@app.command
def demo(
    *,
    seed: int = 1,
    matches: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=1000))] = 24,
    json: Flag = False,
    time_to_ready: SecondsRange | None = None,
    timeout: Annotated[float, Parameter(validator=validators.Number(gt=0))] = 120.0,
    live: Flag = False,
    application: str | None = None,
    version: str | None = None,
    yes: Flag = False,
) -> int:
    """Deploy a game server for each of many matches at the same time, show the progress, then stop all servers.

    It runs on a local Edgegap on this machine, unless --live is passed. Ctrl-C stops every server it started.

    Args:
        seed: Seed of everything random: the same seed gives the same matches, servers and cities.
        matches: Number of matches that need a server.
        json: Print one JSON document instead of the progress.
        time_to_ready: Shortest and longest time until a server of the local Edgegap is ready, in seconds
            (default 2 6).
        timeout: Seconds that a server may take to become ready.
        live: Use the real service, with EDGEGAP_API_TOKEN (and EDGEGAP_BASE_URL). The servers are billed until they
            are stopped. If the demo is killed, stop them with "edgegap-async reap --older-than 10m".
        application: Application to deploy; required by --live.
        version: Version of the application; required by --live.
        yes: Start servers on the real service without asking for confirmation.
    """
    from edgegap_async.cli.demo import command  # noqa: PLC0415 - see the module's docstring

    return command.run_demo(
        command.DemoOptions(
            seed=seed,
            matches=matches,
            timeout=timeout,
            json=json,
            live=live,
            yes=yes,
            application=application,
            version=version,
            time_to_ready=time_to_ready,
        )
    )


@app.command
def serve(
    *,
    port: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))] = 8080,
    seed: int = 1,
    time_to_ready: SecondsRange = (2.0, 6.0),
    counting: Literal["sliding", "fixed", "bucket"] = "sliding",
    no_limits: Flag = False,
) -> int:
    """Run the local Edgegap until Ctrl-C, and print the environment variables that point a client to it.

    It listens on the loopback interface of this machine only.

    Args:
        port: Port to listen on; 0 picks a free one.
        seed: Seed of everything random: the same seed gives the same servers and cities.
        time_to_ready: Shortest and longest time until a server is ready, in seconds.
        counting: How requests are counted against the rate limits: in a sliding second, in fixed seconds, or in a
            token bucket. It is not documented how the service counts.
        no_limits: Disable the rate limits.
    """
    from edgegap_async.cli import serve as serve_command  # noqa: PLC0415 - see the module's docstring

    return serve_command.serve(
        serve_command.ServeOptions(
            port=port, seed=seed, time_to_ready=time_to_ready, counting=counting, rate_limits=not no_limits
        )
    )


@app.command
def reap(
    *,
    journal: Path | None = None,
    older_than: str | None = None,
    allow_recent: Flag = False,
    dry_run: Flag = False,
    yes: Flag = False,
    json: Flag = False,
) -> int:
    """Stop orphaned servers: those whose process ended without stopping them.

    It uses EDGEGAP_API_TOKEN (and EDGEGAP_BASE_URL), lists the servers, asks for confirmation, and stops exactly the
    servers that it listed.

    Args:
        journal: Folder of the journal that clients wrote with "EdgegapClient(journal=...)": finds the servers of
            processes that have ended.
        older_than: Age such as 30m, 2h or 1d: finds every server that any client of this library requested longer
            ago than this, also those of processes that still run.
        allow_recent: Accept an age below 10 minutes.
        dry_run: List the servers, and stop none.
        yes: Stop the servers without asking for confirmation.
        json: Print one JSON object: the servers that were listed, stopped, already stopped, and not stopped (failed).
    """
    from edgegap_async.cli import reap as reap_command  # noqa: PLC0415 - see the module's docstring

    return reap_command.reap(
        reap_command.ReapOptions(
            journal=journal, older_than=older_than, allow_recent=allow_recent, dry_run=dry_run, yes=yes, json=json
        )
    )


def run(arguments: list[str]) -> int:
    """Run a command. An error of the library is printed as one line, without a traceback.

    Args:
        arguments: The command line, without the name of the program.

    Returns:
        The exit code.
    """
    try:
        code: object = app(arguments, exit_on_error=False)
    except CycloptsError:  # cyclopts has printed it
        return ExitCode.USAGE
    except UsageError as error:
        print_error(f"edgegap-async: {error}")
        return ExitCode.USAGE
    except EdgegapError as error:
        print_error(f"edgegap-async: {error}")
        return ExitCode.FAILED
    return code if isinstance(code, int) else ExitCode.OK
