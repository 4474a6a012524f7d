"""The demo in a terminal: all matches at a glance while it runs, then a table and what the client did."""

from __future__ import annotations

import math
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Final, cast

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from edgegap_async.cli.output import Sink, counted
from edgegap_async.cli.progress import FAILED, READY, REQUESTED, WAITING, MatchServer, Summary
from edgegap_async.operations import DOCUMENTED_RATES

_STYLES: Final[Mapping[str, str]] = {WAITING: "dim", REQUESTED: "dim", READY: "green", FAILED: "red"}
_ON_ITS_WAY: Final = "yellow"

_MARKS: Final[Mapping[str, str]] = {WAITING: "·", REQUESTED: "○", READY: "●", FAILED: "✗"}
_MARK_ON_ITS_WAY: Final = "◐"

_CELL: Final = 40
"""Columns of a match in the live picture, with the gap to the next."""

_AROUND: Final = 6
"""Lines of the live picture that are no matches."""

_WIDTH: Final = 82
"""Columns of the result without the players' cities."""

_PLAYERS: Final = (20, 48)
"""Columns for the players' cities: they are shown when there is room for the first, in at most the second."""

_FRAMES: Final = 12
"""Pictures a second."""


class LiveReporter:
    """A picture that is drawn again and again, and replaced by the result."""

    def __init__(self, sink: Sink, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = Console(file=cast("IO[str]", sink), highlight=False)  # it has all that a console asks for
        self._clock = clock
        self._began = 0.0
        self._where = ""
        self._servers: Sequence[MatchServer] = ()
        self._ending = ""
        self._live = Live(
            console=self._console,
            get_renderable=self._picture,
            refresh_per_second=_FRAMES,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def began(self, where: str, servers: Sequence[MatchServer]) -> None:
        """The picture appears."""
        self._began, self._where, self._servers = self._clock(), where, servers
        self._live.start()

    def changed(self, server: MatchServer) -> None:
        """The next picture shows it."""

    def stopping(self) -> None:
        """The picture says so."""
        self._ending = "stopping all of them"

    def patience(self) -> None:
        """The picture says so."""
        self._ending = "still stopping them, a moment"

    def ended(self, summary: Summary) -> None:
        """The result takes the picture's place."""
        self.close()
        self._console.print(_result(summary, self._console.width - _WIDTH))
        self._console.print(_work(summary, self._mark))

    def close(self) -> None:
        """The picture goes, and the cursor comes back."""
        self._live.stop()

    # the picture

    def _picture(self) -> RenderableType:
        now = self._clock()
        title = Text.assemble(("edgegap-async demo", "bold"), "  ", (self._where, "dim"), no_wrap=True)
        return Group(Text(), title, Text(), self._matches(now), Text(), self._footer(now))

    def _matches(self, now: float) -> RenderableType:
        columns = max(self._console.width // _CELL, 1)
        room = columns * max(self._console.height - _AROUND, 1)
        # where there are more than fit, those that are done give way
        shown = self._servers if len(self._servers) <= room else sorted(self._servers, key=_is_done)[:room]
        rows = math.ceil(len(shown) / columns)
        grid = Table.grid(padding=(0, 2, 0, 0))
        for row in range(rows):
            grid.add_row(*(self._cell(server, now) for server in shown[row::rows]))
        return grid

    def _cell(self, server: MatchServer, now: float) -> Text:
        style = _STYLES.get(server.state, _ON_ITS_WAY)
        place = Text(server.city) if server.city else Text(server.match.region, "dim")
        place.truncate(14, overflow="ellipsis", pad=True)
        elapsed = server.elapsed(now)
        return Text.assemble(
            (f"{server.match.number:>3}", "dim"),
            " ",
            (f"{self._mark(server.state)} {server.state:<10.10}", style),
            " ",
            place,
            (f"{'' if elapsed is None else f'{elapsed:.1f} s':>7}", "" if server.state == READY else "dim"),
            no_wrap=True,
        )

    def _footer(self, now: float) -> RenderableType:
        states = Counter(server.state for server in self._servers)
        told = Text(no_wrap=True, overflow="ellipsis")
        if self._ending:
            told.append(self._ending)
        else:
            told.append(f"{states[READY]} of {len(self._servers)} ready")
            told.append(f"   {now - self._began:.1f} s", "dim")
        bar = ProgressBar(
            total=max(len(self._servers), 1),
            completed=states[READY],
            width=_CELL - 2,
            style="bright_black",
            complete_style="green",
            finished_style="green",
        )
        grid = Table.grid(padding=(0, 3, 0, 0))
        grid.add_row(bar, told)
        return grid

    def _mark(self, state: str) -> str:
        return "*" if self._console.options.ascii_only else _MARKS.get(state, _MARK_ON_ITS_WAY)


def _is_done(server: MatchServer) -> bool:
    return server.seconds is not None


# the result


def _result(summary: Summary, room: int) -> Table:
    wide = room >= _PLAYERS[0]
    table = Table(
        box=box.SIMPLE_HEAD, header_style="dim", border_style="bright_black", pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("match", justify="right", style="dim")
    table.add_column("region", no_wrap=True)
    if wide:
        table.add_column("players", style="dim", no_wrap=True)
    table.add_column("city", no_wrap=True)
    table.add_column("address", overflow="fold", style="cyan")
    table.add_column("ready", justify="right", no_wrap=True)
    for server in summary.servers:
        if server.request_id is None:
            continue
        players = Text(server.match.cities)
        players.truncate(min(room, _PLAYERS[1]), overflow="ellipsis")
        table.add_row(
            str(server.match.number),
            Text(server.match.region),
            *([players] if wide else []),
            Text(server.city or "-"),
            Text(server.address or "-"),
            _ready_after(server),
        )
    return table


def _ready_after(server: MatchServer) -> Text:
    if server.server is None or server.seconds is None:
        return Text(server.state, "red" if server.state == FAILED else "dim")
    return Text(f"{server.seconds:.1f} s", "green")


def _work(summary: Summary, mark: Callable[[str], str]) -> Panel:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("requests to")
    for heading in ("limit", "sent", "waited", "retries", "429s"):
        table.add_column(heading, justify="right")
    for name, seen in summary.stats.buckets.items():
        if seen.requests:
            limit = DOCUMENTED_RATES.get(name)
            table.add_row(
                name,
                Text("-" if limit is None else f"{limit:g}/s", "dim"),
                *_counts(seen.requests, seen.waited_seconds, seen.retries, seen.rate_limited),
            )
    stats = summary.stats
    totals = _counts(stats.requests, stats.waited_seconds, stats.retries, stats.rate_limited)
    table.add_row("all", "", *totals, style="bold")
    told = Text("waited: for slots of the limits, added over all calls", "dim")
    return Panel(
        Group(table, told, Text(), _outcome(summary, mark)),
        title="what the client did",
        title_align="left",
        border_style="bright_black",
        padding=(1, 2),
        expand=False,
    )


def _counts(requests: int, waited: float, retries: int, limited: int) -> Sequence[Text]:
    return (
        Text(str(requests)),
        Text(f"{waited:.1f} s"),
        Text(str(retries), "yellow" if retries else ""),
        Text(str(limited), "red" if limited else ""),
    )


def _verdict(summary: Summary) -> tuple[str, str]:
    if not summary.succeeded:
        return FAILED, "red"
    return (FAILED, "yellow") if summary.interrupted else (READY, "green")


def _outcome(summary: Summary, mark: Callable[[str], str]) -> Text:
    state, style = _verdict(summary)
    times = [server.seconds for server in summary.servers if server.server is not None and server.seconds is not None]
    median = f", {statistics.median(times):.1f} s for the median one" if times else ""
    return Text.assemble(
        (f"{mark(state)} ", style),
        f"{counted(summary.ready, 'server')} ready in {summary.seconds:.1f} s{median}\n",
        f"  {summary.outcome}",
    )
