"""Which of some deployments is best for some players. Only the document of 2024 lists it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import Progress, State, extra_field


@attrs.frozen(kw_only=True)
class TelemetryRequest:
    """That a measurement has begun: its result can be had with ``retrieval_key`` until ``expire``."""

    retrieval_key: str
    expire: datetime | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Score:
    """A deployment's place in the order of scores; what else the service tells of it is in ``extra``."""

    request_id: str
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class TelemetryResult:
    """Deployments from the best for the players to the worst; while ``partial_result`` there may come others."""

    retrieval_key: str
    scores: tuple[Score, ...] = ()
    partial_result: bool | None = None
    extra: Mapping[str, JSON] = extra_field()

    @property
    def state(self) -> State | None:
        """None: a result has none."""
        return None

    @property
    def progress(self) -> Progress:
        """Whether it is whole: READY only where the service says that it is not partial."""
        return Progress.READY if self.partial_result is False else Progress.PENDING

    @property
    def reason(self) -> str | None:
        """How far it is."""
        return f"{len(self.scores)} scores"
