"""Relay sessions: players who meet at a relay instead of on a game server."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import Progress, State, extra_field, progress_of


@attrs.frozen(kw_only=True)
class RelayPort:
    """A port of a relay; ``link`` is its host and number."""

    port: int | None = None
    protocol: str | None = None
    link: str | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class RelayPorts:
    """The two ports of a relay: the player who hosts the game connects to ``server``, all others to ``client``."""

    server: RelayPort | None = None
    client: RelayPort | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Relay:
    """The relay that a session was given."""

    ip: str | None = None
    host: str | None = None
    ports: RelayPorts | None = None
    extra: Mapping[str, JSON] = extra_field()

    @property
    def missing(self) -> str | None:
        """What it lacks to be connected to, if anything."""
        if not (self.ip or self.host):
            return "no address"
        ports = self.ports and (self.ports.server, self.ports.client)
        return None if ports and all(port and port.port for port in ports) else "no ports"


@attrs.frozen(kw_only=True)
class RelayUser:
    """A player of a session, at a position in degrees; the token, which may exceed 2^31, is the player's own."""

    ip_address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    authorization_token: int | None = attrs.field(default=None, repr=False)
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class RelaySession:
    """A relay session; ``relay`` is None until it is ``linked`` to one.

    A player connects with two tokens: the session's ``authorization_token``, which may exceed 2^31, and the one in
    their own row of ``session_users``. ``error`` says why it failed.
    """

    session_id: str
    authorization_token: int | None = attrs.field(default=None, repr=False)
    status: State | None = None
    ready: bool | None = None
    linked: bool | None = None
    error: str | None = None
    session_users: tuple[RelayUser, ...] = ()
    relay: Relay | None = None
    webhook_url: str | None = None
    extra: Mapping[str, JSON] = extra_field()

    @property
    def state(self) -> State | None:
        """The state now: ``ready`` and ``error`` decide where the status is behind them."""
        if self.status is not None and (self.status.gone or self.status is State.ERROR):
            return self.status
        if self.ready:
            return State.READY
        return State.ERROR if self.error else self.status

    @property
    def progress(self) -> Progress:
        """Whether players can connect: INCOMPLETE while the relay, its address or its ports are missing."""
        return progress_of(self.state, complete=self._missing is None)

    @property
    def reason(self) -> str | None:
        """Why it failed, or what it lacks when it is ready and cannot be connected to."""
        return self._missing if self.progress is Progress.INCOMPLETE else self.error

    @property
    def _missing(self) -> str | None:
        return "no relay" if self.relay is None else self.relay.missing


@attrs.frozen(kw_only=True)
class RelayAuthorization(RelaySession):
    """A session with the player who was just let in, instead of with all of them."""

    session_user: RelayUser | None = None
