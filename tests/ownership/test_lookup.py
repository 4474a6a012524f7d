"""When the list is searched for the server of a lost request, and what is learned of its lag."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, cast

import attrs
import pytest

from edgegap_async import GuardPolicy
from edgegap_async.errors import ServerError
from edgegap_async.ownership.creation import ListedServer
from edgegap_async.ownership.list_search import SearchResult
from edgegap_async.ownership.lookup import LostRequest, TagLookup
from edgegap_async.ownership.tag import GuardTag, GuardTags
from edgegap_async.transport import Pipeline

SERVER = ListedServer(request_id="0123456789ab")
FAILURE = ServerError(500, "no", {}, "deployment-list")
START = 1000.0

at_a_moment = pytest.mark.looptime(start=START)


def now() -> float:
    return asyncio.get_running_loop().time() - START


@attrs.define
class List:
    """Shows what ``shown`` says of the seconds since the start; records when it is searched."""

    shown: Callable[[float], SearchResult]
    seconds: float = 0.0
    searched: list[float] = attrs.field(factory=list[float])

    async def search(self, _: GuardTag) -> SearchResult:
        self.searched.append(now())
        result = self.shown(now())
        await asyncio.sleep(self.seconds)
        return result

    async def search_many(self, tags: Collection[GuardTag]) -> list[tuple[ListedServer, GuardTag]]:
        self.searched.append(now())
        return [(SERVER, tag) for tag in tags]


def lookup_in(shown: List, **policy: float) -> TagLookup:
    lookup = TagLookup(cast("Pipeline", None), GuardPolicy(**cast("Any", policy)))
    lookup.list = cast("Any", shown)
    return lookup


async def find(lookup: TagLookup, *, within: float = 100.0) -> Sequence[ListedServer] | None:
    lost = LostRequest(ended_at=START, absent_at=START)
    return await lookup.find(GuardTags().next(), lost, START + within)


# find


@at_a_moment
async def test_a_server_that_is_shown_is_returned_at_once() -> None:
    shown = List(lambda _: [SERVER])
    assert await find(lookup_in(shown)) == [SERVER]
    assert shown.searched == [0.0]


@at_a_moment
@pytest.mark.parametrize(
    ("settle_seconds", "searched"),
    [
        (4.0, [0, 0.25, 0.75, 1.75, 3.75, 4.0]),
        (1.0, [0, 0.25, 0.75, 1.0]),
        (9.0, [0, 0.25, 0.75, 1.75, 3.75, 5.75, 7.75, 9.0]),
        (0.125, [0, 0.25]),
    ],
)
async def test_a_server_is_absent_if_it_is_not_shown_after_the_settle_time(
    settle_seconds: float, searched: list[float]
) -> None:
    """The pauses double up to two seconds, and the last search is right at the end of the settle time."""
    shown = List(lambda _: [])
    assert await find(lookup_in(shown, settle_seconds=settle_seconds)) == []
    assert shown.searched == searched


@at_a_moment
async def test_a_search_that_fails_says_nothing_about_absence() -> None:
    shown = List(lambda at: FAILURE if at < 5 else [])
    assert await find(lookup_in(shown)) == []
    assert shown.searched == [0, 0.25, 0.75, 1.75, 3.75, 4.0, 4.25, 4.5, 4.75, 5.0]


@at_a_moment
@pytest.mark.parametrize(("within", "searched"), [(0.25, [0]), (0.5, [0, 0.25]), (1.0, [0, 0.25, 0.75])])
async def test_what_is_not_found_out_before_the_deadline_is_unknown(within: float, searched: list[float]) -> None:
    shown = List(lambda _: [])
    assert await find(lookup_in(shown), within=within) is None
    assert shown.searched == searched


@at_a_moment
async def test_a_search_without_a_response_ends_with_the_deadline() -> None:
    shown = List(lambda _: [SERVER], seconds=1000.0)
    assert await find(lookup_in(shown), within=3.0) is None
    assert now() == pytest.approx(3.0)


# the lag of the list


@at_a_moment
@pytest.mark.parametrize(
    ("shown_from", "fails_from", "settle_seconds"),
    [
        (0.75, 1000, 1.5),  # twice the lag
        (1.75, 1000, 2.5),  # the most that is allowed
        (0.25, 1000, 1.0),  # twice the lag would be less
        (0.75, 0.25, 1.0),  # it may have been shown from 0 s on
    ],
)
async def test_the_settle_time_becomes_twice_the_lag_that_was_seen(
    shown_from: float, fails_from: float, settle_seconds: float
) -> None:
    shown = List(lambda at: [SERVER] if at >= shown_from else FAILURE if at >= fails_from else [])
    lookup = lookup_in(shown, settle_seconds=1.0, max_settle_seconds=2.5)
    lookup.settle_seconds = 1.0
    lost = LostRequest(ended_at=START, absent_at=START)
    for _ in range(10):
        searched_at = START + now()
        found = await lookup.search(GuardTags().next(), 1.0)
        if found:
            lookup.record_lag(lost.lag(searched_at))
            break
        lost.record_absence(searched_at, found)
        await asyncio.sleep(0.25)
    assert lookup.settle_seconds == pytest.approx(settle_seconds)


@at_a_moment
async def test_a_search_that_finds_the_server_late_teaches_the_lag() -> None:
    shown = List(lambda at: [SERVER] if at >= 0.5 else [])
    lookup = lookup_in(shown, settle_seconds=1.0)
    assert await find(lookup) == [SERVER]
    assert shown.searched == [0, 0.25, 0.75]
    assert lookup.settle_seconds == pytest.approx(1.5)


# settled searches


@at_a_moment
@pytest.mark.parametrize(
    ("ages", "seconds"), [([0.0], 4.0), ([60.0, 3.0, 30.0], 1.0), ([3.5], 0.5), ([60.0], 0.0), ([-60.0], 4.0)]
)
async def test_a_search_for_many_waits_until_the_latest_request_has_settled(ages: list[float], seconds: float) -> None:
    tags = [GuardTags(clock=lambda age=age: time.time() - age).next() for age in ages]  # type: ignore[misc]
    shown = List(lambda _: [])
    assert await lookup_in(shown).find_settled(tags) == [(SERVER, tag) for tag in tags]
    assert shown.searched == [pytest.approx(seconds, abs=0.3)]
