"""Which entries are due for a poll, and when the next one is."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Generic

from edgegap_async.models.states import SnapshotT
from edgegap_async.waiting.subscriptions import WatchEntry


class PollSchedule(Generic[SnapshotT]):
    """Entries in the order in which they are due.

    An entry that is due at another moment by now, or has no subscription any more, stays in the heap and is dropped
    when its turn comes.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, WatchEntry[SnapshotT]]] = []
        self._order = 0

    def add(self, entry: WatchEntry[SnapshotT]) -> None:
        """Schedule an entry for the moment in its ``due``."""
        self._order += 1  # entries that are due at the same moment keep their order
        heapq.heappush(self._heap, (entry.due, self._order, entry))

    def take(self, limit: int, is_wanted: Callable[[WatchEntry[SnapshotT]], bool]) -> list[WatchEntry[SnapshotT]]:
        """Remove and return up to ``limit`` entries from the front, as long as they are wanted."""
        taken: list[WatchEntry[SnapshotT]] = []
        while self._heap and len(taken) < limit:
            due, _, entry = self._heap[0]
            is_valid = bool(entry.subscriptions) and entry.due == due
            if is_valid and not is_wanted(entry):
                break
            heapq.heappop(self._heap)
            if is_valid:
                taken.append(entry)
        return taken

    @property
    def next_due(self) -> float | None:
        """The moment of the first entry, None if there is none."""
        return self._heap[0][0] if self._heap else None
