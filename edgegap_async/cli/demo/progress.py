"""What the demo knows of each match's server, the summary of a run, and the interface of the reporters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import attrs

from edgegap_async.cli.demo.matches import Match
from edgegap_async.cli.output import format_count
from edgegap_async.events import Stats
from edgegap_async.models.deployments import GameServer
from edgegap_async.models.locations import Location

WAITING: Final = "waiting"
"""Not created yet: the request waits for its rate limit, or for its response."""
REQUESTED: Final = "requested"
"""Created; its state is not known yet."""
READY: Final = "ready"
FAILED: Final = "failed"

_PORT: Final = "gameport"


@attrs.define(kw_only=True, eq=False)
class MatchServer:
    """The game server of one match, and its progress.

    Attributes:
        match: The match that needs the server.
        state: WAITING, REQUESTED, READY, FAILED, or the deployment's own state in lower case.
        started_at: The time of the request, in seconds of the runner's clock; None before it.
        seconds: How long it took from the request until it was ready or failed; None until then.
        request_id: The deployment's id, once it is created.
        location: Where it runs, once that is known.
        server: The server, once it is ready.
        error: Why it failed.
    """

    match: Match
    state: str = WAITING
    started_at: float | None = None
    seconds: float | None = None
    request_id: str | None = None
    location: Location | None = None
    server: GameServer | None = None
    error: str | None = None

    @property
    def city(self) -> str | None:
        """The city that it runs in, once that is known."""
        return self.location.city if self.location is not None else None

    @property
    def country(self) -> str | None:
        """The country that it runs in, once that is known."""
        return self.location.country if self.location is not None else None

    @property
    def address(self) -> str | None:
        """The address for players, once the server is ready: that of the port "gameport", else of the first port."""
        if self.server is None:
            return None
        ports = self.server.ports
        return self.server.address(_PORT if _PORT in ports else next(iter(ports)))

    def elapsed(self, now: float) -> float | None:
        """Return the seconds since the request, or until the server was ready or failed; None before the request."""
        if self.seconds is not None or self.started_at is None:
            return self.seconds
        return now - self.started_at


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
