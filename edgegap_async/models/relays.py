"""Relay sessions: players who connect through a relay in place of a game server."""

from __future__ import annotations

import attrs

from edgegap_async.models.base import Model
from edgegap_async.models.states import Progress, State, progress_of


@attrs.frozen(kw_only=True)
class RelayPort(Model):
    """A port of a relay.

    Attributes:
        port: The port number.
        protocol: ``UDP`` or another protocol.
        link: The host and the port number.
    """

    port: int | None = None
    protocol: str | None = None
    link: str | None = None


@attrs.frozen(kw_only=True)
class RelayPorts(Model):
    """The two ports of a relay: the player who hosts the game connects to ``server``, all others to ``client``."""

    server: RelayPort | None = None
    client: RelayPort | None = None


@attrs.frozen(kw_only=True)
class Relay(Model):
    """The relay of a session.

    Attributes:
        ip: The IP address.
        host: The host name.
        ports: The ports for the host of the game and for all other players.
    """

    ip: str | None = None
    host: str | None = None
    ports: RelayPorts | None = None

    @property
    def missing(self) -> str | None:
        """What is missing to connect to it, None if nothing is."""
        if not (self.ip or self.host):
            return "no address"
        ports = self.ports and (self.ports.server, self.ports.client)
        return None if ports and all(port and port.port for port in ports) else "no ports"


@attrs.frozen(kw_only=True)
class RelayUser(Model):
    """A player of a relay session.

    Attributes:
        ip_address: The player's IP address.
        latitude: Degrees north.
        longitude: Degrees east.
        authorization_token: The player's own token, which may exceed 2^31; not shown in ``repr``.
    """

    ip_address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    authorization_token: int | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class RelaySession(Model):
    """A relay session: ``GET /v1/relays/sessions/{session_id}``.

    A player connects with two tokens: the session's ``authorization_token`` and the one in the player's own row of
    ``session_users``.

    Attributes:
        session_id: The session's id.
        authorization_token: The session's token, which may exceed 2^31; not shown in ``repr``.
        status: The state as the service reports it; ``state`` also takes ``ready`` and ``error`` into account.
        ready: Whether players can connect.
        linked: Whether it has a relay.
        error: Why it failed.
        session_users: The players.
        relay: The relay, None until the session is linked to one.
        webhook_url: The URL that gets the session by POST once it is ready.
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

    @property
    def state(self) -> State | None:
        """The current state: ``ready`` and ``error`` decide while ``status`` lags behind them."""
        if self.status is not None and (self.status.gone or self.status is State.ERROR):
            return self.status
        if self.ready:
            return State.READY
        return State.ERROR if self.error else self.status

    @property
    def progress(self) -> Progress:
        """How a wait continues: INCOMPLETE while it is ready and the relay, its address or its ports are missing."""
        return progress_of(self.state, complete=self._missing is None)

    @property
    def reason(self) -> str | None:
        """Why it failed; or, while it is ready and players cannot connect, what is missing."""
        return self._missing if self.progress is Progress.INCOMPLETE else self.error

    @property
    def _missing(self) -> str | None:
        return "no relay" if self.relay is None else self.relay.missing


@attrs.frozen(kw_only=True)
class RelayAuthorization(RelaySession):
    """The response of authorizing a player: the session, with that player in place of all players."""

    session_user: RelayUser | None = None
