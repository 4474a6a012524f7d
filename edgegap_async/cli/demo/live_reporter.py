"""Shows the demo in a terminal: all matches with their progress during the run, then a table and the client's work."""

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

from edgegap_async.cli.demo.match_server import FAILED, READY, REQUESTED, WAITING, MatchServer
from edgegap_async.cli.demo.summary import DemoSummary
from edgegap_async.cli.output import OutputStream, format_count
from edgegap_async.operations import DOCUMENTED_RATES

_STYLES: Final[Mapping[str, str]] = {WAITING: "dim", REQUESTED: "dim", READY: "green", FAILED: "red"}
_STYLE_IN_PROGRESS: Final = "yellow"

_MARKS: Final[Mapping[str, str]] = {WAITING: "·", REQUESTED: "○", READY: "●", FAILED: "✗"}
_MARK_IN_PROGRESS: Final = "◐"

_CELL_WIDTH: Final = 40
"""Columns of one match in the live view, with the gap to the next."""

_OTHER_LINES: Final = 6
"""Lines of the live view that are not matches: title, footer and blank lines."""

_RESULT_WIDTH: Final = 82
"""Columns of the result without the players' cities."""

_PLAYERS_WIDTH: Final = (20, 48)
"""Fewest and most columns for the players' cities. With less room than the fewest, they are not shown."""

_FRAMES_PER_SECOND: Final = 12


class LiveReporter:
    """Draws a live view of all matches, and replaces it by the result at the end."""

    def __init__(self, output: OutputStream, clock: Callable[[], float] = time.monotonic) -> None:
        # a console uses only what the output has: it needs no full IO[str]
        self._console = Console(file=cast("IO[str]", output), highlight=False)
        self._clock = clock
        self._started_at = 0.0
        self._service = ""
        self._servers: Sequence[MatchServer] = ()
        self._notice = ""
        self._live = Live(
            console=self._console,
            get_renderable=self._view,
            refresh_per_second=_FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def started(self, service: str, servers: Sequence[MatchServer]) -> None:
        """Show the live view.

        Args:
            service: The service that the servers run on, for people.
            servers: The server of each match. They change during the run.
        """
        self._started_at, self._service, self._servers = self._clock(), service, servers
        self._live.start()

    def updated(self, server: MatchServer) -> None:
        """Do nothing: the next frame of the live view shows the change."""

    def stopping(self) -> None:
        """Show in the live view that the servers are being stopped."""
        self._notice = "stopping all servers"

    def still_stopping(self) -> None:
        """Show in the live view that the servers are still being stopped."""
        self._notice = "still stopping the servers"

    def finished(self, summary: DemoSummary) -> None:
        """Replace the live view by the result."""
        self.close()
        self._console.print(_result_table(summary, self._console.width - _RESULT_WIDTH))
        self._console.print(_client_panel(summary, self._mark))

    def close(self) -> None:
        """Remove the live view and show the cursor again."""
        self._live.stop()

    # the live view

    def _view(self) -> RenderableType:
        now = self._clock()
        title = Text.assemble(("edgegap-async demo", "bold"), "  ", (self._service, "dim"), no_wrap=True)
        return Group(Text(), title, Text(), self._matches(now), Text(), self._footer(now))

    def _matches(self, now: float) -> RenderableType:
        columns = max(self._console.width // _CELL_WIDTH, 1)
        room = columns * max(self._console.height - _OTHER_LINES, 1)
        # if not all fit, those that are ready or failed are left out first
        shown = self._servers if len(self._servers) <= room else sorted(self._servers, key=_is_finished)[:room]
        rows = math.ceil(len(shown) / columns)
        grid = Table.grid(padding=(0, 2, 0, 0))
        for row in range(rows):
            grid.add_row(*(self._cell(server, now) for server in shown[row::rows]))
        return grid

    def _cell(self, server: MatchServer, now: float) -> Text:
        style = _STYLES.get(server.state, _STYLE_IN_PROGRESS)
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
        status = Text(no_wrap=True, overflow="ellipsis")
        if self._notice:
            status.append(self._notice)
        else:
            status.append(f"{states[READY]} of {len(self._servers)} ready")
            status.append(f"   {now - self._started_at:.1f} s", "dim")
        bar = ProgressBar(
            total=max(len(self._servers), 1),
            completed=states[READY],
            width=_CELL_WIDTH - 2,
            style="bright_black",
            complete_style="green",
            finished_style="green",
        )
        grid = Table.grid(padding=(0, 3, 0, 0))
        grid.add_row(bar, status)
        return grid

    def _mark(self, state: str) -> str:
        return "*" if self._console.options.ascii_only else _MARKS.get(state, _MARK_IN_PROGRESS)


def _is_finished(server: MatchServer) -> bool:
    return server.seconds is not None


# the result


def _result_table(summary: DemoSummary, room: int) -> Table:
    wide = room >= _PLAYERS_WIDTH[0]
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
        players.truncate(min(room, _PLAYERS_WIDTH[1]), overflow="ellipsis")
        table.add_row(
            str(server.match.number),
            Text(server.match.region),
            *([players] if wide else []),
            Text(server.city or "-"),
            Text(server.address or "-"),
            _time_to_ready(server),
        )
    return table


def _time_to_ready(server: MatchServer) -> Text:
    if server.server is None or server.seconds is None:
        return Text(server.state, "red" if server.state == FAILED else "dim")
    return Text(f"{server.seconds:.1f} s", "green")


def _client_panel(summary: DemoSummary, mark: Callable[[str], str]) -> Panel:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("requests to")
    for heading in ("limit", "sent", "waited", "retries", "429s"):
        table.add_column(heading, justify="right")
    for name, bucket in summary.stats.buckets.items():
        if bucket.requests:
            limit = DOCUMENTED_RATES.get(name)
            table.add_row(
                name,
                Text("-" if limit is None else f"{limit:g}/s", "dim"),
                *_counts(bucket.requests, bucket.waited_seconds, bucket.retries, bucket.rate_limited),
            )
    stats = summary.stats
    totals = _counts(stats.requests, stats.waited_seconds, stats.retries, stats.rate_limited)
    table.add_row("all", "", *totals, style="bold")
    caption = Text("waited: for the rate limits, summed over all calls", "dim")
    return Panel(
        Group(table, caption, Text(), _outcome(summary, mark)),
        title="what the client did",
        title_align="left",
        border_style="bright_black",
        padding=(1, 2),
        expand=False,
    )


def _counts(requests: int, waited_seconds: float, retries: int, rate_limited: int) -> Sequence[Text]:
    return (
        Text(str(requests)),
        Text(f"{waited_seconds:.1f} s"),
        Text(str(retries), "yellow" if retries else ""),
        Text(str(rate_limited), "red" if rate_limited else ""),
    )


def _mark_and_style(summary: DemoSummary) -> tuple[str, str]:
    if not summary.succeeded:
        return FAILED, "red"
    return (FAILED, "yellow") if summary.interrupted else (READY, "green")


def _outcome(summary: DemoSummary, mark: Callable[[str], str]) -> Text:
    state, style = _mark_and_style(summary)
    times = [server.seconds for server in summary.servers if server.server is not None and server.seconds is not None]
    median = f", median {statistics.median(times):.1f} s" if times else ""
    return Text.assemble(
        (f"{mark(state)} ", style),
        f"{format_count(summary.ready, 'server')} ready in {summary.seconds:.1f} s{median}\n",
        f"  {summary.outcome}",
    )
