"""Shows the demo as lines of text: for pipes and files, and for terminals that cannot be drawn on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from edgegap_async.cli.demo import match_server
from edgegap_async.cli.demo.match_server import MatchServer
from edgegap_async.cli.demo.summary import DemoSummary
from edgegap_async.cli.output import OutputStream, format_count, print_error, printable
from edgegap_async.stats import BucketStats

_SERVER_HEADINGS: Final = ("match", "region", "city", "address", "ready")
_BUCKET_HEADINGS: Final = ("bucket", "requests", "retries", "429s", "waited")


class PlainReporter:
    """Prints a line for each change of state, then the servers and the client's requests as tables."""

    def __init__(self, output: OutputStream, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._clock = clock
        self._started_at = 0.0

    def started(self, service: str, servers: Sequence[MatchServer]) -> None:
        """Print the headline.

        Args:
            service: The service that the servers run on, for people.
            servers: The server of each match.
        """
        self._started_at = self._clock()
        self._print(f"{service}: a server for each of {format_count(len(servers), 'match', 'matches')}")

    def updated(self, server: MatchServer) -> None:
        """Print the seconds since the start, the match, the new state, and what became known with it."""
        seconds = self._clock() - self._started_at
        self._print(f"{seconds:6.2f} s  match {server.match.number:>3}  {server.state:<10} {_detail(server)}")

    def stopping(self) -> None:
        """Print that the servers are being stopped."""
        self._print("stopping")

    def still_stopping(self) -> None:
        """Print on standard error that the servers are still being stopped."""
        print_error("still stopping the servers")

    def finished(self, summary: DemoSummary) -> None:
        """Print the two tables and the outcome."""
        self._table(_SERVER_HEADINGS, [_server_row(server) for server in summary.servers if server.request_id])
        buckets = summary.stats.buckets.items()
        self._table(_BUCKET_HEADINGS, [_bucket_row(name, stats) for name, stats in buckets if stats.requests])
        self._print("")
        if not summary.interrupted:  # the command prints the outcome of an interrupted run on standard error
            self._print(f"{format_count(summary.ready, 'server')} ready in {summary.seconds:.1f} s; {summary.outcome}")

    def close(self) -> None:
        """Do nothing: the terminal was not changed."""

    def _table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if not rows:
            return
        rows = [headings, *rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        self._print("")
        for row in rows:
            cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
            self._print("  ".join(cells).rstrip())

    def _print(self, line: str) -> None:
        self._output.write(f"{printable(line).rstrip()}\n")


def _detail(server: MatchServer) -> str:
    match server.state:
        case match_server.REQUESTED:
            return server.request_id or ""
        case match_server.READY:
            return f"{server.city or '-':<14} {server.address or '-'}"
        case _:
            return server.error or ""


def _server_row(server: MatchServer) -> Sequence[str]:
    return (
        str(server.match.number),
        server.match.region,
        server.city or "-",
        server.address or "-",
        server.state if server.server is None or server.seconds is None else f"{server.seconds:.2f} s",
    )


def _bucket_row(name: str, stats: BucketStats) -> Sequence[str]:
    return (name, str(stats.requests), str(stats.retries), str(stats.rate_limited), f"{stats.waited_seconds:.2f} s")
