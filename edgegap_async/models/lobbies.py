"""The managed lobby service. Only the document of 2024 lists it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import Progress, State, extra_field, progress_of


@attrs.frozen(kw_only=True)
class Lobby:
    """A lobby service: where it is (``url``), and how it is."""

    name: str
    url: str | None = None
    status: State | None = None
    extra: Mapping[str, JSON] = extra_field()

    @property
    def state(self) -> State | None:
        """The state now."""
        return self.status

    @property
    def progress(self) -> Progress:
        """Whether players can reach it: INCOMPLETE while its address is missing."""
        return progress_of(self.status, complete=bool(self.url))

    @property
    def reason(self) -> str | None:
        """What it lacks while it is incomplete; the service does not say why one failed."""
        return "no address" if self.progress is Progress.INCOMPLETE else None
