"""Streams are lazy, complete and bounded, return no row twice, and cancel their requests when a loop ends early."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any

import orjson
import pytest
from deployment_streams import run, stream_over
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegap_async import EdgegapClient, Filter, errors
from edgegap_async.models.deployments import DeploymentRow
from edgegap_async.pagination import PageStream
from edgegap_async.simulator import LocalEdgegap


class ChangingList:
    """A list of the service, newest first, that changes before each page is returned.

    ``changes`` holds, for each request in turn, how many rows are added in front and which rows are removed.
    """

    def __init__(
        self, rows: int, changes: list[tuple[int, list[int]]], *, cap: int = 1000, empty: str = "page"
    ) -> None:
        self.rows = [f"old-{place}" for place in range(rows)]
        self.stayed = set(self.rows)
        self.changes = iter(changes)
        self.cap = cap
        self.empty = empty
        self.new = 0
        self.fetched: list[int] = []
        self.windows: list[tuple[int, int]] = []
        self.running = self.max_running = 0

    def _change(self) -> None:
        added, removed = next(self.changes, (0, []))
        for place in removed:
            if self.rows:
                self.stayed.discard(self.rows.pop(place % len(self.rows)))
        self.rows[:0] = [f"new-{self.new + place}" for place in range(added)]
        self.new += added

    async def send(self, _operation: str, decode: Callable[[bytes], Any], *, query: Mapping[str, str], **_: Any) -> Any:
        self.running += 1
        self.max_running = max(self.max_running, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        self._change()
        number, size = int(query["page"]), min(int(query["limit"]), self.cap)
        self.fetched.append(number)
        self.windows.append((number, size))
        rows = self.rows[(number - 1) * size : number * size]
        if not rows and number > 1 and self.empty == "missing":
            raise errors.NotFound(404, "That page contains no results", None, "deployment-list")
        pages = max(-(-len(self.rows) // size), 1)
        body = orjson.dumps(
            {
                "data": [{"request_id": row} for row in rows],
                "total_count": len(self.rows),
                "pagination": {
                    "number": number,
                    "next_page_number": number + 1 if number < pages else None,
                    "previous_page_number": None,
                    "paginator": {"num_pages": pages},
                    "has_next": number < pages,
                    "has_previous": number > 1,
                },
            }
        )
        return decode(body)

    def stream(self, *, page_size: int, prefetch: int = 4) -> PageStream[DeploymentRow]:
        return stream_over(self, page_size=page_size, prefetch=prefetch)


CHANGES = st.lists(st.tuples(st.integers(0, 4), st.lists(st.integers(0, 200), max_size=7)), max_size=25)


@settings(deadline=None, max_examples=300)
@given(
    rows=st.integers(0, 60),
    changes=CHANGES,
    page_size=st.integers(1, 12),
    prefetch=st.integers(0, 3),
    cap=st.sampled_from([3, 5, 1000]),
    empty=st.sampled_from(["page", "missing"]),
)
def test_no_row_is_returned_twice_or_missed_while_rows_are_added_and_removed(
    rows: int, changes: list[tuple[int, list[int]]], page_size: int, prefetch: int, cap: int, empty: str
) -> None:
    changing = ChangingList(rows, changes, cap=cap, empty=empty)

    async def read() -> list[str]:
        return [row.request_id async for row in changing.stream(page_size=page_size, prefetch=prefetch)]

    returned = run(read())
    assert len(returned) == len(set(returned))
    assert changing.stayed <= set(returned)


@settings(deadline=None, max_examples=100)
@given(rows=st.integers(0, 60), page_size=st.integers(1, 12), prefetch=st.integers(0, 6))
def test_an_unchanging_list_is_fetched_once_in_order_within_the_prefetch_limit(
    rows: int, page_size: int, prefetch: int
) -> None:
    unchanging = ChangingList(rows, [])

    async def read() -> list[str]:
        return [row.request_id async for row in unchanging.stream(page_size=page_size, prefetch=prefetch)]

    assert run(read()) == unchanging.rows
    assert unchanging.fetched == list(range(1, max(-(-rows // page_size), 1) + 1))
    assert unchanging.max_running <= max(prefetch, 1)


@pytest.mark.parametrize(("prefetch", "requests"), [(1, 5), (4, 6)])
def test_rows_removed_from_fetched_pages_do_not_hide_other_rows(prefetch: int, requests: int) -> None:
    changing = ChangingList(300, [(0, []), (0, [0, 0, 0])])

    async def read() -> list[str]:
        return [row.request_id async for row in changing.stream(page_size=100, prefetch=prefetch)]

    returned = run(read())
    assert changing.stayed <= set(returned)
    assert len(changing.fetched) <= requests


def test_no_row_is_missed_if_more_rows_are_removed_than_were_read() -> None:
    changing = ChangingList(3, [(0, []), (0, [0, 0])])

    async def read() -> list[str]:
        return [row.request_id async for row in changing.stream(page_size=1, prefetch=0)]

    assert run(read()) == ["old-0", "old-2"]


BURSTS = st.lists(
    st.one_of(
        st.tuples(st.just(0), st.just(list[int]())),
        st.tuples(st.integers(1, 500), st.just(list[int]())),
        st.tuples(st.just(0), st.integers(1, 500).map(lambda count: list(range(count)))),
        st.tuples(st.just(0), st.integers(1, 500).map(lambda count: [-1] * count)),
    ),
    max_size=12,
)


@settings(max_examples=200)
@given(
    rows=st.integers(0, 800),
    changes=BURSTS,
    page_size=st.sampled_from([7, 30, 100]),
    empty=st.sampled_from(["page", "missing"]),
)
def test_hundreds_of_rows_that_are_added_or_removed_are_not_a_repetition(
    rows: int, changes: list[tuple[int, list[int]]], page_size: int, empty: str
) -> None:
    """Many pages bring no new row: those that are read again, and those that new rows push rows into."""
    changing = ChangingList(rows, changes, empty=empty)

    async def read() -> list[str]:
        return [row.request_id async for row in changing.stream(page_size=page_size)]

    returned = run(read())
    assert len(returned) == len(set(returned))
    assert changing.stayed <= set(returned)


@pytest.mark.parametrize("change", [(500, []), (0, [-1] * 490), (0, [0] * 400)])
def test_pages_without_new_rows_after_a_burst_are_read_on(change: tuple[int, list[int]]) -> None:
    changing = ChangingList(1000, [(0, [])] * 5 + [change])

    async def read() -> list[str]:
        return [row.request_id async for row in changing.stream(page_size=100)]

    assert changing.stayed <= set(run(read()))


async def _deployed(edgegap: EdgegapClient, count: int) -> list[str]:
    requests = await asyncio.gather(
        *(edgegap.deployments.create("kart", "v1", users=["192.0.2.1"], tags=[f"n{n}"]) for n in range(count))
    )
    return [request.request_id for request in requests]


@pytest.fixture
async def unlimited() -> AsyncIterator[LocalEdgegap]:
    async with LocalEdgegap(seed=1, rate_limits=None) as local:
        yield local


@pytest.fixture
async def client(unlimited: LocalEdgegap) -> AsyncIterator[EdgegapClient]:
    async with unlimited.client(rate_limits=None) as client:
        yield client


def _lists(local: LocalEdgegap) -> list[Mapping[str, str]]:
    return [dict(seen.query) for seen in local.requests if seen.operation_id == "deployment-list"]


async def test_nothing_is_sent_before_the_first_iteration(unlimited: LocalEdgegap, client: EdgegapClient) -> None:
    stream = client.deployments.list()
    stream.pages()
    aiter(stream)
    await asyncio.sleep(0)
    assert unlimited.requests == []
    assert await stream.collect() == []


async def test_items_pages_first_collect_and_total(unlimited: LocalEdgegap, client: EdgegapClient) -> None:
    ids = await _deployed(client, 25)
    stream = client.deployments.list(page_size=10)
    assert sorted([row.request_id async for row in stream]) == sorted(ids)
    pages = [page async for page in stream.pages()]
    assert [(page.number, len(page.items), page.total_count) for page in pages] == [
        (1, 10, 25),
        (2, 10, 25),
        (3, 5, 25),
    ]
    assert len(await stream.collect(limit=12)) == 12
    assert await stream.collect(limit=0) == []
    first = await stream.first()
    assert first == pages[0].items[0]
    before = len(_lists(unlimited))
    assert await stream.total() == 25
    assert _lists(unlimited)[before:] == [{**_lists(unlimited)[0], "page": "1", "limit": "1"}]
    assert await client.deployments.list(Filter(tags="unused")).first() is None


async def test_a_loop_that_ends_early_leaves_no_task_and_fetches_no_more_pages_ahead_than_prefetch_says(
    unlimited: LocalEdgegap,
) -> None:
    async with unlimited.client(rate_limits=None, prefetch=2) as client:
        await _deployed(client, 60)
        await _end_early(client.deployments.list(page_size=10))
    assert {query["page"] for query in _lists(unlimited)} <= {"1", "2", "3"}


async def _end_early(stream: PageStream[DeploymentRow]) -> None:
    async for _ in stream:
        break
    async with aclosing(stream.pages()) as pages:
        async for _ in pages:
            break
    tasks = [task for task in asyncio.all_tasks() if "page" in task.get_name()]
    assert tasks == []


async def test_a_failing_page_fails_the_stream_and_leaves_no_task(
    unlimited: LocalEdgegap, client: EdgegapClient
) -> None:
    await _deployed(client, 30)
    seen: list[DeploymentRow] = []

    async def read() -> None:
        async for row in client.deployments.list(page_size=10):
            if not seen:
                unlimited.faults.add("deployment-list", "status", code=500, times=None)
            seen.append(row)

    with pytest.raises(errors.ServerError):
        await read()
    assert len(seen) in {10, 20}
    assert not [task for task in asyncio.all_tasks() if "page" in task.get_name()]


async def test_a_429_in_the_middle_does_not_end_the_iteration(unlimited: LocalEdgegap, client: EdgegapClient) -> None:
    await _deployed(client, 30)
    rows = []
    async for row in client.deployments.list(page_size=10):
        rows.append(row)
        if len(rows) == 1:
            unlimited.faults.add("deployment-list", "rate_limited", retry_after=0.05)
    assert len(rows) == 30
    assert client.stats().rate_limited == 1


async def test_lists_without_pagination_or_total_are_streams_too(
    unlimited: LocalEdgegap, client: EdgegapClient
) -> None:
    beacons = await client.locations.beacons.list().collect()
    assert len(beacons) == await client.locations.beacons.list().total() > 10
    hosts = client.private_fleets.hosts("test-fleet")
    assert len(await hosts.collect()) == 2
    assert [seen.query for seen in unlimited.requests if seen.operation_id == "private-fleet-hosts-list"] == [{}]


async def test_many_pages_of_an_unchanging_list_are_fetched_together(client: EdgegapClient) -> None:
    everywhere = await client.locations.list(page_size=5).collect()
    assert len(everywhere) == await client.locations.list().total()
    assert len({(place.city, place.country) for place in everywhere}) == len(everywhere)


async def test_filters_and_order_are_sent_as_the_query_parameter(
    unlimited: LocalEdgegap, client: EdgegapClient
) -> None:
    ids = await _deployed(client, 3)
    rows = await client.deployments.list(Filter(tags=["n0", "n2"], application="kart"), order_by="created_at").collect()
    assert [row.request_id for row in rows] == [ids[0], ids[2]]
    assert orjson.loads(_lists(unlimited)[-1]["query"]) == {
        "filters": [
            {"field": "tags", "operator": "in", "value": ["n0", "n2"]},
            {"field": "application", "operator": "eq", "value": "kart"},
        ],
        "order_by": [{"field": "created_at", "order": "asc"}],
    }


@pytest.mark.parametrize(("prefetch", "together"), [(0, 1), (1, 1), (3, 3), (9, 5)])
async def test_as_many_pages_as_prefetch_says_are_fetched_together(prefetch: int, together: int) -> None:
    unchanging = ChangingList(60, [])
    stream = unchanging.stream(page_size=10, prefetch=prefetch)
    assert len(await stream.collect()) == 60
    assert unchanging.max_running == together, "the first page shows that five others follow"


@pytest.mark.parametrize(
    ("prefetch", "fetched"), [(0, [1]), (1, [1, 2]), (4, [1, 2, 3, 4, 5]), (9, [1, 2, 3, 4, 5, 6])]
)
async def test_the_next_pages_are_fetched_while_the_caller_works_with_one(prefetch: int, fetched: list[int]) -> None:
    unchanging = ChangingList(60, [])
    async with aclosing(unchanging.stream(page_size=10, prefetch=prefetch).pages()) as pages:
        assert (await anext(pages)).number == 1
        for _ in range(10):
            await asyncio.sleep(0)
        assert unchanging.fetched == fetched


async def test_after_a_removal_pages_that_are_fetched_together_overlap() -> None:
    changing = ChangingList(1000, [(0, []), (0, [0])])
    assert len(await changing.stream(page_size=20, prefetch=3).collect()) == 1000
    assert changing.max_running == 3
    windows = [((number - 1) * size, number * size) for number, size in changing.windows]
    assert windows[:4] == [(0, 20), (20, 40), (40, 60), (60, 80)], "three were requested before the removal was known"
    after = windows[4:]
    assert all(start < end for (_, end), (start, _) in itertools.pairwise(after))


async def test_first_and_collect_request_no_more_than_they_return(
    unlimited: LocalEdgegap, client: EdgegapClient
) -> None:
    await _deployed(client, 3)
    stream = client.deployments.list(page_size=2)
    assert await stream.first() is not None
    assert [(query["page"], query["limit"]) for query in _lists(unlimited)] == [("1", "1")]
    assert len(await stream.collect(limit=1)) == 1
    assert len(await stream.collect(limit=2)) == 2
    assert len(await stream.collect(limit=3)) == 3


async def test_an_empty_list_has_one_page_and_pages_without_a_new_row_are_left_out() -> None:
    empty = [page async for page in ChangingList(0, []).stream(page_size=10).pages()]
    assert [(page.number, page.items, page.total_count) for page in empty] == [(1, (), 0)]
    # ten new rows push those of the first page into the second
    changing = ChangingList(30, [(0, []), (10, [])])
    pushed = [page async for page in changing.stream(page_size=10, prefetch=1).pages()]
    assert [(page.number, len(page.items)) for page in pushed] == [(1, 10), (3, 10), (4, 10)]


async def test_no_page_is_requested_after_the_last() -> None:
    unchanging = ChangingList(30, [])
    async with aclosing(unchanging.stream(page_size=10, prefetch=1).pages()) as pages:
        async for _ in pages:
            for _ in range(5):
                await asyncio.sleep(0)
    assert unchanging.fetched == [1, 2, 3]


@pytest.mark.parametrize("page_size", [0, -1, 1.5, None])
def test_a_page_has_at_least_one_row(page_size: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match="page_size"):
        ChangingList(0, []).stream(page_size=page_size)


async def test_a_list_counts_as_unchanging_unless_it_is_said_to_be_live() -> None:
    unchanging = ChangingList(50, [])
    assert len(await unchanging.stream(page_size=10, prefetch=3).collect()) == 50
    assert unchanging.max_running == 3


async def test_the_next_page_is_fetched_ahead_after_a_removal_too() -> None:
    changing = ChangingList(100, [(0, []), (0, [0])])
    ahead: dict[int, int] = {}
    async with aclosing(changing.stream(page_size=10).pages()) as pages:
        async for page in pages:
            before = len(changing.fetched)
            for _ in range(5):
                await asyncio.sleep(0)
            ahead[page.number] = len(changing.fetched) - before
            if len(ahead) == 5:
                break
    assert all(ahead.values())
