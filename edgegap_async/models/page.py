"""The envelope of a list: what a page holds beside its rows."""

from __future__ import annotations

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.base import Count


@attrs.frozen(kw_only=True)
class PaginatorInfo:
    """The list as a whole: ``num_pages`` is its number of pages."""

    num_pages: int | None = None


@attrs.frozen(kw_only=True)
class PaginationInfo:
    """The position of a page in its list.

    Attributes:
        number: The number of the page, from 1. For a page past the end, some lists return the last page.
        next_page_number: The number of the page after it, None for the last one.
        has_next: Whether there is a page after it.
        paginator: The list as a whole.
        previous_page_number: Not used, so it may have any type.
        has_previous: Not used, so it may have any type.
    """

    number: int | None = None
    next_page_number: int | None = None
    has_next: bool | None = None
    paginator: PaginatorInfo | None = None
    previous_page_number: JSON = None
    has_previous: JSON = None


@attrs.frozen(kw_only=True)
class PageEnvelope:
    """What every page holds beside its rows; subclasses add the field with the rows.

    Attributes:
        total_count: The number of rows in the whole list.
        count: The same, under its name in the document of 2024.
        pagination: The position of the page, None for a list that is not divided into pages.
    """

    total_count: Count | None = None
    count: Count | None = None
    pagination: PaginationInfo | None = None

    @property
    def total(self) -> int | None:
        """The number of rows in the whole list, None if the list is not counted."""
        return self.count if self.total_count is None else self.total_count

    @property
    def has_next(self) -> bool | None:
        """Whether there is another page, None if the response does not say."""
        if self.pagination is None:
            return None
        if self.pagination.has_next is None:
            return self.pagination.next_page_number is not None
        return self.pagination.has_next

    @property
    def page_count(self) -> int | None:
        """The number of pages in the whole list, None if the response does not say."""
        paginator = self.pagination.paginator if self.pagination is not None else None
        return paginator.num_pages if paginator is not None else None
