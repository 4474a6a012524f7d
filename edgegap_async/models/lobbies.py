"""The managed lobby service; document of 2024 only."""

from __future__ import annotations

import attrs

from edgegap_async.models.base import Model
from edgegap_async.models.states import Progress, State, progress_of


@attrs.frozen(kw_only=True)
class Lobby(Model):
    """A lobby service.

    Attributes:
        name: The lobby service's name.
        url: The URL at which players reach it.
        status: Its state.
    """

    name: str
    url: str | None = None
    status: State | None = None

    @property
    def state(self) -> State | None:
        """The current state."""
        return self.status

    @property
    def progress(self) -> Progress:
        """How a wait continues: INCOMPLETE while it is ready and its URL is missing."""
        return progress_of(self.status, complete=bool(self.url))

    @property
    def reason(self) -> str | None:
        """What is missing while it is incomplete; the service gives no reason for a failure."""
        return "no address" if self.progress is Progress.INCOMPLETE else None
