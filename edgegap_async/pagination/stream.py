"""Lists as streams: lazy and prefetched; no row is returned twice, and none that stays in the list is missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Mapping
from contextlib import aclosing
from typing import Final, Generic, TypeVar

import attrs

from edgegap_async.errors import DecodeError
from edgegap_async.pagination.cursor import Cursor, remembered_rows
from edgegap_async.pagination.fetcher import PageFetcher
from edgegap_async.pagination.lookahead import Lookahead
from edgegap_async.pagination.returned_rows import ReturnedRows
from edgegap_async.transport import Pipeline
from edgegap_async.validation import validate_int

T = TypeVar("T")

DEFAULT_PAGE_SIZE: Final = 100
"""The largest page size in use: the service documents no maximum, and returns 10 rows by default."""


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: The rows that the stream has not returned before.
        number: The number of the page, from 1.
        total_count: The number of rows in the whole list, None if the service does not count them.
    """

    items: tuple[T, ...]
    number: int
    total_count: int | None


class PageStream(Generic[T]):
    """A list of the service as an asynchronous iterable.

    ::

        stream = edgegap.deployments.list(page_size=50)     # nothing is sent yet
        async for row in stream: ...
        async for page in stream.pages(): print(page.number, page.total_count)
        first = await stream.first()
        rows = await stream.collect(limit=500)

    Each iteration starts from the beginning. While the caller works with one page, the next ones are fetched, together
    (see ``Lookahead``). Each row is returned once, even if it moves between pages, and no row that stays in the list is
    missed (see ``Cursor``); the memory that this takes does not grow with the list. Each page is one request with
    its own deadline; the errors of the request are raised by the iteration. A list that announces more pages and only
    repeats its rows raises ``DecodeError``, after at least three pages and 100 rows without a new one.

    If a loop ends early, pages that are being fetched are cancelled as soon as its iterator is closed or collected;
    use ``contextlib.aclosing(stream.pages())`` to have it closed at once.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        operation_id: str,
        item: type[T],
        *,
        key: Callable[[T], Hashable],
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
        prefetch: int,
        timeout: float | None = None,
    ) -> None:
        """Create a stream; nothing is sent yet.

        Args:
            pipeline: Sends the requests.
            operation_id: The list's row in the table of operations.
            item: The model of a row.
            key: Returns what identifies a row, so that it is not returned twice.
            path: The parameters of the operation's path.
            query: The parameters of the query, without those of the page.
            page_size: Rows in a page, at least 1.
            prefetch: How many pages are fetched ahead at most, 0 for none; see ``Lookahead``.
            timeout: Seconds for each page, None for the client's timeout.

        Raises:
            ConfigurationError: ``page_size`` is not a whole number of at least 1.
        """
        self._fetcher = PageFetcher(pipeline, operation_id, item, path=path, query=query, timeout=timeout)
        self._key = key
        self._page_size = validate_int(page_size, "page_size", minimum=1)
        self._prefetch = prefetch

    def __aiter__(self) -> AsyncIterator[T]:
        return self._items()

    async def _items(self) -> AsyncGenerator[T, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item

    def pages(self) -> AsyncGenerator[Page[T], None]:
        """Iterate over the pages in order; a page that is fetched again contains only its new rows."""
        return self._read(None)

    async def _read(self, limit: int | None) -> AsyncGenerator[Page[T], None]:
        """Yield the pages; no more are requested ahead than it takes to return ``limit`` rows."""
        cursor, returned = Cursor(self._page_size), ReturnedRows()
        ahead = Lookahead(self._fetcher, prefetch=self._prefetch)
        try:
            while not cursor.done:
                page, is_ordered = await ahead.receive(cursor)
                rows = {self._key(item): item for item in page.items}
                known = returned.known(rows.keys())
                total, overlap = cursor.total, cursor.overlap
                is_accepted = cursor.record(
                    page,
                    has_new_rows=len(known) < len(rows),
                    has_known_rows=bool(known),
                    is_ordered=is_ordered,
                )
                if cursor.is_stalled:
                    raise self._endless(
                        f"its last {cursor.repeated_pages} pages had no new row, announced another page and had the "
                        f"same total ({cursor.total})"
                    )
                if not is_accepted or (cursor.overlap and not overlap):
                    await ahead.drop()
                if total is not None and page.total is not None and total - page.total > remembered_rows(page.size):
                    returned.forget_old_rows()
                if not is_accepted:
                    continue
                if not known and returned.shows_old_rows(rows.keys()):
                    raise self._endless(f"its page {page.number} has rows that were returned long before")
                returned.add(rows.keys())
                if not cursor.done:
                    ahead.request(cursor, page, limit=limit)
                    await asyncio.sleep(0)  # so that they are sent, even if the caller does not wait for anything
                for key in known:
                    del rows[key]
                items = tuple(rows.values())
                if items or page.number == 1:
                    yield Page(items=items, number=page.number, total_count=page.total)
        finally:
            await ahead.drop()

    async def first(self) -> T | None:
        """Return the first item, None if the list is empty; requests one row."""
        page = await self._fetcher.fetch(1, 1)
        return page.items[0] if page.items else None

    async def collect(self, limit: int | None = None) -> list[T]:
        """Return all items, or the first ``limit``, as a list."""
        items: list[T] = []
        if limit is not None and limit < 1:
            return items
        async with aclosing(self._read(limit)) as pages:
            async for page in pages:
                items += page.items
                if limit is not None and len(items) >= limit:
                    del items[limit:]
                    break
        return items

    async def total(self) -> int:
        """Return the number of items; requests one row, or the whole list if the service does not count it."""
        page = await self._fetcher.fetch(1, 1)
        return len(await self.collect()) if page.total is None else page.total

    def _endless(self, reason: str) -> DecodeError:
        operation = self._fetcher.operation_id
        return DecodeError(f"the list of {operation} does not end: {reason}", operation=operation, path="$.pagination")
