"""Polls one thing with the operation that returns it."""

from __future__ import annotations

from typing import Final, Generic, Protocol

import attrs

from edgegap_async.errors import DeadlineExceeded, EdgegapError, TransportError
from edgegap_async.limits import Priority
from edgegap_async.models.states import SnapshotT
from edgegap_async.transport import Pipeline
from edgegap_async.waiting.subscriptions import WatchEntry

POLL_SECONDS: Final = 10.0
"""The deadline of one poll, its retries included."""


class SingleProbe(Protocol[SnapshotT]):
    """Polls one entry."""

    async def poll(self, entry: WatchEntry[SnapshotT]) -> SnapshotT:
        """Return the current snapshot; raises the errors of the call."""
        ...


@attrs.frozen
class StatusProbe(Generic[SnapshotT]):
    """Polls with one operation, which returns a model that is a snapshot."""

    pipeline: Pipeline
    operation_id: str
    model: type[SnapshotT]

    async def poll(self, entry: WatchEntry[SnapshotT]) -> SnapshotT:
        """Return the current snapshot; raises the errors of the call."""
        return await self.pipeline.call(
            self.operation_id, self.model, path=entry.path, timeout=POLL_SECONDS, priority=Priority.POLL
        )


def as_transient(error: EdgegapError) -> EdgegapError:
    """Return the error of a poll as a wait handles it: a poll that timed out says nothing about the wait's deadline."""
    if isinstance(error, DeadlineExceeded):
        return TransportError(str(error), outcome=error.outcome, operation=error.operation)
    return error
