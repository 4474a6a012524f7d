"""How far the demo has come, what came of it, and who is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import attrs

from edgegap_async.cli.matches import Match
from edgegap_async.cli.output import counted
from edgegap_async.events import Stats
from edgegap_async.models.deployments import GameServer
from edgegap_async.models.locations import Location

WAITING: Final = "waiting"
"""Not created yet: in the queue of its rate limit, or on the wire."""
REQUESTED: Final = "requested"
READY: Final = "ready"
FAILED: Final = "failed"

_PORT: Final = "gameport"


@attrs.define(kw_only=True, eq=False)
class MatchServer:
    """The game server of one match, as far as it has come.

    ``state`` is one of the above, or the deployment's own in lower case. ``began`` is the clock's moment at which
    it was asked for, ``seconds`` how long it took to be ready or to fail.
    """

    match: Match
    state: str = WAITING
    began: float | None = None
    seconds: float | None = None
    request_id: str | None = None
    location: Location | None = None
    server: GameServer | None = None
    trouble: str | None = None

    @property
    def city(self) -> str | None:
        """Where it runs, once that is known."""
        return self.location.city if self.location is not None else None

    @property
    def country(self) -> str | None:
        """The country of it."""
        return self.location.country if self.location is not None else None

    @property
    def address(self) -> str | None:
        """What the players connect to; a version that calls its port otherwise must have only one."""
        if self.server is None:
            return None
        ports = self.server.ports
        return self.server.address(_PORT if _PORT in ports else next(iter(ports)))

    def elapsed(self, now: float) -> float | None:
        """Seconds so far, and no more once it is ready or failed; None before it is asked for."""
        if self.seconds is not None or self.began is None:
            return self.seconds
        return now - self.began


@attrs.frozen(kw_only=True)
class Summary:
    """What came of a demo. ``left`` are the deployments that may still run, ``problem`` what ended it early."""

    servers: Sequence[MatchServer]
    stopped: int
    left: tuple[str, ...]
    stats: Stats
    seconds: float
    interrupted: bool = False
    problem: str | None = None

    @property
    def ready(self) -> int:
        """How many servers became ready."""
        return sum(server.server is not None for server in self.servers)

    @property
    def succeeded(self) -> bool:
        """Whether all became ready and none is left."""
        return not self.complaints

    @property
    def complaints(self) -> Sequence[str]:
        """What went wrong, a line each; nothing for an interruption, which is not wrong."""
        found = [self.problem] if self.problem else []
        if not self.interrupted and not self.problem and self.ready < len(self.servers):
            found.append(f"{len(self.servers) - self.ready} of {counted(len(self.servers), 'server')} not ready")
        found += [
            f"match {server.match.number}: {server.trouble}" for server in self.servers if server.trouble is not None
        ]
        if self.left:
            found.append(f"may still run, and be billed: {', '.join(self.left)}")
        return found

    @property
    def outcome(self) -> str:
        """What became of the servers."""
        if not self.stopped and not self.left:
            return "nothing was started"
        left = f"{len(self.left)} may still run" if self.left else "none left running"
        return f"stopped {counted(self.stopped, 'server')}, {left}"


class Reporter(Protocol):
    """Shows a demo to somebody, in the order of these methods."""

    def began(self, where: str, servers: Sequence[MatchServer]) -> None:
        """All of it is about to be asked for, there; the servers change as they come along."""
        ...

    def changed(self, server: MatchServer) -> None:
        """A server has come to another state."""
        ...

    def stopping(self) -> None:
        """All that was created is being stopped."""
        ...

    def patience(self) -> None:
        """Somebody wants it to end, and it is ending already."""
        ...

    def ended(self, summary: Summary) -> None:
        """It is over, one way or another."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was; called whatever happens, and maybe more than once."""
        ...
