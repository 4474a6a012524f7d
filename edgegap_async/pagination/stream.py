"""Lists as streams: lazy, read ahead, no row twice and none lost while the collection changes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Mapping
from contextlib import aclosing
from typing import Any, Final, Generic, TypeVar

import attrs

from edgegap_async.decoding.decoder import parse, structure
from edgegap_async.errors import JSON, ConfigurationError, DecodeError, NotFound
from edgegap_async.models.fields import Count
from edgegap_async.operations import OPERATIONS
from edgegap_async.pagination.cursor import Cursor, FetchedPage
from edgegap_async.transport import Pipeline

T = TypeVar("T")

DEFAULT_PAGE_SIZE: Final = 100
"""The largest page seen in use: the service documents no maximum, and gives 10 rows when not asked."""


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """One page: the rows not given before, its number from 1, and the list's own total (None if it has none)."""

    items: tuple[T, ...]
    number: int
    total_count: int | None


@attrs.frozen(kw_only=True)
class _Paginator:
    num_pages: int | None = None


@attrs.frozen(kw_only=True)
class _Pagination:
    number: int | None = None
    next_page_number: int | None = None
    has_next: bool | None = None
    paginator: _Paginator | None = None


@attrs.frozen(kw_only=True)
class _Envelope:
    """What stands around the items; ``count`` is what 2024 called ``total_count``."""

    total_count: Count | None = None
    count: Count | None = None
    pagination: _Pagination | None = None


class PageStream(Generic[T]):
    """A list of the service, read as it is asked for.

    Nothing is sent before it is iterated. ``async for`` gives the items, ``pages()`` the pages; both may be run
    again and start anew. While the consumer works the next page is read; of a list that seldom changes several
    are, once it is known how many there are. A row is given once, whatever moves between pages, and none that
    stays is missed (see ``Cursor``). Each page is one call with a deadline of its own; its errors are the call's.
    Where a loop is left early, what was read ahead is cancelled as soon as its iterator is collected or closed.
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
        """``live`` lists change under the reader: their pages are read one after the other, for exactness.

        Raises ConfigurationError for a page size below 1.
        """
        if isinstance(page_size, bool) or not isinstance(page_size, int) or page_size < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"page_size must be a whole number from 1, not {page_size!r}")
        self._pipeline = pipeline
        self._operation_id = operation_id
        self._items_key = OPERATIONS[operation_id].items_key
        self._paged = OPERATIONS[operation_id].paged
        self._item = item
        self._key = key
        self._path = path
        self._query = query or {}
        self._page_size = page_size
        self._ahead = min(prefetch, 1) if live else prefetch
        self._timeout = timeout

    def __aiter__(self) -> AsyncIterator[T]:
        return self._each()

    async def _each(self) -> AsyncGenerator[T, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        """The pages in order, one reading at a time; a page read again gives only the rows that are new."""
        cursor = Cursor(self._page_size)
        seen: set[Hashable] = set()
        ahead: deque[asyncio.Task[FetchedPage[T]]] = deque()
        try:
            while not cursor.done:
                if not ahead:
                    ahead.append(self._start(*cursor.window()))
                reading = await ahead[0]
                ahead.popleft()
                if not cursor.note(reading):
                    await _cancelled(ahead)
                if not cursor.done:
                    self._read_ahead(ahead, cursor, reading.pages)
                fresh = self._unseen(reading.items, seen)
                if fresh or reading.number == 1:
                    yield Page(items=fresh, number=reading.number, total_count=reading.total)
        finally:
            await _cancelled(ahead)

    async def first(self) -> T | None:
        """The first item, None of an empty list; asks for one row."""
        reading = await self._read(1, 1)
        return reading.items[0] if reading.items else None

    async def collect(self, limit: int | None = None) -> list[T]:
        """All items, or the first ``limit``, as a list."""
        items: list[T] = []
        if limit is not None and limit < 1:
            return items
        async with aclosing(self._each()) as each:
            async for item in each:
                items.append(item)
                if len(items) == limit:
                    break
        return items

    async def total(self) -> int:
        """How many there are, as the service counts; a list that does not count is read to its end."""
        reading = await self._read(1, 1)
        return len(await self.collect()) if reading.total is None else reading.total

    def _unseen(self, items: tuple[T, ...], seen: set[Hashable]) -> tuple[T, ...]:
        fresh: list[T] = []
        for item in items:
            if (key := self._key(item)) not in seen:
                seen.add(key)
                fresh.append(item)
        return tuple(fresh)

    def _start(self, number: int, size: int) -> asyncio.Task[FetchedPage[T]]:
        return asyncio.create_task(self._read(number, size), name=f"edgegap {self._operation_id} page {number}")

    def _read_ahead(self, ahead: deque[asyncio.Task[FetchedPage[T]]], cursor: Cursor, pages: int | None) -> None:
        """Keep readings under way: one, or, of a list at rest whose pages are counted, as many as are wanted."""
        number, size = cursor.window()
        last = number + min(self._ahead, 1)
        if pages is not None and not cursor.margin:
            last = min(number + self._ahead, pages + 1)
        ahead.extend(self._start(one, size) for one in range(number + len(ahead), last))

    async def _read(self, number: int, size: int) -> FetchedPage[T]:
        query = dict(self._query)
        if self._paged:
            query |= {"page": str(number), "limit": str(size)}
        elif number > 1:
            # The document names no parameters for it; that there is another page is the service's own word.
            query["page"] = str(number)
        try:
            body = await self._pipeline.send(self._operation_id, path=self._path, query=query, timeout=self._timeout)
        except NotFound:
            if number == 1:
                raise
            # The list has shrunk to less than the page that was announced.
            return FetchedPage(items=(), number=number, size=size, total=None, more=False)
        return self._reading(parse(body, operation=self._operation_id), number, size)

    def _reading(self, body: JSON, number: int, size: int) -> FetchedPage[T]:
        rows = body
        around: JSON = {}
        if isinstance(body, dict) and self._items_key is not None:
            if self._items_key not in body:
                # taken for an empty list, it would tell a clean-up that nothing runs
                raise DecodeError(
                    f"{self._operation_id} answered without {self._items_key!r}",
                    operation=self._operation_id,
                    path=f"$.{self._items_key}",
                )
            rows = body[self._items_key]
            if isinstance(rows, dict):
                rows = [rows] if rows else []  # one row by itself: so the document has the matchmaker's components
            around = {name: value for name, value in body.items() if name != self._items_key}
        items: tuple[T, ...] = structure(rows, tuple[self._item, ...], operation=self._operation_id)  # type: ignore[name-defined]
        envelope = structure(around, _Envelope, operation=self._operation_id)
        total = envelope.count if envelope.total_count is None else envelope.total_count
        pagination = envelope.pagination
        if pagination is None:
            more = bool(items) and len(items) >= size and total is not None and number * size < total
            return FetchedPage(items=items, number=number, size=size, total=total, more=more)
        more = pagination.next_page_number is not None if pagination.has_next is None else pagination.has_next
        return FetchedPage(
            items=items,
            # some paginators answer a page past the end with the last one
            number=pagination.number or number,
            size=size,
            total=total,
            more=more,
            pages=pagination.paginator.num_pages if pagination.paginator else None,
        )


async def _cancelled(tasks: deque[asyncio.Task[Any]]) -> None:
    """Cancel what was read ahead, and see it end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tasks.clear()
