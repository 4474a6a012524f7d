"""One page of a list: what is requested, and what its body says about the pages after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import attrs
import orjson
import pytest

from edgegap_async.errors import DecodeError, NotFound
from edgegap_async.models.deployments import DeploymentRow
from edgegap_async.pagination.cursor import FetchedPage
from edgegap_async.pagination.fetcher import PageFetcher
from edgegap_async.pagination.stream import PageStream
from edgegap_async.transport import Pipeline

MISSING = NotFound(404, "That page contains no results", {}, "deployment-list")


@attrs.define
class OneResponse:
    """Responds to every request with the same body, or with a 404 for None."""

    body: object
    requests: list[dict[str, Any]] = attrs.field(factory=list[dict[str, Any]])

    async def send(self, operation_id: str, decode: Callable[[bytes], Any], **options: Any) -> Any:
        self.requests.append({"operation_id": operation_id, **options})
        if self.body is None:
            raise MISSING
        return decode(orjson.dumps(self.body))

    def fetcher(
        self,
        operation_id: str = "deployment-list",
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> PageFetcher[Any]:
        pipeline = cast("Pipeline", self)
        return PageFetcher(pipeline, operation_id, DeploymentRow, path=path, query=query, timeout=timeout)


def rows(count: int) -> list[dict[str, str]]:
    return [{"request_id": f"row-{number}"} for number in range(count)]


async def fetched(body: object, number: int = 1, size: int = 2) -> FetchedPage[DeploymentRow]:
    return await OneResponse(body).fetcher().fetch(number, size)


@pytest.mark.parametrize(
    ("count", "total", "number", "has_next"),
    [
        (2, 5, 1, True),
        (2, 5, 2, True),
        (2, 4, 2, False),
        (1, 5, 3, False),
        (1, 5, 1, False),
        (2, 2, 1, False),
        (3, 5, 1, True),
        (2, None, 1, False),
    ],
)
async def test_without_a_pagination_full_pages_below_the_total_have_a_next_one(
    count: int, total: int | None, number: int, has_next: bool
) -> None:
    page = await fetched({"data": rows(count), "total_count": total}, number)
    assert page.has_next is has_next
    assert (page.number, page.size, page.total, page.page_count) == (number, 2, total, None)
    assert [row.request_id for row in page.items] == [row["request_id"] for row in rows(count)]


async def test_the_pagination_of_a_page_is_believed() -> None:
    pagination = {"number": 2, "has_next": True, "paginator": {"num_pages": 7}}
    page = await fetched({"data": [], "total_count": 13, "pagination": pagination}, number=9)
    assert (page.number, page.has_next, page.page_count, page.total) == (2, True, 7, 13)


@pytest.mark.parametrize("pagination", [{}, {"number": None}, {"number": 0}, None])
async def test_a_page_without_a_number_has_the_one_that_was_requested(pagination: object) -> None:
    assert (await fetched({"data": [], "pagination": pagination}, number=9)).number == 9


@pytest.mark.parametrize(("data", "count"), [([], 0), ({}, 0), ({"request_id": "only"}, 1), (rows(3), 3)])
async def test_one_object_in_the_place_of_the_rows_is_a_row(data: object, count: int) -> None:
    assert len((await fetched({"data": data})).items) == count


async def test_a_body_without_the_rows_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match="has no 'data'") as caught:
        await fetched({"total_count": 0})
    assert (caught.value.operation, caught.value.path) == ("deployment-list", "$.data")


async def test_a_body_that_is_only_rows_is_a_page_without_a_next_one() -> None:
    page = await fetched(rows(2))
    assert (len(page.items), page.total, page.has_next) == (2, None, False)


async def test_only_a_later_page_may_be_missing() -> None:
    with pytest.raises(NotFound):
        await fetched(None, number=1)
    page = await fetched(None, number=2, size=7)
    assert page == FetchedPage(items=(), number=2, size=7, total=None, has_next=False)


async def test_a_page_is_requested_by_its_number_and_size() -> None:
    service, query = OneResponse({"data": []}), {"order_by": "created_at"}
    fetcher = service.fetcher(path={"name": "kart"}, query=query, timeout=3.0)
    await fetcher.fetch(4, 25)
    assert service.requests == [
        {
            "operation_id": "deployment-list",
            "path": {"name": "kart"},
            "query": {"order_by": "created_at", "page": "4", "limit": "25"},
            "timeout": 3.0,
        }
    ]
    assert query == {"order_by": "created_at"}


async def test_a_list_that_documents_no_pages_is_requested_with_a_number_only_after_the_first() -> None:
    service = OneResponse({"data": []})
    fetcher = service.fetcher("private-fleet-hosts-list")
    for number in (1, 2):
        await fetcher.fetch(number, 25)
    assert [request["query"] for request in service.requests] == [{}, {"page": "2"}]


async def test_a_stream_passes_on_what_each_page_is_requested_with() -> None:
    service = OneResponse({"data": []})
    stream: PageStream[DeploymentRow] = PageStream(
        cast("Pipeline", service),
        "deployment-list",
        DeploymentRow,
        key=lambda row: row.request_id,
        path={"name": "kart"},
        query={"order_by": "created_at"},
        prefetch=3,
        timeout=1.5,
    )
    assert await stream.collect() == []
    (request,) = service.requests
    assert request == {
        "operation_id": "deployment-list",
        "path": {"name": "kart"},
        "query": {"order_by": "created_at", "page": "1", "limit": "100"},
        "timeout": 1.5,
    }
