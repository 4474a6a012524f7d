"""A list that announces more pages for ever and only repeats its rows: the stream raises, and only then."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aioresponses import CallbackResult, aioresponses
from yarl import URL

from edgegap_async import EdgegapClient, errors

BASE = "http://127.0.0.1:1"
MAX_REQUESTS = 150


class RepeatingList:
    """A list of 250 rows that announces more after its last page, and then repeats that page.

    Attributes:
        requests: How many pages were requested.
    """

    def __init__(self, *, rows: int = 250, total: int | None = None, number: int | None = None) -> None:
        self.requests = 0
        self._rows = [{"request_id": f"row-{place}"} for place in range(rows)]
        self._total = total
        self._number = number

    def respond(self, url: URL, **_: Any) -> CallbackResult:
        self.requests += 1
        assert self.requests < MAX_REQUESTS, "the stream does not end"
        number, size = int(url.query["page"]), int(url.query["limit"])
        last_page = max(-(-len(self._rows) // size), 1)
        start = (min(number, last_page) - 1) * size
        return CallbackResult(
            payload={
                "data": self._rows[start : start + size],
                "total_count": self._total,
                "pagination": {
                    "number": self._number or number,
                    "next_page_number": number + 1,
                    "previous_page_number": None,
                    "paginator": {"num_pages": 10**6},
                    "has_next": True,
                    "has_previous": False,
                },
            }
        )

    async def read(self, page_size: int, *, prefetch: int = 1) -> tuple[list[str], str]:
        """Return the ids that the stream yields before it raises DecodeError, and the error's message."""
        ids: list[str] = []

        async def read_all() -> None:
            async for row in edgegap.deployments.list(page_size=page_size):
                ids.append(row.request_id)  # noqa: PERF401 - the rows before the error count

        async with EdgegapClient("secret", base_url=BASE, rate_limits=None, prefetch=prefetch) as edgegap:
            with aioresponses() as responses:
                responses.get(re.compile(rf"{re.escape(BASE)}/v1/deployments\?.*"), callback=self.respond, repeat=True)
                with pytest.raises(errors.DecodeError) as caught:
                    await read_all()
        assert (caught.value.operation, caught.value.path) == ("deployment-list", "$.pagination")
        return ids, str(caught.value)


@pytest.mark.looptime
@pytest.mark.parametrize("total", [None, 250, 1_000_000])
@pytest.mark.parametrize(("page_size", "repeated"), [(250, 3), (100, 3), (30, 4), (10, 10)])
async def test_a_list_that_repeats_its_last_page_for_ever_ends_with_an_error(
    total: int | None, page_size: int, repeated: int
) -> None:
    repeating = RepeatingList(total=total)
    ids, _ = await repeating.read(page_size)
    assert ids == [f"row-{place}" for place in range(250)]
    assert repeating.requests <= -(-250 // page_size) + repeated + 1, "the last one is fetched ahead"


@pytest.mark.looptime
@pytest.mark.parametrize("total", [None, 250, 1_000_000])
@pytest.mark.parametrize(("page_size", "repeated"), [(250, 3), (100, 3), (30, 4), (10, 10)])
async def test_a_repeated_page_ends_a_list_whose_pages_are_requested_together(
    total: int | None, page_size: int, repeated: int
) -> None:
    repeating = RepeatingList(total=total)
    ids, _ = await repeating.read(page_size, prefetch=4)
    assert ids == [f"row-{place}" for place in range(250)]
    # four more when the first repetition ends the requests for pages that do not overlap, and four when the list ends
    assert repeating.requests <= -(-250 // page_size) + repeated + 2 * 4 + 1


@pytest.mark.looptime
@pytest.mark.parametrize("total", [None, 100])
async def test_a_list_whose_pages_all_have_the_number_one_ends_with_an_error(total: int | None) -> None:
    repeating = RepeatingList(rows=100, total=total, number=1)
    ids, _ = await repeating.read(100)
    assert len(ids) == 100
    assert repeating.requests <= 5


@pytest.mark.looptime
async def test_a_list_of_empty_pages_for_ever_ends_with_an_error() -> None:
    repeating = RepeatingList(rows=0, total=0)
    ids, _ = await repeating.read(100)
    assert ids == []
    assert repeating.requests <= 4


@pytest.mark.looptime
async def test_the_error_says_what_the_pages_had() -> None:
    repeating = RepeatingList(total=250)
    _, message = await repeating.read(100)
    assert message == (
        "the list of deployment-list does not end: its last 3 pages had no new row, announced another page and had the "
        "same total (250)"
    )
