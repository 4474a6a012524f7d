"""Lobbies: services that are ready some moments after they were deployed, until they are terminated."""

from __future__ import annotations

import attrs

from edgegap_async.simulator.clock import Clock


@attrs.define(eq=False)
class SimulatedLobby:
    """A lobby of the local Edgegap; ``ready_at`` is a moment of the clock, None while it is not deployed."""

    name: str
    _clock: Clock
    ready_at: float | None = None

    @property
    def status(self) -> str:
        """Its state; the document names none, so they are those of deployments."""
        if self.ready_at is None:
            return "TERMINATED"
        return "READY" if self._clock() >= self.ready_at else "DEPLOYING"

    def shown(self) -> dict[str, str]:
        """The lobby as an answer holds it."""
        return {"name": self.name, "url": f"https://{self.name}.lobby.edgegap.net", "status": self.status}
