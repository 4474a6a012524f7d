"""Shows the demo as one JSON document: ``edgegap-async demo --json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from edgegap_async.cli.demo.match_server import MatchServer
from edgegap_async.cli.demo.summary import DemoSummary
from edgegap_async.cli.output import OutputStream, print_error
from edgegap_async.stats import BucketStats, Stats


class JSONReporter:
    """Prints nothing during the run, then one JSON document."""

    def __init__(self, output: OutputStream) -> None:
        self._output = output

    def started(self, service: str, servers: Sequence[MatchServer]) -> None:
        """Do nothing."""

    def updated(self, server: MatchServer) -> None:
        """Do nothing."""

    def stopping(self) -> None:
        """Do nothing."""

    def still_stopping(self) -> None:
        """Print on standard error that the servers are still being stopped."""
        print_error("still stopping the servers")

    def finished(self, summary: DemoSummary) -> None:
        """Print the document."""
        document = {
            "matches": [_server_json(server) for server in summary.servers],
            "stopped": summary.stopped,
            "left_running": len(summary.may_still_run),
            "client": _stats_json(summary.stats),
        }
        self._output.write(json.dumps(document, indent=2) + "\n")

    def close(self) -> None:
        """Do nothing: the terminal was not changed."""


def _server_json(server: MatchServer) -> dict[str, Any]:
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
    return {**_counts_json(stats), "buckets": {name: _counts_json(bucket) for name, bucket in stats.buckets.items()}}


def _counts_json(stats: Stats | BucketStats) -> dict[str, Any]:
    return {
        "requests": stats.requests,
        "retries": stats.retries,
        "rate_limited": stats.rate_limited,
        "waited_seconds": round(stats.waited_seconds, 3),
    }
