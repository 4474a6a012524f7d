"""A list that announces a page which is never found: the stream ends, with the rows that exist."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from aioresponses import CallbackResult, aioresponses
from yarl import URL

from edgegap_async import EdgegapClient, PageStream

BASE = "http://127.0.0.1:1"
MAX_REQUESTS = 1000

LISTS: dict[str, tuple[str, str, str, Callable[[EdgegapClient, int], PageStream[Any]]]] = {
    "deployments": ("deployments", "data", "request_id", lambda e, size: e.deployments.list(page_size=size)),
    "applications": ("apps", "applications", "name", lambda e, size: e.applications.list(page_size=size)),
}


class OnlyFirstPage:
    """A list whose first page announces another; every other page is 404.

    Attributes:
        pages: The pages that were requested, as number and size.
        is_consistent_after: After so many requests, the first page announces no other.
    """

    def __init__(self, items_key: str, id_field: str, *, is_consistent_after: int = MAX_REQUESTS) -> None:
        self.pages: list[tuple[int, int]] = []
        self.is_consistent_after = is_consistent_after
        self._items_key = items_key
        self._id_field = id_field

    def respond(self, url: URL, **_: Any) -> CallbackResult:
        number, size = int(url.query["page"]), int(url.query["limit"])
        self.pages.append((number, size))
        assert len(self.pages) < MAX_REQUESTS, "the stream does not end"
        if number > 1:
            return CallbackResult(status=404, payload={"message": "That page contains no results"})
        more = len(self.pages) <= self.is_consistent_after
        rows = [{self._id_field: f"row-{place}", "is_active": True} for place in range(size)]
        total = 2 * size if more else size
        return CallbackResult(
            payload={
                self._items_key: rows,
                "total_count": total,
                "pagination": {
                    "number": 1,
                    "next_page_number": 2 if more else None,
                    "previous_page_number": None,
                    "paginator": {"num_pages": 2 if more else 1},
                    "has_next": more,
                    "has_previous": False,
                },
            }
        )


async def read(
    name: str, page_size: int, *, is_consistent_after: int = MAX_REQUESTS
) -> tuple[list[str], OnlyFirstPage]:
    path, items_key, id_field, list_ = LISTS[name]
    service = OnlyFirstPage(items_key, id_field, is_consistent_after=is_consistent_after)
    async with EdgegapClient("secret", base_url=BASE, rate_limits=None) as edgegap:
        with aioresponses() as responses:
            responses.get(re.compile(rf"{re.escape(BASE)}/v1/{path}\?.*"), callback=service.respond, repeat=True)
            rows = await list_(edgegap, page_size).collect()
    return [getattr(row, id_field) for row in rows], service


@pytest.mark.looptime
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("page_size", [1, 2, 3, 10, 100])
async def test_a_page_that_is_announced_and_never_found_ends_the_stream(name: str, page_size: int) -> None:
    rows, service = await read(name, page_size)
    assert rows == [f"row-{place}" for place in range(page_size)]
    assert service.pages == [(1, page_size), (2, page_size)] * 6, "the page before it shows whether rows were removed"


@pytest.mark.looptime
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("page_size", [1, 3, 10])
async def test_a_list_that_becomes_consistent_in_time_is_read_to_its_end(name: str, page_size: int) -> None:
    rows, service = await read(name, page_size, is_consistent_after=3)
    assert rows == [f"row-{place}" for place in range(page_size)]
    assert service.pages[-1] == (1, page_size)
