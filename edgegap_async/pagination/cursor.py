"""Which page of a changing list to read next."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

import attrs

T = TypeVar("T")

_MOST_MISSES: Final = 5
"""A page that is announced so often and never there ends a list that contradicts itself."""


@attrs.frozen(kw_only=True)
class FetchedPage(Generic[T]):
    """Page ``number`` of pages of ``size`` rows as it was read: ``more`` whether another follows."""

    items: tuple[T, ...]
    number: int
    size: int
    total: int | None
    more: bool
    pages: int | None = None


@attrs.define
class Cursor:
    """Where to read next in a list whose rows come and go.

    Pages are windows over a live list: a row that disappears moves all behind it forward, into windows that were
    read already, and the list's total tells how many did. Every row that is unseen and stays is at the ``frontier``
    or beyond, counted in rows from the list's start, so the frontier moves back by what the total lost. From the
    first loss on windows begin a ``margin`` before the frontier, so that the next loss costs no second reading.

    This is exact where new rows come first (or none come between two readings): no row can then have moved further
    than the total fell. Where rows come later in the list, one that comes hides one that goes.
    """

    size: int
    frontier: int = 0
    margin: int = 0
    total: int | None = None
    missed: list[tuple[int, int | None]] = attrs.field(factory=list[tuple[int, int | None]])
    done: bool = False

    def window(self) -> tuple[int, int]:
        """Number and size of the page to read next: of those that begin early enough, the one that reaches furthest."""
        for start in (max(self.frontier - self.margin, 0), self.frontier):
            sizes = range(self.size, self.size // 2, -1)
            number, size = max(((start // size + 1, size) for size in sizes), key=lambda page: page[0] * page[1])
            if number * size > self.frontier:
                break
        return number, size

    def note(self, reading: FetchedPage[Any]) -> bool:
        """Take a reading into account; False where rows were lost before it, so that its successor is another."""
        size = reading.size
        if reading.total is None and reading.number > 1 and not reading.items:
            return self._step_back(reading)
        if reading.more and reading.number == 1 and 0 < len(reading.items) < size:
            self.size = size = len(reading.items)  # the service caps the size of its pages
        fell = self.total - reading.total if self.total is not None and reading.total is not None else 0
        lost = max(fell, 0)
        self.frontier = max(self.frontier - lost, 0)
        if lost:
            self.margin = min(max(self.margin, 2 * lost), self.size // 2)
        if reading.total is not None:
            self.total = reading.total
        if self.frontier >= (reading.number - 1) * size:
            self.frontier = max(self.frontier, reading.number * size)
            self.done = not reading.more
        return not lost

    def _step_back(self, reading: FetchedPage[Any]) -> bool:
        """A page that was announced is not there: the one before it tells how many rows were lost."""
        start = (reading.number - 1) * reading.size
        self.missed = [miss for miss in self.missed if miss[1] == self.total] + [(start, self.total)]
        self.done = self.missed.count((start, self.total)) > _MOST_MISSES  # others between: pages of other sizes
        self.frontier = max(min(self.frontier, start) - 1, 0)
        return False
