"""Choose which page of a list to fetch next while rows are added and removed."""

from __future__ import annotations

import math
from typing import Any, Final, Generic, TypeVar

import attrs

T = TypeVar("T")

_MAX_MISSING_PAGES: Final = 5
"""How often a page may be announced and not be found before the list counts as inconsistent and the stream ends."""

_REMEMBERED_ROWS: Final = 4096
_REMEMBERED_PAGES: Final = 4
"""Of the rows that were returned, at least the last so many, and those of so many pages, are remembered."""

_MIN_OVERLAP: Final = 1 / 16
_MAX_OVERLAP: Final = 1 / 4
"""The part of a page by which pages that are requested together overlap in a list that changes."""

_MIN_ROWS_TOGETHER: Final = 10
"""Of a list that looks unchanged, smaller pages are not requested together: all rows of one may well be replaced."""

_MAX_REPEATED_PAGES: Final = 3
_MAX_REPEATED_ROWS: Final = 100
"""A list that announces more is inconsistent after at least so many pages, and rows, without a new one."""


@attrs.frozen(kw_only=True)
class FetchedPage(Generic[T]):
    """One page as the service returned it.

    Attributes:
        items: The rows of the page.
        number: The number of the page, from 1.
        size: The page size of the request.
        total: The number of rows in the whole list, None if the service does not count them or the page was not found.
        has_next: Whether there is a page after it.
        page_count: The number of pages in the whole list, None if unknown.
    """

    items: tuple[T, ...]
    number: int
    size: int
    total: int | None
    has_next: bool
    page_count: int | None = None


def remembered_rows(page_size: int) -> int:
    """Return how many of the rows that were returned last are remembered, so that none is returned twice."""
    return max(_REMEMBERED_ROWS, _REMEMBERED_PAGES * page_size)


