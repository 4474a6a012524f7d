"""Simulated lobbies: ready some seconds after they are deployed, until they are terminated."""

from __future__ import annotations

import attrs

from edgegap_async.simulator.clock import Clock


@attrs.define(eq=False)
class SimulatedLobby:
    """A lobby of the local Edgegap."""

    name: str
    _clock: Clock
    ready_at: float | None = None
    """When the lobby is ready, in seconds of the clock. None while it is not deployed."""

    @property
    def status(self) -> str:
        """The lobby's state. The service's document lists none, so these are states of deployments."""
        if self.ready_at is None:
            return "TERMINATED"
        return "READY" if self._clock() >= self.ready_at else "DEPLOYING"
