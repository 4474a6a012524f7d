"""Simulated relay sessions: players who share a relay that is ready some seconds after its creation.

Whether a relay is ready is looked up from the clock on each read.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from typing import Final

import attrs

from edgegap_async.simulator.clock import Clock
from edgegap_async.simulator.domain.geography import CITIES, City, Position, nearest_city
from edgegap_async.simulator.domain.machine import EXTERNAL_PORTS, documentation_address

SHARE_OF_TIME_TO_READY: Final = 0.5
"""A relay's time to ready as a share of a server's: a relay pulls no image."""

_LARGEST_TOKEN: Final = (1 << 32) - 1
"""Tokens of sessions exceed the largest signed integer of 32 bits, as the service's do."""


@attrs.frozen
class RelayPlayer:
    """A player of a relay session, with a token of their own."""

    ip: str | None
    position: Position
    token: int


@attrs.define(kw_only=True, eq=False, repr=False)
class SimulatedRelay:
    """A relay session of the local Edgegap. ``created_at`` and ``ready_at`` are seconds of the clock."""

    session_id: str
    token: int
    players: list[RelayPlayer]
    city: City
    ip: str
    ports: tuple[int, int]
    """The external ports for the server and for the clients."""
    webhook_url: str | None
    created_at: float
    ready_at: float
    _clock: Clock = attrs.field(alias="clock")

    def __repr__(self) -> str:
        return f"<SimulatedRelay {self.session_id} in {self.city.city}: {self.status}>"

    @property
    def ready(self) -> bool:
        """Whether its relay is ready."""
        return self._clock() >= self.ready_at

    @property
    def status(self) -> str:
        """Its state, as responses name it: INITIALIZING or READY."""
        return "READY" if self.ready else "INITIALIZING"

    @property
    def fqdn(self) -> str:
        """The domain name of its relay."""
        return f"{self.session_id.removesuffix('-S')}.st.edgegap.net"


class RelayRegistry:
    """The relay sessions that exist, by their ids, in the order of their creation."""

    def __init__(self, rng: random.Random, clock: Clock, time_to_ready: tuple[float, float]) -> None:
        """Create an empty registry.

        Args:
            rng: The source of ids, tokens, addresses, ports and times.
            clock: The clock of the local Edgegap.
            time_to_ready: The least and the most seconds a server takes to become ready. A relay takes half of that.
        """
        self.existing: dict[str, SimulatedRelay] = {}
        self._rng = rng
        self._clock = clock
        self._time_to_ready = time_to_ready

    def new_player(self, ip: str | None, position: Position) -> RelayPlayer:
        """Return a player with a new random token."""
        return RelayPlayer(ip, position, self._rng.randrange(1, 1 << 31))

    def create(
        self,
        users: Iterable[tuple[str | None, Position]],
        cities: Collection[City] = CITIES,
        webhook_url: str | None = None,
    ) -> SimulatedRelay:
        """Create a relay session in the city nearest to its players.

        Args:
            users: The address, or None, and the position of each player.
            cities: The cities in which the relay may run.
            webhook_url: The URL that is called once the relay is ready.
        """
        players, now = [self.new_player(*user) for user in users], self._clock()
        first_port = self._rng.choice(EXTERNAL_PORTS[:-1])
        relay = SimulatedRelay(
            session_id=f"{self._rng.getrandbits(48):012x}-S",
            token=self._rng.randrange(1 << 31, _LARGEST_TOKEN),
            players=players,
            city=nearest_city([player.position for player in players], cities),
            ip=documentation_address(self._rng.randrange(1 << 16)),
            ports=(first_port, first_port + 1),
            webhook_url=webhook_url,
            created_at=now,
            ready_at=now + SHARE_OF_TIME_TO_READY * self._rng.uniform(*self._time_to_ready),
            clock=self._clock,
        )
        self.existing[relay.session_id] = relay
        return relay
