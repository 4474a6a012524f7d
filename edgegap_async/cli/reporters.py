"""Two ways to show a demo without a terminal: lines of text, and one JSON document."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from edgegap_async.cli import progress
from edgegap_async.cli.output import Sink, counted, printable, tell
from edgegap_async.cli.progress import MatchServer, Summary
from edgegap_async.events import BucketStats, Stats

_SERVER_HEADINGS: Final = ("match", "region", "city", "address", "ready")
_BUCKET_HEADINGS: Final = ("bucket", "requests", "retries", "429s", "waited")


class PlainReporter:
    """A line for each change, then the servers and what the client did as aligned text."""

    def __init__(self, sink: Sink, clock: Callable[[], float] = time.monotonic) -> None:
        self._sink = sink
        self._clock = clock
        self._began = 0.0

    def began(self, where: str, servers: Sequence[MatchServer]) -> None:
        """A headline."""
        self._began = self._clock()
        self._line(f"{where}: a server for each of {counted(len(servers), 'match', 'matches')}")

    def changed(self, server: MatchServer) -> None:
        """A line: seconds since the beginning, match, state, and what is new about it."""
        since = self._clock() - self._began
        self._line(f"{since:6.2f} s  match {server.match.number:>3}  {server.state:<10} {_news(server)}")

    def stopping(self) -> None:
        """A line."""
        self._line("stopping")

    def patience(self) -> None:
        """A line for people."""
        tell("still stopping the servers")

    def ended(self, summary: Summary) -> None:
        """The table, the client's work, the outcome."""
        self._table(_SERVER_HEADINGS, [_server_row(server) for server in summary.servers if server.request_id])
        buckets = summary.stats.buckets.items()
        self._table(_BUCKET_HEADINGS, [_bucket_row(name, seen) for name, seen in buckets if seen.requests])
        self._line("")
        if not summary.interrupted:  # which is told to people, and not twice
            self._line(f"{counted(summary.ready, 'server')} ready in {summary.seconds:.1f} s; {summary.outcome}")

    def close(self) -> None:
        """Nothing to leave."""

    def _table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if not rows:
            return
        rows = [headings, *rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        self._line("")
        for row in rows:
            cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
            self._line("  ".join(cells).rstrip())

    def _line(self, text: str) -> None:
        self._sink.write(f"{printable(text).rstrip()}\n")


def _news(server: MatchServer) -> str:
    match server.state:
        case progress.REQUESTED:
            return server.request_id or ""
        case progress.READY:
            return f"{server.city or '-':<14} {server.address or '-'}"
        case _:
            return server.trouble or ""


def _server_row(server: MatchServer) -> Sequence[str]:
    return (
        str(server.match.number),
        server.match.region,
        server.city or "-",
        server.address or "-",
        server.state if server.server is None or server.seconds is None else f"{server.seconds:.2f} s",
    )


def _bucket_row(name: str, seen: BucketStats) -> Sequence[str]:
    return (name, str(seen.requests), str(seen.retries), str(seen.rate_limited), f"{seen.waited_seconds:.2f} s")


class JSONReporter:
    """Nothing while it runs, then one document."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def began(self, where: str, servers: Sequence[MatchServer]) -> None:
        """Nothing."""

    def changed(self, server: MatchServer) -> None:
        """Nothing."""

    def stopping(self) -> None:
        """Nothing."""

    def patience(self) -> None:
        """A line for people."""
        tell("still stopping the servers")

    def ended(self, summary: Summary) -> None:
        """The document."""
        document = {
            "matches": [_match_json(server) for server in summary.servers],
            "stopped": summary.stopped,
            "left_running": len(summary.left),
            "client": _stats_json(summary.stats),
        }
        self._sink.write(json.dumps(document, indent=2) + "\n")

    def close(self) -> None:
        """Nothing to leave."""


def _match_json(server: MatchServer) -> dict[str, Any]:
    return {
        "match": server.match.number,
        "request_id": server.request_id,
        "city": server.city,
        "country": server.country,
        "address": server.address,
        "seconds": None if server.server is None or server.seconds is None else round(server.seconds, 3),
        "players": [
            {"city": player.city, "ip_address": player.user.ip_address}
            if player.user.ip_address is not None
            else {"city": player.city, "latitude": player.user.latitude, "longitude": player.user.longitude}
            for player in server.match.players
        ],
    }


def _stats_json(stats: Stats) -> dict[str, Any]:
    return {
        "requests": stats.requests,
        "retries": stats.retries,
        "rate_limited": stats.rate_limited,
        "waited_seconds": round(stats.waited_seconds, 3),
        "buckets": {
            name: {
                "requests": seen.requests,
                "retries": seen.retries,
                "rate_limited": seen.rate_limited,
                "waited_seconds": round(seen.waited_seconds, 3),
            }
            for name, seen in stats.buckets.items()
        },
    }
