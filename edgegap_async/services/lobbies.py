"""The managed lobby service, which only the document of 2024 lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from edgegap_async.errors import JSON
from edgegap_async.models.lobbies import Lobby
from edgegap_async.models.states import StateChange
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_name
from edgegap_async.waiting import Kind

OnLobbyStatus: TypeAlias = Callable[[StateChange[Lobby]], object]
"""Called in the event loop when a lobby is seen in another state; what it raises ends the wait."""

_KIND: Final = Kind(
    name="lobby",
    failed="It still exists, and may be billed, until it is terminated",
    unwanted="terminate it if it is not wanted",
)


class Lobbies(Service):
    """``edgegap.lobbies``: lobby services that the provider runs."""

    async def create(self, name: str, *, timeout: float | None = None) -> Lobby:
        """Add a lobby, which is not deployed yet: ``POST /v1/lobbies``. Raises Conflict where there is one."""
        return await self._pipeline.call("lobby-create", Lobby, body=_named(name), timeout=timeout)

    async def get(self, name: str, *, timeout: float | None = None) -> Lobby:
        """One lobby: ``GET /v1/lobbies/{lobby_name}``. Raises NotFound or BadRequest for one that is not there."""
        return await self._pipeline.call("lobby-Get", Lobby, path={"lobby_name": name}, timeout=timeout)

    async def deploy(self, name: str, *, timeout: float | None = None) -> Lobby:
        """Start a lobby: ``POST /v1/lobbies:deploy``; it is not ready yet."""
        return await self._pipeline.call("lobby-deploy", Lobby, body=_named(name), timeout=timeout)

    async def terminate(self, name: str, *, timeout: float | None = None) -> Lobby:
        """Stop a lobby, which can be deployed again: ``POST /v1/lobbies:terminate``."""
        return await self._pipeline.call("lobby-terminate", Lobby, body=_named(name), timeout=timeout)

    async def wait_until_ready(
        self, name: str, *, timeout: float | None = None, on_status: OnLobbyStatus | None = None
    ) -> Lobby:
        """Wait until players can reach a lobby that was deployed: it is ready, and its address is known.

        ``timeout`` is in seconds; ``on_status`` is told of each state the lobby is seen in. Limits and passing failures
        of the service are waited through. Raises DeploymentFailed, DeploymentTerminated or ReadyTimeout, whose
        ``request_id`` is the lobby's name; the lobby is left as it is.
        """
        return await self._wait(
            "lobby-Get", Lobby, {"lobby_name": name}, kind=_KIND, timeout=timeout, on_status=on_status
        )


def _named(name: str) -> dict[str, JSON]:
    return {"name": validate_name(name, "the lobby's name")}