@attrs.define
class Cursor:
    """The position in a list whose rows are added and removed while it is read.

    Pages are windows over a live list, and the service may read pages that are requested together in any order. They
    are recorded in the order of their windows. A page is accepted if no row that stays in the list can have been behind
    the accepted pages and in front of this one, each at the time at which it was read. As the first page begins at the
    start of the list and the last one ends at its end, each row that stays is then on an accepted page. One of three
    reasons suffices:

    1. The page shows a row of an accepted page again. Rows keep their order, so a row that is still unread is behind
       that row, and is on this page or behind it. The order in which the pages were read does not matter, nor where
       rows were added or removed.
    2. It was requested after the accepted page was received, and begins at ``first_unread`` or before, once
       ``first_unread`` has moved back by as much as the total fell. This is exact if rows are added at the start of the
       list (or none are added between the two pages): then no row moves forward by more than the total falls. A row
       that is added further back hides a removal.
    3. It was requested together with the page before it, begins where that one ends, and the list looks unchanged: so
       far, all pages have the same total, and none shows a row again. If a row is missed, this page was read first;
       then rows behind that row were removed and as many added at the start, which moved it; then the page before was
       read. Of the accepted pages, take the last two neighbours of which the first was read before that removal, and
       the second after it: the last rows of the first moved into the second, which shows them again. So this is exact
       if fewer rows than a page has are removed while the pages that are requested together, and the one in front of
       them, are read. Else, all pages can look like those of a list that does not change, which only more requests
       than such a list needs could exclude.

    Once something has changed, reason 3 is no longer valid, and pages that are requested together overlap, for reason
    1. After a removal, all pages also begin a ``margin`` before ``first_unread``, for reason 2, so that the next
    removal does not require fetching another page again.

    Rows in front of the last ``remembered_rows`` of those that were returned are not recognized. No page shows them,
    unless more rows than that are removed between two pages: if more are added, ``first_unread`` moves on to the page
    before the rows that are still unread, if they were added at the start. If it shows no row again, they were not.

    Pages that bring no new row are normal where rows were read before, or were pushed back by new ones. Further back
    they are not, if the total stays: then the list repeats itself, and could announce more for ever.

    Attributes:
        page_size: The page size, in rows; lowered if the service returns smaller pages.
        first_unread: How many rows from the start of the list have certainly been read.
        margin: How many rows before ``first_unread`` the next page should begin.
        overlap: How many rows a page should share with the page before it if both are requested together; 0 as long as
            the list looks unchanged.
        total: The total of the page before, None if unknown.
        unread: How many rows at the end of the list have not been read, infinite if the list is not counted.
        missing_pages: The first rows of the pages that were announced and not found since the total last changed.
        passed_from: Where ``first_unread`` was before it moved on, until a page has confirmed that.
        shown_to: How many rows from the start of the list may be rows that a page has shown before.
        repeated_pages: How many pages further back brought no new row, one after the other.
        done: Whether the list has been read to its end.
    """

    page_size: int
    first_unread: int = 0
    margin: int = 0
    overlap: int = 0
    total: int | None = None
    unread: float = math.inf
    missing_pages: list[int] = attrs.field(factory=list[int])
    passed_from: int | None = None
    shown_to: int = 0
    repeated_pages: int = 0
    done: bool = False

    @property
    def is_stalled(self) -> bool:
        """Whether the list announces more and more pages without new rows."""
        enough = max(_MAX_REPEATED_PAGES, math.ceil(_MAX_REPEATED_ROWS / self.page_size))
        return not self.done and self.repeated_pages >= enough

    def next_page(self) -> tuple[int, int]:
        """Return the number and the size of the page to fetch next.

        After a page that was not found, that page and the one before it alternate, until the total explains it.
        """
        if self.missing_pages:
            return self.first_unread // self.page_size + 1, self.page_size
        return self._page_from(self.first_unread, self.margin)

    def page_ahead(self, end: int, *, is_ordered: bool) -> tuple[int, int] | None:
        """Return the page to fetch after one that is not recorded yet.

        Args:
            end: The row at which that page ends.
            is_ordered: Whether that page was received already.

        Returns:
            The number and the size of the page; None if that page has to be recorded first.
        """
        looks_unchanged = not self.overlap
        if self.missing_pages or (not is_ordered and looks_unchanged and self.page_size < _MIN_ROWS_TOGETHER):
            return None
        number, size = self._page_from(end, self.margin if is_ordered else self.overlap)
        if not (is_ordered or looks_unchanged) and (number - 1) * size >= end:
            return None
        return number, size

    def record(
        self, page: FetchedPage[Any], *, has_new_rows: bool, has_known_rows: bool = False, is_ordered: bool = True
    ) -> bool:
        """Update the position after a page was fetched.

        Args:
            page: The page.
            has_new_rows: Whether it has rows that no accepted page had.
            has_known_rows: Whether it has rows that an accepted page had.
            is_ordered: Whether it was requested after the page before it was received.

        Returns:
            Whether the page is accepted. If not, its rows are to be fetched again, and pages that were requested ahead
            are no longer the next ones.
        """
        if page.total is None and page.number > 1 and not page.items:
            if is_ordered:
                self._step_back(page)
            self._widen_overlap(1)
            return False
        size = page.size
        if page.items and not self.first_unread:
            self.page_size = size = min(size, len(page.items))  # the service limits the size of its pages
        start, end = (page.number - 1) * size, page.number * size
        change = page.total - self.total if self.total is not None and page.total is not None else 0
        if is_ordered:
            self._move(page.total, change)
        position = self.first_unread
        follows = start <= position and (is_ordered or not (self.overlap or change))
        added = -math.inf if page.total is None else page.total - self.unread - position
        if added > remembered_rows(self.page_size) / 2:
            if is_ordered:
                self._pass_over(int(added))
            is_accepted = False
        elif self.passed_from is not None and not has_known_rows:
            self._return_to_passed_rows(change)
            is_accepted = False
        else:
            is_accepted = follows or has_known_rows
            self.passed_from = None
        if change or has_known_rows or not is_accepted:
            self._widen_overlap(2 if start < position and not is_accepted else 1)
        if is_accepted:
            self._accept(page, end)
        if change or (is_accepted and has_new_rows):
            self.repeated_pages = 0
        elif (is_accepted or is_ordered) and not position < self.first_unread <= self.shown_to:
            self.repeated_pages += 1
        self.shown_to = max(self.shown_to + max(change, 0), self.first_unread)
        return is_accepted

    def _page_from(self, position: int, margin: int) -> tuple[int, int]:
        """Return the page that begins a margin before a position, or else at it.

        Of the pages that begin early enough, this is the one that ends furthest back. The size varies, since a page
        can begin only at a multiple of its size.
        """
        for start in (max(position - margin, 0), position):
            sizes = range(self.page_size, self.page_size // 2, -1)
            if start % self.page_size == 0:
                number, size = start // self.page_size + 1, self.page_size  # no other page ends further back
            else:
                number, size = max(((start // size + 1, size) for size in sizes), key=lambda page: page[0] * page[1])
            if number * size > position:
                break
        return number, size

    def _move(self, total: int | None, change: int) -> None:
        """Move the position as far back as the total fell."""
        removed = max(-change, 0)
        self.first_unread = max(self.first_unread - removed, 0)
        if removed:
            self.margin = min(max(self.margin, 2 * removed), self.page_size // 2)
        if change:
            self.missing_pages.clear()
        if total is not None:
            self.total = total

    def _accept(self, page: FetchedPage[Any], end: int) -> None:
        if end > self.first_unread:
            self.first_unread = end
            self.total = self.total if page.total is None else page.total
        if page.total is not None:
            self.unread = min(self.unread, page.total - end)
        self.done = not page.has_next

    def _pass_over(self, added: int) -> None:
        """Move on, since so many rows were added that those at the position may no longer be remembered."""
        self.passed_from = self.first_unread if self.passed_from is None else self.passed_from
        self.first_unread += added - self.page_size

    def _return_to_passed_rows(self, change: int) -> None:
        self.first_unread = max((self.passed_from or 0) + min(change, 0), 0)
        self.passed_from, self.unread = None, math.inf

    def _widen_overlap(self, factor: int) -> None:
        most = max(int(self.page_size * _MAX_OVERLAP), 1)
        self.overlap = min(max(self.overlap * factor, int(self.page_size * _MIN_OVERLAP), 1), most)

    def _step_back(self, page: FetchedPage[Any]) -> None:
        """Go back to the page before one that was not found: its total shows how many rows were removed."""
        start = (page.number - 1) * page.size
        self.missing_pages.append(start)
        self.done = self.missing_pages.count(start) > _MAX_MISSING_PAGES
        self.first_unread = max(min(self.first_unread, start) - 1, 0)
