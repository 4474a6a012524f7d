"""Choose which page of a list to fetch next while rows are added and removed."""

from __future__ import annotations

import math
from typing import Any, Final, Generic, TypeVar

import attrs

T = TypeVar("T")

_MAX_MISSING_PAGES: Final = 5
"""How often a page may be announced and not be found before the list counts as inconsistent and the stream ends."""

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


@attrs.define
class Cursor:
    """The position in a list whose rows are added and removed while it is read.

    Pages are offsets over a live list. When a row is removed, every row behind it moves forward by one, possibly into
    a page that was already fetched. The list's total shows how many rows were removed. All rows that are still unread
    are at ``first_unread`` or behind it, so ``first_unread`` moves back by as much as the total falls. After the first
    removal, pages are chosen that begin a ``margin`` before ``first_unread``, so that the next removal does not
    require fetching another page again.

    This is exact if new rows are added at the start of the list (or none are added between two pages): then no row
    moves forward by more than the total falls. If a new row is added further back, it hides a removal.

    Pages that bring no new row are normal where rows were read before, or were pushed back by new ones. Further back
    they are not, if the total stays: then the list repeats itself, and could announce more for ever.

    Attributes:
        page_size: The page size, in rows; lowered if the service returns smaller pages.
        first_unread: How many rows from the start of the list have certainly been read.
        margin: How many rows before ``first_unread`` the next page should begin.
        total: The total of the page before, None if unknown.
        missing_pages: The first rows of the pages that were announced and not found since the total last changed.
        shown_to: How many rows from the start of the list may be rows that a page has shown before.
        repeated_pages: How many pages further back brought no new row, one after the other.
        done: Whether the list has been read to its end.
    """

    page_size: int
    first_unread: int = 0
    margin: int = 0
    total: int | None = None
    missing_pages: list[int] = attrs.field(factory=list[int])
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

        Of the pages that begin early enough, this is the one that ends furthest back. The size varies, since a page
        can begin only at a multiple of its size. After a page that was not found, it does not: that page and the one
        before it alternate, until the total explains it.
        """
        if self.missing_pages:
            return self.first_unread // self.page_size + 1, self.page_size
        for start in (max(self.first_unread - self.margin, 0), self.first_unread):
            sizes = range(self.page_size, self.page_size // 2, -1)
            number, size = max(((start // size + 1, size) for size in sizes), key=lambda page: page[0] * page[1])
            if number * size > self.first_unread:
                break
        return number, size

    def record(self, page: FetchedPage[Any], *, has_new_rows: bool) -> bool:
        """Update the position after a page was fetched.

        Args:
            page: The page.
            has_new_rows: Whether it has rows that no page before it had.

        Returns:
            False if rows were removed before the page, so that pages fetched ahead are no longer the next ones.
        """
        size = page.size
        if page.total is None and page.number > 1 and not page.items:
            self._step_back(page)
            return False
        if page.has_next and page.number == 1 and 0 < len(page.items) < size:
            self.page_size = size = len(page.items)  # the service limits the size of its pages
        change = page.total - self.total if self.total is not None and page.total is not None else 0
        removed = max(-change, 0)
        self.first_unread = max(self.first_unread - removed, 0)
        if removed:
            self.margin = min(max(self.margin, 2 * removed), self.page_size // 2)
        if change:
            self.missing_pages.clear()
        if page.total is not None:
            self.total = page.total
        position = self.first_unread
        if position >= (page.number - 1) * size:
            self.first_unread = max(position, page.number * size)
            self.done = not page.has_next
        if has_new_rows or change:
            self.repeated_pages = 0
        elif not position < self.first_unread <= self.shown_to:
            self.repeated_pages += 1
        self.shown_to = max(self.shown_to + max(change, 0), self.first_unread)
        return not removed

    def _step_back(self, page: FetchedPage[Any]) -> None:
        """Go back to the page before one that was not found: its total shows how many rows were removed."""
        start = (page.number - 1) * page.size
        self.missing_pages.append(start)
        self.done = self.missing_pages.count(start) > _MAX_MISSING_PAGES
        self.first_unread = max(min(self.first_unread, start) - 1, 0)
