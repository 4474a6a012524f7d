"""SimulatedRelay sessions: players who are given a relay some moments after they asked for one.

Nothing runs in between: whether a session has its relay is looked up from the clock when asked.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from typing import Any, Final

import attrs

from edgegap_async.simulator.clock import Clock
from edgegap_async.simulator.domain.geography import CITIES, City, Position, nearest
from edgegap_async.simulator.domain.host import EXTERNAL_PORTS, address

TAKES: Final = 0.5
"""The part of a server's time to ready that a relay takes: there is no image to be pulled."""

_LARGEST_TOKEN: Final = (1 << 32) - 1
"""The tokens of sessions are larger than a signed number of 32 bits can be."""


@attrs.frozen
class RelayPlayer:
    """One who plays, with a token of their own."""

    ip: str | None
    position: Position
    token: int

    def shown(self) -> dict[str, Any]:
        """The player as an answer holds one."""
        place = {"ip_address": self.ip, **attrs.asdict(self.position), "authorization_token": self.token}
        return {name: value for name, value in place.items() if value is not None}


@attrs.define(kw_only=True, eq=False, repr=False)
class SimulatedRelay:
    """A relay session of the local Edgegap; the moments are the clock's."""

    session_id: str
    token: int
    players: list[RelayPlayer]
    city: City
    ip: str
    ports: tuple[int, int]
    webhook_url: str | None
    created_at: float
    ready_at: float
    _clock: Clock = attrs.field(alias="clock")

    def __repr__(self) -> str:
        return f"<SimulatedRelay {self.session_id} in {self.city.city}: {self.status}>"

    @property
    def ready(self) -> bool:
        """Whether it has its relay."""
        return self._clock() >= self.ready_at

    @property
    def status(self) -> str:
        """Its state, as answers name it."""
        return "READY" if self.ready else "INITIALIZING"

    def shown(self) -> dict[str, Any]:
        """The session as an answer holds it, without its players."""
        shape: dict[str, Any] = {
            "session_id": self.session_id,
            "authorization_token": self.token,
            "status": self.status,
            "ready": self.ready,
            "linked": self.ready,
        }
        if self.webhook_url:
            shape["webhook_url"] = self.webhook_url
        return shape | {"relay": self._relay()} if self.ready else shape

    def whole(self) -> dict[str, Any]:
        """The session as an answer holds it, with its players."""
        return self.shown() | {"session_users": [player.shown() for player in self.players]}

    def _relay(self) -> dict[str, Any]:
        host = f"{self.session_id.removesuffix('-S')}.st.edgegap.net"
        sides = zip(("server", "client"), self.ports, strict=True)
        ports = {side: {"port": port, "protocol": "UDP", "link": f"{host}:{port}"} for side, port in sides}
        return {"ip": self.ip, "host": host, "ports": ports}


class RelayRegistry:
    """The relay sessions that exist, by their ids, in the order of their creation."""

    def __init__(self, chance: random.Random, clock: Clock, time_to_ready: tuple[float, float]) -> None:
        self.existing: dict[str, SimulatedRelay] = {}
        self._chance = chance
        self._clock = clock
        self._time_to_ready = time_to_ready

    def player(self, ip: str | None, position: Position) -> RelayPlayer:
        """A player, with a token that no other is likely to have."""
        return RelayPlayer(ip, position, self._chance.randrange(1, 1 << 31))

    def create(
        self,
        users: Iterable[tuple[str | None, Position]],
        cities: Collection[City] = CITIES,
        webhook: str | None = None,
    ) -> SimulatedRelay:
        """A session near its players, each an address or none and a position, in one of some cities."""
        players, now = [self.player(*user) for user in users], self._clock()
        first = self._chance.choice(EXTERNAL_PORTS[:-1])
        relay = SimulatedRelay(
            session_id=f"{self._chance.getrandbits(48):012x}-S",
            token=self._chance.randrange(1 << 31, _LARGEST_TOKEN),
            players=players,
            city=nearest([player.position for player in players], cities),
            ip=address(self._chance.randrange(1 << 16)),
            ports=(first, first + 1),
            webhook_url=webhook,
            created_at=now,
            ready_at=now + TAKES * self._chance.uniform(*self._time_to_ready),
            clock=self._clock,
        )
        self.existing[relay.session_id] = relay
        return relay
