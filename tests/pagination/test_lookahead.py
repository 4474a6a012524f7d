"""How many pages are requested ahead, and which."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from edgegap_async.pagination.cursor import Cursor, FetchedPage
from edgegap_async.pagination.fetcher import PageFetcher
from edgegap_async.pagination.lookahead import Lookahead


class Pages:
    """Pages of a list of 10,000 rows, that arrive when they are released."""

    operation_id = "deployment-list"

    def __init__(self) -> None:
        self.requested: list[tuple[int, int]] = []
        self.released: dict[int, asyncio.Event] = {}
        self.cancelled: list[int] = []

    async def fetch(self, number: int, size: int) -> FetchedPage[int]:
        self.requested.append((number, size))
        released = self.released.setdefault(number, asyncio.Event())
        try:
            await released.wait()
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        return fetched(number, size)

    def release(self, *numbers: int) -> None:
        for number in numbers:
            self.released.setdefault(number, asyncio.Event()).set()

    def lookahead(self, prefetch: int) -> Lookahead[int]:
        return Lookahead(cast("PageFetcher[int]", self), prefetch=prefetch)


def fetched(
    number: int, size: int = 10, *, total: int | None = 10_000, page_count: int | None = None
) -> FetchedPage[int]:
    items = tuple(range((number - 1) * size, number * size))
    return FetchedPage(items=items, number=number, size=size, total=total, has_next=True, page_count=page_count)


def cursor_after(pages: int) -> Cursor:
    return Cursor(10, first_unread=10 * pages, total=10_000, unread=10_000 - 10 * pages)


async def requested(pages: Pages) -> list[int]:
    for _ in range(3):
        await asyncio.sleep(0)
    return [number for number, _ in pages.requested]


@pytest.mark.parametrize(
    ("total", "page_count", "limit", "expected"),
    [
        (10_000, None, None, [2, 3, 4, 5, 6]),
        (None, 1000, None, [2, 3, 4, 5, 6]),
        (None, None, None, []),  # none was received: this page was the caller's
        (40, None, None, [2, 3, 4]),
        (41, None, None, [2, 3, 4, 5]),
        (None, 3, None, [2, 3]),
        (40, 3, None, [2, 3]),
        (30, 4, None, [2, 3]),
        (40, None, 25, [2, 3]),
        (40, None, 20, [2]),
        (20, None, 35, [2]),
    ],
)
async def test_pages_are_requested_up_to_the_end_of_the_list_or_of_what_is_wanted(
    total: int | None, page_count: int | None, limit: int | None, expected: list[int]
) -> None:
    pages = Pages()
    ahead = pages.lookahead(5)
    ahead.request(cursor_after(1), fetched(1, total=total, page_count=page_count), limit=limit)
    assert await requested(pages) == expected
    await ahead.drop()
    assert pages.cancelled == expected


async def test_a_list_whose_end_is_unknown_has_as_many_pages_requested_ahead_as_were_received() -> None:
    pages, cursor = Pages(), Cursor(10)
    ahead = pages.lookahead(3)
    pages.release(*range(1, 10))
    for number, expected in ((1, 2), (2, 4), (3, 6), (4, 7)):
        page, is_ordered = await ahead.receive(cursor)
        assert page.number == number
        cursor.record(page, has_new_rows=True, is_ordered=is_ordered)
        ahead.request(cursor, fetched(number, total=None), limit=None)
        assert await requested(pages) == [*range(1, expected + 1)]
    await ahead.drop()


async def test_pages_that_are_dropped_halve_the_number_ahead_and_each_accepted_one_adds_one() -> None:
    pages = Pages()
    ahead = pages.lookahead(8)
    numbers: list[int] = []
    for drop in (False, True, False, True, True, True, True):
        if drop:
            await ahead.drop()
        before = len(pages.requested)
        ahead.request(cursor_after(1), fetched(1), limit=None)
        numbers.append(len(await requested(pages)) - before)
    assert numbers == [8, 5, 1, 4, 3, 2, 2]
    await ahead.drop()


@pytest.mark.parametrize("prefetch", [0, 1, 2])
async def test_no_more_pages_are_requested_than_prefetch_says(prefetch: int) -> None:
    pages = Pages()
    ahead = pages.lookahead(prefetch)
    for _ in range(4):
        ahead.request(cursor_after(1), fetched(1), limit=None)
        assert await requested(pages) == [2, 3][:prefetch]
    await ahead.drop()
    ahead.request(cursor_after(1), fetched(1), limit=None)
    assert len(await requested(pages)) == 2 * prefetch if prefetch < 2 else 4
    await ahead.drop()


async def test_a_page_is_ordered_if_all_pages_in_front_of_it_were_received() -> None:
    pages, cursor = Pages(), cursor_after(1)
    ahead = pages.lookahead(2)
    ahead.request(cursor, fetched(1), limit=None)
    await requested(pages)
    order: list[bool] = []

    async def receive() -> None:
        page, is_ordered = await ahead.receive(cursor)
        cursor.record(page, has_new_rows=True, is_ordered=is_ordered)
        order.append(is_ordered)

    pages.release(3)
    await requested(pages)
    pages.release(2)
    await receive()  # page 2, requested when only page 1 was there
    ahead.request(cursor, fetched(2), limit=None)  # page 4, behind page 3, which was received
    await requested(pages)
    await receive()  # page 3, requested together with page 2
    ahead.request(cursor, fetched(3), limit=None)  # page 5, behind page 4, which is in flight
    pages.release(4, 5, 6)
    await receive()
    await receive()
    await receive()  # page 6, requested when it was wanted
    assert order == [True, False, True, False, True]
    assert await requested(pages) == [2, 3, 4, 5, 6]
    await ahead.drop()


async def test_a_page_behind_one_in_flight_is_not_ordered_although_the_one_before_it_was_received() -> None:
    pages, cursor = Pages(), cursor_after(1)
    ahead: Any = pages.lookahead(3)
    ahead.request(cursor, fetched(1), limit=30)  # pages 2 and 3
    await requested(pages)
    pages.release(3)
    await requested(pages)
    ahead.request(cursor, fetched(1), limit=None)  # page 4
    pages.release(2, 4)
    order: list[bool] = []
    for _ in range(3):
        page, is_ordered = await ahead.receive(cursor)
        cursor.record(page, has_new_rows=True, is_ordered=is_ordered)
        order.append(is_ordered)
    assert order == [True, False, False]
    await ahead.drop()
