"""``edgegap-async reap``: lists orphaned servers, asks, and stops them."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import attrs

from edgegap_async import EdgegapClient
from edgegap_async.cli.exit_codes import ExitCode, UsageError
from edgegap_async.cli.output import confirm, format_count, print_error, standard_output
from edgegap_async.errors import EdgegapError
from edgegap_async.ownership.journal import OrphanedServer

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@attrs.frozen(kw_only=True)
class ReapOptions:
    """The options of ``edgegap-async reap``.

    Attributes:
        journal: The folder of a client's journal, or None.
        older_than: An age such as "30m", or None.
        dry_run: Whether to list the servers and stop none.
        yes: Whether to stop them without asking.
    """

    journal: Path | None
    older_than: str | None
    dry_run: bool
    yes: bool


def parse_age(text: str) -> timedelta:
    """Parse an age such as "90s", "30m", "2h" or "1d".

    Raises:
        UsageError: If the string is not a number with one of these units.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if found is None:
        raise UsageError(f"--older-than needs a number with a unit, such as 30m, 2h or 1d, not {text!r}")
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


def reap(options: ReapOptions) -> ExitCode:
    """List the orphaned servers, ask, and stop them.

    Errors of the service are printed, one line each.

    Raises:
        UsageError: If the options do not say how to find orphaned servers, or the journal does not exist.
    """
    if options.journal is None and options.older_than is None:
        raise UsageError("reap needs --journal or --older-than to find orphaned servers")
    if options.journal is not None and not options.journal.is_dir():
        raise UsageError(f"--journal {options.journal}: there is no such folder")
    older_than = None if options.older_than is None else parse_age(options.older_than)
    exit_code = ExitCode.FAILED
    try:
        exit_code = asyncio.run(_list_and_stop(options, older_than))
    except* EdgegapError as failures:
        for failure in failures.exceptions:
            print_error(f"edgegap-async: {failure}")
    return exit_code


async def _list_and_stop(options: ReapOptions, older_than: timedelta | None) -> ExitCode:
    output = standard_output()
    async with EdgegapClient(journal=options.journal) as edgegap:
        orphaned = await edgegap.recover(older_than=older_than, dry_run=True)
        if not orphaned:
            output.write("No orphaned servers.\n")
            return ExitCode.OK
        output.write("".join(f"{_describe(server)}\n" for server in orphaned))
        if options.dry_run:
            return ExitCode.OK
        if not options.yes and not confirm(f"Stop {format_count(len(orphaned), 'server')}?", "reap stops servers"):
            return ExitCode.FAILED
        stopped = await edgegap.recover(older_than=older_than)
        output.write(f"Stopped {format_count(len(stopped), 'server')}.\n")
    return ExitCode.OK


def _describe(server: OrphanedServer) -> str:
    name = f"  {server.name}" if server.name else ""
    return f"{server.request_id}  {server.tag}  requested {server.tag.requested_at:%Y-%m-%d %H:%M:%S}Z{name}"
