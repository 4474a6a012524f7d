"""The interface of the reporters, which show a run of the demo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from edgegap_async.cli.demo.match_server import MatchServer
from edgegap_async.cli.demo.summary import DemoSummary


class Reporter(Protocol):
    """Shows a run. The methods are called in this order."""

    def started(self, service: str, servers: Sequence[MatchServer]) -> None:
        """Report the start of the run.

        Args:
            service: The service that the servers run on, for people.
            servers: The server of each match. They change during the run.
        """
        ...

    def updated(self, server: MatchServer) -> None:
        """Report that the state of a server has changed."""
        ...

    def stopping(self) -> None:
        """Report that all servers are being stopped."""
        ...

    def still_stopping(self) -> None:
        """Report, after another Ctrl-C, that the servers are already being stopped."""
        ...

    def finished(self, summary: DemoSummary) -> None:
        """Show the result of the run."""
        ...

    def close(self) -> None:
        """Restore the terminal. Always called, possibly more than once."""
        ...
