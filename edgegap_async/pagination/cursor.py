"""Choose which page of a list to fetch next while rows are added and removed."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

import attrs

T = TypeVar("T")

_MAX_MISSING_PAGES: Final = 5
"""How often a page may be announced and not be found before the list counts as inconsistent and the stream ends."""


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

    Attributes:
        page_size: The page size, in rows; lowered if the service returns smaller pages.
        first_unread: How many rows from the start of the list have certainly been read.
        margin: How many rows before ``first_unread`` the next page should begin.
        total: The total of the page before, None if unknown.
        missing_pages: The pages that were announced and not found, as their first row and the total at that time.
        done: Whether the list has been read to its end.
    """

    page_size: int
    first_unread: int = 0
    margin: int = 0
    total: int | None = None
    missing_pages: list[tuple[int, int | None]] = attrs.field(factory=list[tuple[int, int | None]])
    done: bool = False

    def next_page(self) -> tuple[int, int]:
        """Return the number and the size of the page to fetch next.

        Of the pages that begin early enough, this is the one that ends furthest back. The size varies, since a page
        can begin only at a multiple of its size.
        """
        for start in (max(self.first_unread - self.margin, 0), self.first_unread):
            sizes = range(self.page_size, self.page_size // 2, -1)
            number, size = max(((start // size + 1, size) for size in sizes), key=lambda page: page[0] * page[1])
            if number * size > self.first_unread:
                break
        return number, size

    def record(self, page: FetchedPage[Any]) -> bool:
        """Update the position after a page was fetched.

        Returns:
            False if rows were removed before the page, so that pages fetched ahead are no longer the next ones.
        """
        size = page.size
        if page.total is None and page.number > 1 and not page.items:
            self._step_back(page)
            return False
        if page.has_next and page.number == 1 and 0 < len(page.items) < size:
            self.page_size = size = len(page.items)  # the service limits the size of its pages
        removed = max(self.total - page.total, 0) if self.total is not None and page.total is not None else 0
        self.first_unread = max(self.first_unread - removed, 0)
        if removed:
            self.margin = min(max(self.margin, 2 * removed), self.page_size // 2)
        if page.total is not None:
            self.total = page.total
        if self.first_unread >= (page.number - 1) * size:
            self.first_unread = max(self.first_unread, page.number * size)
            self.done = not page.has_next
        return not removed

    def _step_back(self, page: FetchedPage[Any]) -> None:
        """Go back to the page before one that was not found: its total shows how many rows were removed."""
        start = (page.number - 1) * page.size
        missing = (start, self.total)
        # pages of other sizes may be fetched in between, so only another total starts the count anew
        self.missing_pages = [each for each in self.missing_pages if each[1] == self.total] + [missing]
        self.done = self.missing_pages.count(missing) > _MAX_MISSING_PAGES
        self.first_unread = max(min(self.first_unread, start) - 1, 0)
