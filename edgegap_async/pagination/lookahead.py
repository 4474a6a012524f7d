"""Request the pages of a list that are read next while the caller still works with one."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Final, Generic, TypeVar

import attrs

from edgegap_async.errors import DeadlineExceeded
from edgegap_async.pagination.cursor import Cursor, FetchedPage
from edgegap_async.pagination.fetcher import PageFetcher

T = TypeVar("T")

_MAX_ROWS_AHEAD: Final = 2000


@attrs.frozen
class _Request(Generic[T]):
    """A page that was requested.

    Attributes:
        task: Fetches the page.
        end: The row at which the page ends.
        is_ordered: Whether the page before it was received before this one was requested.
    """

    task: asyncio.Task[FetchedPage[T]]
    end: int
    is_ordered: bool


class Lookahead(Generic[T]):
    """The pages that are requested and not recorded yet, in the order of their windows.

    At most ``prefetch`` pages are requested ahead, and no more than have 2000 rows together, but always one. Each page
    that has to be fetched again halves that number, each page that is accepted adds one to it again.
    """

    def __init__(self, fetcher: PageFetcher[T], *, prefetch: int) -> None:
        """Request nothing yet.

        Args:
            fetcher: Fetches the pages.
            prefetch: How many pages are requested ahead at most.
        """
        self._fetcher = fetcher
        self._prefetch = prefetch
        self._width = prefetch
        self._received = 0
        self._requests: deque[_Request[T]] = deque()

    async def receive(self, cursor: Cursor) -> tuple[FetchedPage[T], bool]:
        """Return the next page; it is requested if it was not.

        Returns:
            The page, and whether it was requested after the pages before it were received.

        Raises:
            EdgegapError: The page cannot be fetched.
        """
        while True:
            if not self._requests:
                self._start(*cursor.next_page(), is_ordered=True)
            request = self._requests[0]
            try:
                page = await request.task
            except DeadlineExceeded:
                # Behind the other pages it waited too long for the rate limit; alone it may not.
                if request.is_ordered:
                    raise
                await self.drop()
                continue
            self._requests.popleft()
            self._received += 1
            return page, request.is_ordered

    def request(self, cursor: Cursor, page: FetchedPage[T], *, limit: int | None) -> None:
        """Request pages ahead, after a page was accepted.

        Args:
            cursor: The position in the list.
            page: The page.
            limit: How many rows the caller wants, None for all.
        """
        self._width = min(self._width + 1, self._prefetch)
        counted = page.page_count * page.size if page.page_count is not None else None
        ends = [end for end in (page.total, counted) if end is not None]
        # Where the end of the list is unknown, no more pages are requested past it than the list has.
        most = min(self._width if ends else self._received, self._width, max(_MAX_ROWS_AHEAD // cursor.page_size, 1))
        last = min((*ends, math.inf if limit is None else limit))
        while len(self._requests) < most:
            is_ordered = all(request.task.done() for request in self._requests)
            following = (
                cursor.page_ahead(self._requests[-1].end, is_ordered=is_ordered)
                if self._requests
                else cursor.next_page()
            )
            if following is None or (following[0] - 1) * following[1] >= last:
                break
            self._start(*following, is_ordered=is_ordered)

    async def drop(self) -> None:
        """Cancel the pages that are being fetched, and wait until they have ended; fewer are requested from now on."""
        self._width = max(self._width // 2, 1)
        for request in self._requests:
            request.task.cancel()
        await asyncio.gather(*(request.task for request in self._requests), return_exceptions=True)
        self._requests.clear()

    def _start(self, number: int, size: int, *, is_ordered: bool) -> None:
        name = f"edgegap {self._fetcher.operation_id} page {number}"
        task = asyncio.create_task(self._fetcher.fetch(number, size), name=name)
        self._requests.append(_Request(task, number * size, is_ordered))
