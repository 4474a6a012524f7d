"""Telemetry: which of some deployments is best for some players; document of 2024 only."""

from __future__ import annotations

from datetime import datetime

import attrs

from edgegap_async.models.base import Model
from edgegap_async.models.states import Progress, State


@attrs.frozen(kw_only=True)
class TelemetryRequest(Model):
    """The response of starting a measurement.

    Attributes:
        retrieval_key: The key with which the result is requested.
        expire: Until when the result is kept, in UTC.
    """

    retrieval_key: str
    expire: datetime | None = None


@attrs.frozen(kw_only=True)
class Score(Model):
    """A deployment in the ranking; everything else that the service returns is in ``extra``."""

    request_id: str


@attrs.frozen(kw_only=True)
class TelemetryResult(Model):
    """The result of a measurement.

    Attributes:
        retrieval_key: The key with which the result is requested.
        scores: The deployments, the best one for the players first.
        partial_result: Whether some scores are still missing.
    """

    retrieval_key: str
    scores: tuple[Score, ...] = ()
    partial_result: bool | None = None

    @property
    def state(self) -> State | None:
        """Always None: a result has no state."""
        return None

    @property
    def progress(self) -> Progress:
        """How a wait continues: READY once the service says that the result is not partial."""
        return Progress.READY if self.partial_result is False else Progress.PENDING

    @property
    def reason(self) -> str | None:
        """The number of scores so far."""
        return f"{len(self.scores)} scores"
