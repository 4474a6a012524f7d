"""Lists of which more rows are returned than are remembered, and pages that wait for the rate limit."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any, cast

import orjson
import pytest
from deployment_streams import stream_over

from edgegap_async.errors import DeadlineExceeded, DecodeError, Outcome
from edgegap_async.models.deployments import DeploymentRow
from edgegap_async.pagination import PageStream
from edgegap_async.simulator import LocalEdgegap


class LongList:
    """A list of numbered rows, the newest first; page numbers beyond ``wrap_at`` begin again at ``wrap_to``."""

    def __init__(self, rows: int, *, wrap_at: int = 10**9, wrap_to: int = 1, total: int | None = None) -> None:
        self.rows = [f"old-{place}" for place in range(rows)]
        self.requested: list[int] = []
        self.wrap_at = wrap_at
        self.wrap_to = wrap_to
        self.total = total

    def add(self, count: int) -> None:
        self.rows[:0] = [f"new-{len(self.rows) + place}" for place in range(count)]

    async def send(self, _operation: str, decode: Callable[[bytes], Any], *, query: Mapping[str, str], **_: Any) -> Any:
        await asyncio.sleep(0)
        number, size = int(query["page"]), int(query["limit"])
        self.requested.append(number)
        shown = number
        while shown > self.wrap_at:
            shown -= self.wrap_at - self.wrap_to + 1
        pages = -(-len(self.rows) // size)
        wraps = self.wrap_at < 10**9
        return decode(
            orjson.dumps(
                {
                    "data": [{"request_id": row} for row in self.rows[(shown - 1) * size : shown * size]],
                    "total_count": self.total if wraps else len(self.rows),
                    "pagination": {"number": number, "has_next": wraps or number < pages},
                }
            )
        )

    def stream(self, page_size: int = 100, *, prefetch: int = 4) -> PageStream[DeploymentRow]:
        return stream_over(self, page_size=page_size, prefetch=prefetch)


@pytest.mark.parametrize("prefetch", [0, 4])
@pytest.mark.parametrize("each", [90, 300, 5000])
async def test_rows_that_are_added_while_the_caller_works_are_not_returned_twice(prefetch: int, each: int) -> None:
    long, returned = LongList(12_000), list[str]()
    stayed = set(long.rows)
    async for page in long.stream(prefetch=prefetch).pages():
        returned += [row.request_id for row in page.items]
        if len(returned) < 9000:
            long.add(each)
    assert len(returned) == len(set(returned))
    assert stayed <= set(returned)


@pytest.mark.parametrize("prefetch", [0, 4])
async def test_rows_that_are_added_at_the_end_hide_none(prefetch: int) -> None:
    long, returned = LongList(2000), list[str]()
    stayed = set(long.rows)
    async for page in long.stream(prefetch=prefetch).pages():
        returned += [row.request_id for row in page.items]
        if page.number == 10:
            long.rows += [f"last-{place}" for place in range(5000)]
    assert len(returned) == len(set(returned))
    assert stayed <= set(returned)


async def test_thousands_of_rows_removed_at_once_end_no_list() -> None:
    long, returned = LongList(16_000), list[str]()
    async for page in long.stream(prefetch=0).pages():
        returned += [row.request_id for row in page.items]
        if len(returned) == 9000:
            del long.rows[500:9000]  # neither the first page, nor those that are unread
    assert set(long.rows) <= set(returned)


async def _read_until_error(long: LongList, prefetch: int) -> tuple[list[str], DecodeError]:
    returned: list[str] = []
    async with aclosing(long.stream(prefetch=prefetch).pages()) as pages:
        while len(returned) < 60_000:
            try:
                page = await anext(pages)
            except DecodeError as error:
                return returned, error
            returned += [row.request_id for row in page.items]
    raise AssertionError("the stream does not end")


@pytest.mark.parametrize("total", [None, 1_000_000])
@pytest.mark.parametrize("prefetch", [1, 4])
async def test_a_long_list_that_begins_again_ends_with_an_error(prefetch: int, total: int | None) -> None:
    returned, error = await _read_until_error(LongList(12_000, wrap_at=120, total=total), prefetch)
    assert returned == [f"old-{place}" for place in range(12_000)]
    assert str(error) == (
        "the list of deployment-list does not end: its page 121 has rows that were returned long before"
    )
    assert (error.operation, error.path) == ("deployment-list", "$.pagination")


@pytest.mark.parametrize("prefetch", [1, 4])
async def test_a_list_that_repeats_a_long_part_of_itself_ends_with_an_error(prefetch: int) -> None:
    returned, error = await _read_until_error(LongList(20_000, wrap_at=200, wrap_to=71), prefetch)
    assert returned[:20_000] == [f"old-{place}" for place in range(20_000)]
    assert "returned long before" in str(error)


async def test_no_page_is_requested_after_the_limit_is_reached() -> None:
    long = LongList(300)
    assert len(await long.stream(prefetch=0).collect(limit=200)) == 200
    assert long.requested == [1, 2]


class BusyBucket(LongList):
    """A list whose rate limit lets two requests at a time through before their timeout ends."""

    def __init__(self, rows: int, *, outcome: Outcome = Outcome.NOT_SENT, slots: int = 2) -> None:
        super().__init__(rows)
        self.waiting = 0
        self.outcome = outcome
        self.slots = slots

    async def send(self, _operation: str, decode: Callable[[bytes], Any], *, query: Mapping[str, str], **_: Any) -> Any:
        if self.waiting >= self.slots:
            raise DeadlineExceeded("the rate limit has no slot", outcome=self.outcome, operation="deployment-list")
        self.waiting += 1
        try:
            for _ in range(5):
                await asyncio.sleep(0)
            return await super().send(_operation, decode, query=query)
        finally:
            self.waiting -= 1


@pytest.mark.parametrize("outcome", Outcome)
async def test_a_page_whose_timeout_ended_behind_others_is_requested_again_alone(outcome: Outcome) -> None:
    busy = BusyBucket(2000, outcome=outcome)
    assert [row.request_id for row in await busy.stream(prefetch=6).collect()] == busy.rows
    assert len(busy.requested) < 2 * 20


async def test_a_page_that_was_alone_is_not_requested_again() -> None:
    with pytest.raises(DeadlineExceeded):
        await BusyBucket(2000, slots=0).stream(prefetch=6).collect()


@pytest.fixture
async def local() -> AsyncIterator[LocalEdgegap]:
    async with LocalEdgegap(seed=1, rate_limits=None) as local:
        yield local


@pytest.mark.looptime
async def test_a_short_timeout_suffices_for_many_pages_at_the_rate_limit(local: LocalEdgegap) -> None:
    async with local.client(rate_limits={"list": 40, "deploy": math.inf}) as client:
        await asyncio.gather(*(client.deployments.create("kart", "v1", users=["192.0.2.1"]) for _ in range(120)))
        assert len(await client.deployments.list(page_size=10, timeout=0.2).collect()) == 120


def _fetching() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if "edgegap deployment-list page" in task.get_name()]


class HangingList(LongList):
    """A list that responds to no request but the first."""

    async def send(self, _operation: str, decode: Callable[[bytes], Any], *, query: Mapping[str, str], **_: Any) -> Any:
        if query["page"] != "1":
            await asyncio.Event().wait()
        return await super().send(_operation, decode, query=query)


async def _turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("how", ["closed", "collected"])
async def test_pages_that_are_fetched_ahead_are_cancelled_if_the_iteration_ends_early(how: str) -> None:
    rows = aiter(HangingList(2000).stream(prefetch=4))
    assert (await anext(rows)).request_id == "old-0"
    await _turns()
    assert len(_fetching()) == 4
    if how == "closed":
        async with aclosing(cast("AsyncGenerator[DeploymentRow, None]", rows)):
            pass
        assert _fetching() == []
    del rows
    gc.collect()
    await _turns()
    assert _fetching() == []


async def test_pages_that_are_fetched_ahead_are_cancelled_with_the_task_that_waits_for_them() -> None:
    collecting = asyncio.create_task(HangingList(2000).stream(prefetch=4).collect())
    await _turns()
    assert len(_fetching()) == 4
    collecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await collecting
    assert _fetching() == []
