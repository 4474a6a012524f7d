"""Fetch and decode one page of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from edgegap_async.decoding.decoder import decode_page
from edgegap_async.errors import NotFound
from edgegap_async.operations import OPERATIONS
from edgegap_async.pagination.cursor import FetchedPage
from edgegap_async.transport import Pipeline

T = TypeVar("T")


class PageFetcher(Generic[T]):
    """Fetches the pages of one list; each page is one request with its own deadline."""

    def __init__(
        self,
        pipeline: Pipeline,
        operation_id: str,
        item: type[T],
        *,
        path: Mapping[str, str] | None,
        query: Mapping[str, str] | None,
        timeout: float | None,
    ) -> None:
        """Create a fetcher; nothing is sent yet.

        Args:
            pipeline: Sends the requests.
            operation_id: The list's row in the table of operations.
            item: The model of a row.
            path: The parameters of the operation's path.
            query: The parameters of the query, without those of the page.
            timeout: Seconds for each page, None for the client's timeout.
        """
        self.operation_id = operation_id
        self._pipeline = pipeline
        self._operation = OPERATIONS[operation_id]
        self._item = item
        self._path = path
        self._query = query or {}
        self._timeout = timeout

    async def fetch(self, number: int, size: int) -> FetchedPage[T]:
        """Fetch a page.

        A page after the first that the service itself does not find is returned as an empty page without a total: the
        list has become shorter since the page was announced.

        Args:
            number: The number of the page, from 1.
            size: The number of rows to request.

        Raises:
            NotFound: The first page is not found, or a proxy responds with 404.
            DecodeError: The response does not have the list's shape.
        """
        query = dict(self._query)
        if self._operation.paged:
            query |= {"page": str(number), "limit": str(size)}
        elif number > 1:
            # The document lists no parameters for this list, and yet the service announced another page.
            query["page"] = str(number)
        try:
            return await self._pipeline.send(
                self.operation_id,
                lambda body: self._decode(body, number, size),
                path=self._path,
                query=query,
                timeout=self._timeout,
            )
        except NotFound as error:
            if number == 1 or not error.from_service:
                raise
            return FetchedPage(items=(), number=number, size=size, total=None, has_next=False)

    def _decode(self, body: bytes, number: int, size: int) -> FetchedPage[T]:
        items, envelope = decode_page(
            body, self._item, items_key=self._operation.items_key, operation=self.operation_id
        )
        has_next = envelope.has_next
        if has_next is None:
            has_next = len(items) >= size and envelope.total is not None and number * size < envelope.total
        return FetchedPage(
            items=items,
            # for a page past the end, some lists return the last page
            number=(envelope.pagination.number if envelope.pagination is not None else None) or number,
            size=size,
            total=envelope.total,
            has_next=has_next,
            page_count=envelope.page_count,
        )
