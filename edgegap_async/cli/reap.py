"""Stops the servers that ended processes left behind, after it has asked."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import attrs

from edgegap_async import EdgegapClient
from edgegap_async.cli.exits import FAILED, OK, UsageError
from edgegap_async.cli.output import agreed, counted, standard_output, tell
from edgegap_async.ownership.journal import OrphanedServer

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@attrs.frozen(kw_only=True)
class ReapOptions:
    """By what they are found, and whether they are stopped without asking, or at all."""

    journal: Path | None
    older_than: str | None
    dry_run: bool
    yes: bool


def age(text: str) -> timedelta:
    """A length of time such as 90s, 30m, 2h or 1d. Raises UsageError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if found is None:
        raise UsageError(f"--older-than is a number and a unit, such as 30m, 2h or 1d, not {text!r}")
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


def reap(options: ReapOptions) -> int:
    """Look, ask, stop; returns the exit code."""
    if options.journal is None and options.older_than is None:
        raise UsageError("reap needs --journal or --older-than, to know what was left behind")
    if options.journal is not None and not options.journal.is_dir():
        raise UsageError(f"there is no journal {options.journal}")
    older_than = None if options.older_than is None else age(options.older_than)
    return asyncio.run(_reap(options, older_than))


async def _reap(options: ReapOptions, older_than: timedelta | None) -> int:
    sink = standard_output()
    async with EdgegapClient(journal=options.journal) as edgegap:
        left = await edgegap.recover(older_than=older_than, dry_run=True)
        if not left:
            sink.write("Nothing was left behind.\n")
            return OK
        sink.write("".join(f"{_line(one)}\n" for one in left))
        if options.dry_run:
            return OK
        if not options.yes and not agreed(f"Stop {counted(len(left), 'server')}?", "reap stops servers"):
            return FAILED
        try:
            stopped = await edgegap.recover(older_than=older_than)
        except ExceptionGroup as failures:
            for failure in failures.exceptions:
                tell(f"edgegap-async: {failure}")
            return FAILED
        sink.write(f"Stopped {counted(len(stopped), 'server')}.\n")
    return OK


def _line(left: OrphanedServer) -> str:
    name = f"  {left.name}" if left.name else ""
    return f"{left.request_id}  {left.tag}  asked for {left.tag.requested_at:%Y-%m-%d %H:%M:%S}Z{name}"
