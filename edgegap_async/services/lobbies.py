"""The managed lobby service, which only the 2024 document lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from edgegap_async.errors import JSON
from edgegap_async.models.lobbies import Lobby
from edgegap_async.models.states import StateChange
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore
from edgegap_async.validation import validate_name
from edgegap_async.waiting.conditions import WaitTarget
from edgegap_async.waiting.status_probe import StatusProbe

OnLobbyStatus: TypeAlias = Callable[[StateChange[Lobby]], object]
"""Called in the event loop when a lobby's state changes; an exception that it raises ends the wait."""

_LOBBY: Final = WaitTarget(
    kind="lobby",
    failed_hint="It still exists, and may be billed, until it is terminated",
    timeout_hint="It may still become ready: terminate it if you no longer need it",
)


class Lobbies(Service):
    """``edgegap.lobbies``: lobby services that the provider runs.

    The verbs are the service's: a lobby is created, then deployed, and terminated to stop it. No call deletes one.

    ::

        await edgegap.lobbies.create("plaza")
        await edgegap.lobbies.deploy("plaza")
        lobby = await edgegap.lobbies.wait_until_ready("plaza", timeout=120)
        print(lobby.url)
    """

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        self._watcher = core.watchers.add("lobby", StatusProbe(core.pipeline, "lobby-Get", Lobby))

    async def create(self, name: str, *, timeout: float | None = None) -> Lobby:
        """Create a lobby, without deploying it: ``POST /v1/lobbies``.

        Raises:
            ConfigurationError: The name is invalid; nothing was sent.
            Conflict: A lobby of that name exists.
        """
        return await self._call("lobby-create", Lobby, body=_name_body(name), timeout=timeout)

    async def get(self, name: str, *, timeout: float | None = None) -> Lobby:
        """Return a lobby: ``GET /v1/lobbies/{lobby_name}``.

        Raises:
            NotFound: There is no lobby of that name; the service may also respond with 400 (BadRequest).
        """
        return await self._call("lobby-Get", Lobby, name, timeout=timeout)

    async def deploy(self, name: str, *, timeout: float | None = None) -> Lobby:
        """Start a lobby: ``POST /v1/lobbies:deploy``. It is not ready yet: call ``wait_until_ready`` next."""
        return await self._call("lobby-deploy", Lobby, body=_name_body(name), timeout=timeout)

    async def terminate(self, name: str, *, timeout: float | None = None) -> Lobby:
        """Stop a lobby: ``POST /v1/lobbies:terminate``. It can be deployed again."""
        return await self._call("lobby-terminate", Lobby, body=_name_body(name), timeout=timeout)

    async def wait_until_ready(
        self, name: str, *, timeout: float | None = None, on_status: OnLobbyStatus | None = None
    ) -> Lobby:
        """Wait until a deployed lobby is ready and its URL is known, polling ``GET /v1/lobbies/{lobby_name}``.

        Rate limits and transient errors do not end the wait. If the wait fails, the lobby is not changed.

        Args:
            name: The lobby's name.
            timeout: Deadline of the whole wait in seconds, None for the client's.
            on_status: Called with each change of the lobby's state.

        Raises:
            WaitFailed: The lobby is in error, or ready without a URL for too long.
            WaitTerminated: The lobby was terminated, or the service does not know it.
            WaitTimeout: The lobby was not ready within ``timeout`` seconds.
            AuthenticationError: The token is not accepted. Like 403 and an unexpected response, this ends the wait.
        """
        return await self._wait(self._watcher, _LOBBY, {"lobby_name": name}, timeout=timeout, on_status=on_status)


def _name_body(name: str) -> dict[str, JSON]:
    return {"name": validate_name(name, "the lobby's name")}
