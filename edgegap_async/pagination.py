"""Lists as streams: lazy, read ahead, no row twice and none lost while the collection changes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Mapping
from contextlib import aclosing
from typing import Any, Final, Generic, TypeVar

import attrs

from edgegap_async.errors import JSON, ConfigurationError, DecodeError, NotFound
from edgegap_async.models.converter import parse, structure
from edgegap_async.models.fields import Count
from edgegap_async.operations import OPERATIONS
from edgegap_async.transport import Pipeline

T = TypeVar("T")

DEFAULT_PAGE_SIZE: Final = 100
"""The largest page seen in use: the service documents no maximum, and gives 10 rows when not asked."""

_MOST_MISSES: Final = 5
"""A page that is announced so often and never there ends a list that contradicts itself."""


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


@attrs.frozen(kw_only=True)
class Reading(Generic[T]):
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

    def note(self, reading: Reading[Any]) -> bool:
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

    def _step_back(self, reading: Reading[Any]) -> bool:
        """A page that was announced is not there: the one before it tells how many rows were lost."""
        start = (reading.number - 1) * reading.size
        self.missed = [miss for miss in self.missed if miss == (start, self.total)] + [(start, self.total)]
        self.done = len(self.missed) > _MOST_MISSES
        self.frontier = max(min(self.frontier, start) - 1, 0)
        return False


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
        ahead: deque[asyncio.Task[Reading[T]]] = deque()
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

    def _start(self, number: int, size: int) -> asyncio.Task[Reading[T]]:
        return asyncio.create_task(self._read(number, size), name=f"edgegap {self._operation_id} page {number}")

    def _read_ahead(self, ahead: deque[asyncio.Task[Reading[T]]], cursor: Cursor, pages: int | None) -> None:
        """Keep readings under way: one, or, of a list at rest whose pages are counted, as many as are wanted."""
        number, size = cursor.window()
        last = number + min(self._ahead, 1)
        if pages is not None and not cursor.margin:
            last = min(number + self._ahead, pages + 1)
        ahead.extend(self._start(one, size) for one in range(number + len(ahead), last))

    async def _read(self, number: int, size: int) -> Reading[T]:
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
            return Reading(items=(), number=number, size=size, total=None, more=False)
        return self._reading(parse(body, operation=self._operation_id), number, size)

    def _reading(self, body: JSON, number: int, size: int) -> Reading[T]:
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
            return Reading(items=items, number=number, size=size, total=total, more=more)
        more = pagination.next_page_number is not None if pagination.has_next is None else pagination.has_next
        return Reading(
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
