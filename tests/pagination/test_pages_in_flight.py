"""Pages that are in flight together, read and returned by the service in any order while rows come and go."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import attrs
import orjson
import pytest
from deployment_streams import run, stream_over
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgegap_async import errors
from edgegap_async.models.deployments import DeploymentRow
from edgegap_async.pagination import PageStream

Change = tuple[int, list[int]]
"""How many rows are added in front, and which are removed."""


@attrs.define(eq=False)
class Request:
    """A request in flight: read by the service once it has a body."""

    number: int
    size: int
    response: asyncio.Future[None]
    body: bytes | None = None
    is_read: bool = False


class UnorderedList:
    """A list, newest first, whose service reads and returns the requests that are in flight in any order.

    Before each reading, the list changes. As long as it looks unchanged, fewer rows than a page has are removed while
    the pages in flight and the one before them are read: that is what ``Cursor`` assumes.
    """

    def __init__(
        self,
        rows: int,
        changes: list[Change],
        order: list[int],
        *,
        prefetch: int,
        cap: int = 1000,
        past_end: str = "empty",
        counted: bool = True,
    ) -> None:
        self.rows = [f"old-{place}" for place in range(rows)]
        self.stayed = set(self.rows)
        self.requested: list[int] = []
        self.windows: list[tuple[int, int]] = []
        self.max_in_flight = 0
        self.prefetch = prefetch
        self._changes: Iterator[Change] = iter(changes)
        self._order: Iterator[int] = iter(order)
        self._cap = cap
        self._past_end = past_end
        self._counted = counted
        self._added = 0
        self._removed: deque[int] = deque(maxlen=2 * prefetch + 2)
        self._in_flight: list[Request] = []

    async def send(self, _operation: str, decode: Callable[[bytes], Any], *, query: Mapping[str, str], **_: Any) -> Any:
        request = Request(int(query["page"]), min(int(query["limit"]), self._cap), asyncio.Future())
        self._in_flight.append(request)
        self.requested.append(request.number)
        self.max_in_flight = max(self.max_in_flight, len(self._in_flight))
        try:
            await request.response
        finally:
            self._in_flight.remove(request)
        if request.body is None:
            raise errors.NotFound(404, "That page contains no results", None, "deployment-list")
        return decode(request.body)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._serve())
        try:
            yield
        finally:
            task.cancel()

    async def _serve(self) -> None:
        while True:
            for _ in range(8):
                await asyncio.sleep(0)
            steps = [(request, request.is_read) for request in self._in_flight if not request.response.done()]
            if steps:
                request, is_read = steps[next(self._order, 0) % len(steps)]
                if is_read:
                    request.response.set_result(None)
                else:
                    self._read(request)

    def _read(self, request: Request) -> None:
        self._change(request.size)
        request.is_read = True
        number, size = request.number, request.size
        self.windows.append((number, size))
        pages = max(-(-len(self.rows) // size), 1)
        if number > pages and self._past_end == "missing":
            return
        if number > pages and self._past_end == "last page":
            number = pages
        request.body = orjson.dumps(
            {
                "data": [{"request_id": row} for row in self.rows[(number - 1) * size : number * size]],
                "total_count": len(self.rows) if self._counted else None,
                "pagination": {
                    "number": number,
                    "next_page_number": number + 1 if number < pages else None,
                    "paginator": {"num_pages": pages} if self._counted else None,
                    "has_next": number < pages,
                },
            }
        )

    def _change(self, size: int) -> None:
        added, removed = next(self._changes, (0, []))
        if len({size for _, size in self.windows[1:]} | {size}) == 1:  # no page overlaps the one before
            removed = removed[: max(size - 1 - sum(self._removed), 0)]
        self._removed.append(len(removed))
        for place in removed:
            if self.rows:
                self.stayed.discard(self.rows.pop(place % len(self.rows)))
        self.rows[:0] = [f"new-{self._added + place}" for place in range(added)]
        self._added += added

    def stream(self, page_size: int) -> PageStream[DeploymentRow]:
        return stream_over(self, page_size=page_size, prefetch=self.prefetch)

    def read(self, page_size: int) -> list[str]:
        async def read() -> list[str]:
            async with self.serving():
                return [row.request_id async for row in self.stream(page_size)]

        return run(read())


ORDER = st.lists(st.integers(0, 100), max_size=150)
REMOVED = st.lists(st.integers(-3, 200), max_size=7)
CHANGES = st.lists(
    st.one_of(
        st.just((0, list[int]())),
        st.tuples(st.integers(0, 6), REMOVED),
        REMOVED.map(lambda removed: (len(removed), removed)),  # the total stays
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=250)
@given(
    rows=st.integers(0, 150),
    changes=CHANGES,
    order=ORDER,
    page_size=st.integers(1, 25),
    prefetch=st.integers(0, 8),
    cap=st.sampled_from([4, 12, 1000]),
    past_end=st.sampled_from(["empty", "missing", "last page"]),
)
@example(60, [(0, []), (1, [-1])], [0, 1, 1, 1, 1], 10, 3, 1000, "empty")
def test_no_row_is_returned_twice_or_missed_whatever_the_order_in_which_pages_are_read(
    rows: int, changes: list[Change], order: list[int], page_size: int, prefetch: int, cap: int, past_end: str
) -> None:
    unordered = UnorderedList(rows, changes, order, prefetch=prefetch, cap=cap, past_end=past_end)
    returned = unordered.read(page_size)
    assert len(returned) == len(set(returned))
    assert unordered.stayed <= set(returned)


BURSTS = st.lists(
    st.one_of(
        st.just((0, list[int]())),
        st.integers(1, 90).map(lambda count: (count, [-1] * count)),
        st.integers(1, 90).map(lambda count: (0, list(range(count)))),
        st.integers(1, 90).map(lambda count: (0, [-1] * count)),
        st.tuples(st.integers(1, 90), REMOVED),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=200)
@given(rows=st.integers(100, 500), changes=BURSTS, order=ORDER, page_size=st.sampled_from([10, 30, 100]))
def test_bursts_of_changes_between_the_readings_of_pages_hide_no_row(
    rows: int, changes: list[Change], order: list[int], page_size: int
) -> None:
    unordered = UnorderedList(rows, changes, order, prefetch=6)
    returned = unordered.read(page_size)
    assert len(returned) == len(set(returned))
    assert unordered.stayed <= set(returned)


@settings(deadline=None, max_examples=100)
@given(
    rows=st.integers(0, 150),
    order=ORDER,
    page_size=st.integers(1, 25),
    prefetch=st.integers(0, 8),
    counted=st.booleans(),
)
def test_an_unchanging_list_is_fetched_once_in_whatever_order_its_pages_are_read(
    rows: int, order: list[int], page_size: int, prefetch: int, counted: bool
) -> None:
    unordered = UnorderedList(rows, [], order, prefetch=prefetch, counted=counted)
    assert unordered.read(page_size) == unordered.rows
    pages = max(-(-rows // page_size), 1)
    assert unordered.requested[:pages] == [*range(1, pages + 1)]
    assert len(unordered.requested) <= pages + (0 if counted else min(prefetch, pages))
    assert unordered.max_in_flight <= max(prefetch, 1)


def test_a_row_that_is_pushed_from_a_page_read_late_to_one_read_early_is_found() -> None:
    # of pages 2 and 3, the third is read first; then a row is added in front and one is removed at the end
    unordered = UnorderedList(60, [(0, []), (0, []), (1, [-1])], [0, 0, 1, 1], prefetch=2)
    returned = unordered.read(10)
    assert unordered.windows[:3] == [(1, 10), (3, 10), (2, 10)]
    assert set(returned) >= unordered.stayed == {f"old-{place}" for place in range(59)}


def test_pages_of_fewer_than_ten_rows_are_requested_together_only_if_they_overlap() -> None:
    unchanging = UnorderedList(90, [], [], prefetch=4)
    unchanging.read(9)
    assert unchanging.max_in_flight == 1
    changing = UnorderedList(90, [(0, []), (0, [0])], [], prefetch=4)
    changing.read(9)
    assert changing.max_in_flight > 1


def test_the_pages_of_a_list_that_is_not_counted_are_requested_together_as_its_length_shows() -> None:
    uncounted = UnorderedList(200, [], [], prefetch=4, counted=False)
    assert uncounted.read(10) == uncounted.rows
    assert uncounted.max_in_flight == 4
    assert uncounted.requested == [*range(1, 24)]
    short = UnorderedList(20, [], [], prefetch=4, counted=False)
    assert short.read(10) == short.rows
    assert short.requested == [1, 2]


@pytest.mark.parametrize(("page_size", "in_flight"), [(100, 12), (500, 4), (1500, 1), (5000, 1)])
def test_no_more_than_two_thousand_rows_are_requested_ahead(page_size: int, in_flight: int) -> None:
    large = UnorderedList(50_000, [], [], prefetch=12, cap=100_000)

    async def read() -> list[str]:
        async with large.serving(), aclosing(large.stream(page_size).pages()) as pages:
            await anext(pages)
            await anext(pages)
        return []

    run(read())
    assert large.max_in_flight == in_flight


def test_collect_requests_no_more_pages_than_it_returns_rows() -> None:
    unchanging = UnorderedList(500, [], [], prefetch=8)

    async def read() -> list[str]:
        async with unchanging.serving():
            return [row.request_id for row in await unchanging.stream(10).collect(limit=35)]

    assert run(read()) == unchanging.rows[:35]
    assert unchanging.requested == [1, 2, 3, 4]
