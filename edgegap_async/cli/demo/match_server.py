"""What the demo knows of the server of each match."""

from __future__ import annotations

from typing import Final

import attrs

from edgegap_async.cli.demo.matches import Match
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
