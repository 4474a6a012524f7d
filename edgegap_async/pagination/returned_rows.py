"""Recognize rows of a list that were returned before, with a memory that does not grow with the list."""

from __future__ import annotations

from collections.abc import Hashable, Set

from edgegap_async.pagination.cursor import remembered_rows


class ReturnedRows:
    """Remembers the keys of the rows that were returned last, page by page, and those of two pages further back.

    The two pages are the first one, and the last one whose count is a power of two. However long the part of a list is
    that repeats itself, sooner or later it shows a row of one of them again.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._pages = 0
        self._recent = set[Hashable]()
        self._older = set[Hashable]()
        self._first = set[Hashable]()
        self._landmark = set[Hashable]()

    def known(self, keys: Set[Hashable]) -> Set[Hashable]:
        """Return those of the keys that are among the ones remembered last."""
        return (keys & self._recent) | (keys & self._older)

    def shows_old_rows(self, keys: Set[Hashable]) -> bool:
        """Return whether the list begins again: a page has a row of one of the two pages further back."""
        return not (self._first.isdisjoint(keys) and self._landmark.isdisjoint(keys))

    def add(self, keys: Set[Hashable]) -> None:
        """Remember the keys of a page."""
        if len(self._recent) >= remembered_rows(len(keys)):
            self._older, self._recent = self._recent, set[Hashable]()
        self._recent.update(keys)  # "|=" would copy the whole set: keys of a dict are not one
        self._pages += 1
        if self._pages == 1:
            self._first = set(keys)
        elif not self._pages & (self._pages - 1):
            self._landmark = set(keys)

    def forget_old_rows(self) -> None:
        """Forget the two pages further back: so many rows were removed that they may be read again."""
        self._first, self._landmark = set[Hashable](), set[Hashable]()
