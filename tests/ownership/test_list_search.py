"""Searches of the list for guard tags: how many tags share a request, and what a row counts as."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import attrs
import orjson
import pytest

from edgegap_async.errors import BadRequest, ClientStateError, DecodeError
from edgegap_async.ownership.list_search import SEARCH_SECONDS, ListSearch
from edgegap_async.ownership.tag import GuardTag, GuardTags
from edgegap_async.transport import Pipeline

REFUSED = BadRequest(400, "no query", {}, "deployment-list")


@attrs.define
class List:
    """The list of deployments: its pages, in order, for any query.

    Attributes:
        pages: The rows of each page.
        seconds: How long a response takes.
        refuses: Whether it refuses queries.
        queried: How many tags each request searches for, None without a query.
        operators: How the tags of each query are compared.
        timeouts: The deadline of each request.
    """

    pages: list[list[Any]] = attrs.field(factory=lambda: [list[Any]()])
    seconds: float = 0.0
    refuses: bool = False
    queried: list[int | None] = attrs.field(factory=list["int | None"])
    operators: list[str] = attrs.field(factory=list[str])
    timeouts: set[float | None] = attrs.field(factory=set["float | None"])
    under_way: int = 0
    most_under_way: int = 0

    async def send(
        self, _: str, decode: Callable[[bytes], Any], *, query: dict[str, str], timeout: float | None, **__: Any
    ) -> Any:
        number = int(query["page"])
        (condition,) = orjson.loads(query["query"])["filters"] if "query" in query else [None]
        value = None
        if condition is not None:
            value = condition["value"]
            self.operators.append(condition["operator"])
        self.timeouts.add(timeout)
        self.queried.append(len(value) if isinstance(value, list) else None if value is None else 1)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self.seconds)
        self.under_way -= 1
        if self.refuses and value is not None:
            raise REFUSED
        has_next = number < len(self.pages)
        page = {"data": self.pages[number - 1], "pagination": {"number": number, "has_next": has_next}}
        return decode(orjson.dumps(page))


def search_in(shown: List) -> ListSearch:
    return ListSearch(cast("Pipeline", shown))


def tags(number: int) -> list[GuardTag]:
    source = GuardTags()
    return [source.next() for _ in range(number)]


def row(id: str, *found: GuardTag, **fields: Any) -> dict[str, Any]:
    return {"request_id": id, "tags": [str(tag) for tag in found], **fields}


def ids(result: Any) -> list[str]:
    return [server.request_id for server in result]


@pytest.mark.looptime
async def test_three_searches_are_under_way_and_the_tags_wanted_meanwhile_share_the_next_ones() -> None:
    wanted = tags(253)
    shown = List([[row("first", wanted[0]), row("last", wanted[-1])]], seconds=1.0)
    search = search_in(shown)
    results = await asyncio.gather(*(search.search(tag) for tag in wanted))
    assert shown.queried == [1, 1, 1, 100, 100, 50]
    assert shown.most_under_way == 3
    assert (ids(results[0]), ids(results[1]), ids(results[-1])) == (["first"], [], ["last"])


@pytest.mark.looptime
async def test_all_tags_share_one_search_if_the_list_refuses_queries() -> None:
    wanted = tags(253)
    shown = List([[row("first", wanted[0]), row("last", wanted[-1])]], seconds=1.0, refuses=True)
    search = search_in(shown)
    assert ids(await search.search(wanted[0])) == ["first"]
    assert shown.queried == [1, None]
    results = await asyncio.gather(*(search.search(tag) for tag in wanted))
    assert shown.queried == [1, None, None, None, None, None], "three single ones, and one for all others"
    assert (ids(results[0]), ids(results[1]), ids(results[-1])) == (["first"], [], ["last"])


async def test_many_tags_are_searched_for_in_queries_of_a_hundred() -> None:
    wanted = tags(201)
    shown = List([[row("a", wanted[0]), row("b", wanted[150]), row("c", wanted[200])]])
    found = await search_in(shown).search_many(wanted)
    assert [(server.request_id, wanted.index(tag)) for server, tag in found] == [("a", 0), ("b", 150), ("c", 200)]
    assert shown.queried == [100, 100, 1]


async def test_one_tag_is_compared_and_several_are_a_list() -> None:
    wanted = tags(2)
    shown = List([[row("a", wanted[0]), row("b", wanted[1])]])
    search = search_in(shown)
    assert ids(await search.search(wanted[0])) == ["a"]
    assert [server.request_id for server, _ in await search.search_many(wanted)] == ["a", "b"]
    assert (shown.queried, shown.operators) == ([1, 2], ["eq", "in"])


async def test_each_page_has_the_deadline_of_a_search() -> None:
    shown = List()
    search = search_in(shown)
    (tag,) = tags(1)
    await search.search(tag)
    await search.search_many([tag])
    await search.all_guarded()
    assert shown.timeouts == {SEARCH_SECONDS}


@pytest.mark.looptime
async def test_searches_that_nobody_waits_for_any_more_make_room_for_the_next() -> None:
    shown = List(seconds=10.0)
    search = search_in(shown)
    unwanted = [asyncio.create_task(search.search(tag)) for tag in tags(3)]
    await asyncio.sleep(1)
    (tag,) = tags(1)
    next_one = asyncio.create_task(search.search(tag))
    await asyncio.sleep(1)
    for each in unwanted:
        each.cancel()
    async with asyncio.timeout(11):
        assert ids(await next_one) == []
    assert shown.queried == [1, 1, 1, 1]


async def test_a_search_that_the_end_of_the_loop_interrupts_is_an_error() -> None:
    search = search_in(List(seconds=10.0))
    (tag,) = tags(1)
    searching = asyncio.create_task(search.search(tag))
    await asyncio.sleep(0)
    (task,) = [task for task in asyncio.all_tasks() if task.get_name() == "edgegap search for lost servers"]
    task.cancel()
    async with asyncio.timeout(5):
        assert isinstance(await searching, ClientStateError)


async def test_rows_that_cannot_be_decoded_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    (tag,) = tags(1)
    search = search_in(List([["no object", row("a", tag)]]))
    for _ in range(2):
        assert ids(await search.search(tag)) == ["a"]
    assert len([record for record in caplog.records if "cannot be decoded" in record.getMessage()]) == 1


async def test_a_row_that_is_shown_on_two_pages_is_one_server() -> None:
    (tag,) = tags(1)
    shown = List([[row("a", tag, status="Status.SEEKING")], [row("a", tag, status="Status.READY"), row("b", tag)]])
    assert ids(await search_in(shown).search(tag)) == ["a", "b"]


async def test_each_row_without_an_id_counts_for_its_own_tag() -> None:
    first, second, third = tags(3)
    shown = List([[{"tags": [str(first)]}, {"tags": [str(second)]}, "no object", row("a", third)]])
    search = search_in(shown)
    results = [await search.search(tag) for tag in (first, second)]
    assert [type(result) for result in results] == [DecodeError, DecodeError]
    assert search.nameless == {first, second}
    assert ids(await search.search(third)) == ["a"]


async def test_a_row_whose_tags_cannot_be_decoded_may_be_any_server() -> None:
    (tag,) = tags(1)
    search = search_in(List([[row("a"), {"request_id": "b", "tags": 7}]]))
    assert isinstance(await search.search(tag), DecodeError)
    assert search.nameless == set()


async def test_servers_of_any_client_that_are_terminating_are_left_out() -> None:
    first, second = tags(2)
    rows = [
        row("a", first),
        row("b", second, status="Status.TERMINATING"),
        row("c"),
        row("d", second, status="Status.READY"),
    ]
    found = await search_in(List([rows])).all_guarded()
    assert [(server.request_id, tag) for server, tag in found] == [("a", first), ("d", second)]
