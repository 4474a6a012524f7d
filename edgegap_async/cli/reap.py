"""``edgegap-async reap``: lists orphaned servers, asks, and stops exactly those that it listed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import attrs

from edgegap_async import EdgegapClient
from edgegap_async.cli.exit_codes import ExitCode, UsageError
from edgegap_async.cli.output import OutputStream, confirm, format_count, print_error, standard_output
from edgegap_async.errors import EdgegapError
from edgegap_async.ownership.journal import OrphanedServer
from edgegap_async.ownership.recovery import RecoveryFailed

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

_RECENT: Final = timedelta(minutes=10)
"""A server that was requested less long ago probably belongs to a process that still runs."""


@attrs.frozen(kw_only=True)
class ReapOptions:
    """The options of ``edgegap-async reap``.

    Attributes:
        journal: The folder of a client's journal, or None.
        older_than: An age such as "30m", or None.
        allow_recent: Whether the age may be below 10 minutes.
        dry_run: Whether to list the servers and stop none.
        yes: Whether to stop them without asking.
        json: Whether to print one JSON object instead of lines.
    """

    journal: Path | None
    older_than: str | None
    allow_recent: bool
    dry_run: bool
    yes: bool
    json: bool


@attrs.frozen
class ReapReport:
    """What ``reap`` found and what became of it.

    Attributes:
        listed: The orphaned servers that it found.
        recovered: Those that it stopped, or that were already stopped.
        failed: Those that it could not stop.
    """

    listed: Sequence[OrphanedServer]
    recovered: Sequence[OrphanedServer] = ()
    failed: Sequence[OrphanedServer] = ()

    @property
    def stopped(self) -> list[str]:
        """The ids of the servers that it stopped."""
        return [each.request_id or "" for each in self.recovered if each.outcome == "stopped"]

    @property
    def already_stopped(self) -> list[str]:
        """The ids of the servers that the service no longer had to stop."""
        return [each.request_id or "" for each in self.recovered if each.outcome == "already stopped"]

    def as_json(self) -> str:
        """Return the report as one JSON object."""
        document = {
            "listed": [
                {
                    "request_id": each.request_id,
                    "tag": str(each.tag),
                    "requested_at": each.tag.requested_at.isoformat(timespec="seconds"),
                    "name": each.name,
                }
                for each in self.listed
            ],
            "stopped": self.stopped,
            "already_stopped": self.already_stopped,
            "failed": [each.request_id for each in self.failed],
        }
        return json.dumps(document, indent=2) + "\n"

    def summary(self) -> str:
        """Return what was done, in one line."""
        parts = [f"Stopped {format_count(len(self.stopped), 'server')}."]
        if count := len(self.already_stopped):
            parts.append(f"{format_count(count, 'server was', 'servers were')} already stopped.")
        if count := len(self.failed):
            parts.append(f"{format_count(count, 'server')} could not be stopped.")
        return " ".join(parts) + "\n"


def parse_age(text: str) -> timedelta:
    """Parse an age such as "90s", "30m", "2h" or "1d".

    Raises:
        UsageError: If the string is not a number above 0 with one of these units.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if found is None:
        raise UsageError(f"--older-than needs a number with a unit, such as 30m, 2h or 1d, not {text!r}")
    try:
        age = timedelta(**{_UNITS[found[2]]: float(found[1])})
    except OverflowError:
        raise UsageError(f"--older-than {text} is too long ago") from None
    if not age:
        raise UsageError(f"--older-than must be above 0, not {text}: it would stop servers that are being created")
    return age


def reap(options: ReapOptions) -> ExitCode:
    """List the orphaned servers, ask, and stop them.

    Errors of the service are printed, one line each.

    Raises:
        UsageError: If the options do not say how to find orphaned servers, the journal does not exist, or the age is
            invalid, or below 10 minutes without ``allow_recent``.
    """
    if options.journal is None and options.older_than is None:
        raise UsageError("reap needs --journal or --older-than to find orphaned servers")
    if options.journal is not None and not options.journal.is_dir():
        raise UsageError(f"--journal {options.journal}: there is no such folder")
    older_than = None if options.older_than is None else parse_age(options.older_than)
    if older_than is not None and older_than < _RECENT and not (options.allow_recent or options.dry_run):
        raise UsageError(
            f"--older-than {options.older_than}: servers younger than 10m probably belong to a process that still "
            "runs; to stop them nevertheless, add --allow-recent"
        )
    exit_code = ExitCode.FAILED
    try:
        exit_code = asyncio.run(_list_and_stop(options, older_than))
    except* EdgegapError as failures:
        for failure in failures.exceptions:
            _print_failure(failure)
    return exit_code


async def _list_and_stop(options: ReapOptions, older_than: timedelta | None) -> ExitCode:
    output = standard_output()
    async with EdgegapClient(journal=options.journal) as edgegap:
        report, is_complete = await _list(edgegap, older_than)
        if not options.json:
            _print_list(output, report.listed)
        is_agreed = bool(report.listed) and not options.dry_run and _confirm(options, len(report.listed))
        if is_agreed:
            report = await _stop(edgegap, report.listed)
    if options.json:
        output.write(report.as_json())
    elif is_agreed:
        output.write(report.summary())
    is_done = is_complete and not report.failed and (is_agreed or options.dry_run or not report.listed)
    return ExitCode.OK if is_done else ExitCode.FAILED


async def _list(edgegap: EdgegapClient, older_than: timedelta | None) -> tuple[ReapReport, bool]:
    """Return the orphaned servers, and whether these are all; print what could not be read."""
    try:
        return ReapReport(await edgegap.recover(older_than=older_than, dry_run=True)), True
    except RecoveryFailed as failures:
        if not failures.recovered:
            raise
        for failure in failures.exceptions:
            _print_failure(failure)
        return ReapReport(failures.recovered), False


def _confirm(options: ReapOptions, count: int) -> bool:
    return options.yes or confirm(f"Stop {format_count(count, 'server')}?", "reap stops servers")


async def _stop(edgegap: EdgegapClient, listed: Sequence[OrphanedServer]) -> ReapReport:
    """Stop the listed servers, and no other."""
    try:
        return ReapReport(listed, await edgegap.recover(orphans=listed))
    except RecoveryFailed as failures:
        for failure in failures.exceptions:
            _print_failure(failure)
        recovered = {each.request_id for each in failures.recovered}
        failed = [each for each in listed if each.request_id not in recovered]
        return ReapReport(listed, failures.recovered, failed)


def _print_list(output: OutputStream, listed: Sequence[OrphanedServer]) -> None:
    if not listed:
        output.write("No orphaned servers.\n")
    output.write("".join(f"{_describe(server)}\n" for server in listed))


def _describe(server: OrphanedServer) -> str:
    name = f"  {server.name}" if server.name else ""
    return f"{server.request_id}  {server.tag}  requested {server.tag.requested_at:%Y-%m-%d %H:%M:%S}Z{name}"


def _print_failure(failure: BaseException) -> None:
    notes = "".join(f"; {note}" for note in getattr(failure, "__notes__", ()))
    print_error(f"edgegap-async: {failure}{notes}")
