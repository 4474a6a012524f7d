"""The result of a run of the demo."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from edgegap_async.cli.demo.match_server import MatchServer
from edgegap_async.cli.output import format_count
from edgegap_async.stats import Stats


@attrs.frozen(kw_only=True)
class DemoSummary:
    """The result of a run.

    Attributes:
        servers: The server of each match.
        stopped: How many deployments were stopped.
        may_still_run: The ids of the deployments that could not be stopped, or the tags that find them.
        stats: What the client did.
        seconds: How long the deploying took.
        interrupted: Whether a signal ended the run.
        error: What ended the run early, or went wrong while the servers were stopped.
    """

    servers: Sequence[MatchServer]
    stopped: int
    may_still_run: tuple[str, ...]
    stats: Stats
    seconds: float
    interrupted: bool = False
    error: str | None = None

    @property
    def ready(self) -> int:
        """How many servers became ready."""
        return sum(server.server is not None for server in self.servers)

    @property
    def succeeded(self) -> bool:
        """Whether all servers became ready and all were stopped. An interrupted run succeeds if all were stopped."""
        return not self.problems

    @property
    def problems(self) -> Sequence[str]:
        """What went wrong, a line each. An interruption is not a problem."""
        problems = [self.error] if self.error else []
        if not self.interrupted and not self.error and self.ready < len(self.servers):
            problems.append(
                f"{len(self.servers) - self.ready} of {format_count(len(self.servers), 'server')} not ready"
            )
        problems += [
            f"match {server.match.number}: {server.error}" for server in self.servers if server.error is not None
        ]
        if self.may_still_run:
            problems.append(f"may still run, and be billed: {', '.join(self.may_still_run)}")
        return problems

    @property
    def outcome(self) -> str:
        """One sentence on the servers: how many were stopped, and how many may still run."""
        if not self.stopped and not self.may_still_run:
            return "nothing was started"
        remaining = f"{len(self.may_still_run)} may still run" if self.may_still_run else "none left running"
        return f"stopped {format_count(self.stopped, 'server')}, {remaining}"
