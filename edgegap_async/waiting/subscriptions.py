"""What is watched, and those who subscribe to its snapshots."""

from __future__ import annotations

import asyncio
import copy
import math
from collections.abc import Callable, Mapping
from typing import Generic, TypeAlias

import attrs

from edgegap_async.errors import JSON, EdgegapError
from edgegap_async.models.states import Progress, SnapshotT
from edgegap_async.waiting.history import VersionKey

RowState: TypeAlias = tuple[str, JSON]
"""The fields ``status`` and ``ready`` of a row of the list."""


@attrs.frozen(kw_only=True)
class RequestRecord:
    """When something was requested, of which version, and whether a webhook reports it."""

    requested_at: float
    version: VersionKey | None = None
    has_webhook: bool = False


@attrs.define(eq=False, kw_only=True)
class WatchEntry(Generic[SnapshotT]):
    """Something that at least one subscription waits for. Moments are those of the loop's clock, in seconds.

    Attributes:
        id: Its id.
        path: The path parameters of the operation that returns it.
        request: When and how it was requested.
        measures: Whether its first READY snapshot shows how long its version takes: a poll saw it pending before, or
            the first poll was not too late.
        ready_after: Seconds from the request to READY, None if they were not measured.
        due: When it is polled next; infinite while a poll is under way.
        subscriptions: How many subscriptions it has.
        progress_subscriptions: How many of them want every snapshot, also those that show nothing new.
        snapshot: The latest snapshot that was published.
        row_state: The state in its latest row, as long as the same row again shows nothing new.
        rows_seen: How many rows of the list showed it.
        needs_status: Whether the next poll has to be a status call.
        waiters: The futures of the subscriptions that wait for the next snapshot; a tuple, since it is nearly always
            one.
        polled_here: Whether this process polls it, although another one polls for all.
        relay: Passes what is published, or the error of a poll, to other processes that wait for it.
    """

    id: str
    path: Mapping[str, str]
    request: RequestRecord
    measures: bool = False
    ready_after: float | None = None
    due: float = math.inf
    subscriptions: int = 0
    progress_subscriptions: int = 0
    snapshot: SnapshotT | None = None
    row_state: RowState | None = None
    rows_seen: int = 0
    needs_status: bool = False
    waiters: tuple[asyncio.Future[None], ...] = ()
    polled_here: bool = False
    relay: Callable[[SnapshotT | Exception], None] | None = None

    def publish(self, snapshot: SnapshotT) -> None:
        """Wake the subscriptions if the snapshot shows another state, or one in which time matters, or on demand."""
        if (
            self.progress_subscriptions
            or self.snapshot is None
            or self.snapshot.state != snapshot.state
            or snapshot.progress is not Progress.PENDING
        ):
            self.snapshot = snapshot
            waiters, self.waiters = self.waiters, ()
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)
            if self.relay is not None:
                self.relay(snapshot)

    def fail(self, error: Exception) -> None:
        """Raise an error in the subscriptions: each gets a copy, since each adds notes of its own."""
        waiters, self.waiters = self.waiters, ()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(copy.copy(error) if isinstance(error, EdgegapError) else error)
        if self.relay is not None:
            self.relay(error)


@attrs.define(eq=False)
class Subscription(Generic[SnapshotT]):
    """The snapshots of one entry, as one wait receives them.

    Attributes:
        entry: What is watched.
        typical_seconds: The median of its version when the wait began: it stays, so that no progress bar goes back.
    """

    entry: WatchEntry[SnapshotT]
    typical_seconds: float | None = None
    _latest: SnapshotT | None = None

    async def next(self) -> SnapshotT:
        """Return the next snapshot that was published; raises the error of a poll that failed."""
        while (snapshot := self.entry.snapshot) is None or snapshot is self._latest:
            waiter = asyncio.get_running_loop().create_future()
            self.entry.waiters += (waiter,)
            await waiter
        self._latest = snapshot
        return snapshot
