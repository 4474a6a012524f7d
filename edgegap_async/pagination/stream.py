"""Lists as streams: lazy and prefetched; no row is returned twice, and none that stays in the list is missed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Mapping
from contextlib import aclosing
from typing import Any, Final, Generic, TypeVar

import attrs

from edgegap_async.errors import DecodeError
from edgegap_async.pagination.cursor import Cursor, FetchedPage
from edgegap_async.pagination.fetcher import PageFetcher
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

    Each iteration starts from the beginning. While the caller works with one page, the next one is fetched; several
    are fetched if the list seldom changes and the number of its pages is known. Each row is returned once, even if it
    moves between pages, and no row that stays in the list is missed (see ``Cursor``). Each page is one request with
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
        live: bool = False,
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
            prefetch: How many pages are fetched ahead at most.
            timeout: Seconds for each page, None for the client's timeout.
            live: Whether rows are added and removed all the time: then pages are fetched one after the other, since
                the next one depends on the one before.

        Raises:
            ConfigurationError: ``page_size`` is not a whole number of at least 1.
        """
        self._fetcher = PageFetcher(pipeline, operation_id, item, path=path, query=query, timeout=timeout)
        self._key = key
        self._page_size = validate_int(page_size, "page_size", minimum=1)
        self._prefetch = min(prefetch, 1) if live else prefetch

    def __aiter__(self) -> AsyncIterator[T]:
        return self._items()

    async def _items(self) -> AsyncGenerator[T, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        """Iterate over the pages in order; a page that is fetched again contains only its new rows."""
        cursor = Cursor(self._page_size)
        seen: set[Hashable] = set()
        ahead: deque[asyncio.Task[FetchedPage[T]]] = deque()
        try:
            while not cursor.done:
                if not ahead:
                    ahead.append(self._start(*cursor.next_page()))
                page = await ahead[0]
                ahead.popleft()
                items = self._new_items(page.items, seen)
                if not cursor.record(page, has_new_rows=bool(items)):
                    await _cancel(ahead)
                if cursor.is_stalled:
                    raise self._stalled(cursor)
                if not cursor.done:
                    self._fetch_ahead(ahead, cursor, page.page_count)
                if items or page.number == 1:
                    yield Page(items=items, number=page.number, total_count=page.total)
        finally:
            await _cancel(ahead)

    async def first(self) -> T | None:
        """Return the first item, None if the list is empty; requests one row."""
        page = await self._fetcher.fetch(1, 1)
        return page.items[0] if page.items else None

    async def collect(self, limit: int | None = None) -> list[T]:
        """Return all items, or the first ``limit``, as a list."""
        items: list[T] = []
        if limit is not None and limit < 1:
            return items
        async with aclosing(self._items()) as stream:
            async for item in stream:
                items.append(item)
                if len(items) == limit:
                    break
        return items

    async def total(self) -> int:
        """Return the number of items; requests one row, or the whole list if the service does not count it."""
        page = await self._fetcher.fetch(1, 1)
        return len(await self.collect()) if page.total is None else page.total

    def _new_items(self, items: tuple[T, ...], seen: set[Hashable]) -> tuple[T, ...]:
        """Return the items whose keys are not in ``seen``, and add them."""
        new: list[T] = []
        for item in items:
            if (key := self._key(item)) not in seen:
                seen.add(key)
                new.append(item)
        return tuple(new)

    def _stalled(self, cursor: Cursor) -> DecodeError:
        operation = self._fetcher.operation_id
        return DecodeError(
            f"the list of {operation} does not end: its last {cursor.repeated_pages} pages had no new row, announced "
            f"another page and had the same total ({cursor.total})",
            operation=operation,
            path="$.pagination",
        )

    def _start(self, number: int, size: int) -> asyncio.Task[FetchedPage[T]]:
        name = f"edgegap {self._fetcher.operation_id} page {number}"
        return asyncio.create_task(self._fetcher.fetch(number, size), name=name)

    def _fetch_ahead(self, ahead: deque[asyncio.Task[FetchedPage[T]]], cursor: Cursor, page_count: int | None) -> None:
        """Start fetching the next page; or several, if no row was removed so far and the number of pages is known."""
        number, size = cursor.next_page()
        end = number + min(self._prefetch, 1)
        if page_count is not None and not cursor.margin:
            end = min(number + self._prefetch, page_count + 1)
        ahead.extend(self._start(each, size) for each in range(number + len(ahead), end))


async def _cancel(tasks: deque[asyncio.Task[Any]]) -> None:
    """Cancel the pages that are being fetched, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tasks.clear()
