"""The commands and their options. What they do is imported when they do it: ``--help`` is not to wait for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from cyclopts import App, CycloptsError, Parameter, validators

from edgegap_async._version import __version__
from edgegap_async.cli.exits import FAILED, MISUSED, OK, UsageError
from edgegap_async.cli.output import tell
from edgegap_async.errors import EdgegapError


def _in_order(_: Any, span: tuple[float, float] | None) -> None:
    if span is not None and not 0 <= span[0] <= span[1]:
        raise ValueError("Must be the least and the most seconds, in this order, none below 0.")


Seed: TypeAlias = Annotated[int, Parameter(help="Of everything random: the same seed, the same servers and cities.")]
Span: TypeAlias = Annotated[
    tuple[float, float],
    Parameter(
        validator=_in_order,
        negative="",
        help="The least and the most seconds until a server of the local Edgegap is ready.",
    ),
]
Flag: TypeAlias = Annotated[bool, Parameter(negative="", show_default=False)]

app: Final = App(
    name="edgegap-async",
    help="Edgegap game servers from the command line, and a local Edgegap to try everything on without an account.",
    version=f"edgegap-async {__version__}",
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)


@app.command
def demo(
    *,
    seed: Seed = 1,
    matches: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=1000))] = 24,
    json: Flag = False,
    time_to_ready: Span | None = None,
    timeout: Annotated[float, Parameter(validator=validators.Number(gt=0))] = 120.0,
    live: Flag = False,
    application: str | None = None,
    version: str | None = None,
    yes: Flag = False,
) -> int:
    """Deploy a game server for each of many matches at once, show them, stop them all.

    It runs on a local Edgegap on this machine, unless --live is given. Ctrl-C stops every server it started.

    Parameters
    ----------
    matches
        How many matches wait for a server.
    json
        Print one JSON document instead.
    timeout
        Seconds that a server may take to be ready.
    live
        On the real service, with EDGEGAP_API_TOKEN (and EDGEGAP_BASE_URL). The servers are billed until they are
        stopped.
    application
        What to deploy; --live needs it.
    version
        Which version of it; --live needs it.
    yes
        Do not ask before servers are started on the real service.
    """
    from edgegap_async.cli import stages  # noqa: PLC0415 - see above

    return stages.demo(
        stages.DemoOptions(
            seed=seed,
            count=matches,
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
    seed: Seed = 1,
    time_to_ready: Span = (2.0, 6.0),
    counting: Literal["sliding", "fixed", "bucket"] = "sliding",
    no_limits: Flag = False,
) -> int:
    """Run the local Edgegap until Ctrl-C, and print what to export for programs to use it.

    It listens on this machine's loopback only.

    Parameters
    ----------
    port
        Where it listens; 0 for any free port.
    counting
        How it counts requests against its limits: nobody knows how the service does.
    no_limits
        Let any number of requests through.
    """
    from edgegap_async.cli import serve as server  # noqa: PLC0415 - see above

    return server.serve(
        server.ServeOptions(port=port, seed=seed, time_to_ready=time_to_ready, counting=counting, limits=not no_limits)
    )


@app.command
def reap(
    *,
    journal: Path | None = None,
    older_than: str | None = None,
    dry_run: Flag = False,
    yes: Flag = False,
) -> int:
    """Stop the servers that ended processes left behind, with EDGEGAP_API_TOKEN (and EDGEGAP_BASE_URL).

    It lists them first, and asks.

    Parameters
    ----------
    journal
        The folder in which clients wrote what they started: what processes that have ended left there.
    older_than
        Such as 30m, 2h or 1d: any server that a client asked for so long ago, of whatever process.
    dry_run
        List them, and stop none.
    yes
        Do not ask.
    """
    from edgegap_async.cli import reap as reaper  # noqa: PLC0415 - see above

    return reaper.reap(reaper.ReapOptions(journal=journal, older_than=older_than, dry_run=dry_run, yes=yes))


def run(arguments: list[str]) -> int:
    """Run a command; returns the exit code. What the library complains of is one line, without traceback."""
    try:
        code: object = app(arguments, exit_on_error=False)
    except CycloptsError:  # it has been printed
        return MISUSED
    except UsageError as error:
        tell(f"edgegap-async: {error}")
        return MISUSED
    except EdgegapError as error:
        tell(f"edgegap-async: {error}")
        return FAILED
    return code if isinstance(code, int) else OK
