"""The pages of lists: which one a request selects, and the envelope around its items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import attrs

from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.documented_replies import documented_reply
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest
from edgegap_async.simulator.specification import response_fields

DEFAULT_SIZE: Final = 10
"""Items on a page when a request has no ``limit``. The service documents no default; this is the observed one."""

Row = TypeVar("Row")


@attrs.frozen
class PageRequest:
    """The page that a request selects: its number, from 1, and how many items it may have."""

    number: int = 1
    size: int = DEFAULT_SIZE

    @classmethod
    def from_query(cls, query: Mapping[str, Any], max_size: int) -> PageRequest:
        """Return the page that ``page`` and ``limit`` of a query select, of at most ``max_size`` items."""
        return cls(query.get("page", 1), min(query.get("limit", DEFAULT_SIZE), max_size))

    @property
    def start(self) -> int:
        """The index of its first item."""
        return (self.number - 1) * self.size

    @property
    def stop(self) -> int:
        """The index after its last item."""
        return self.number * self.size

    def envelope(self, total: int) -> dict[str, Any]:
        """Return the ``total_count`` and ``pagination`` beside the items of a page; ``total`` counts all pages."""
        pages = max(1, -(-total // self.size))
        has_next = self.number < pages
        return {
            "total_count": total,
            "pagination": {
                "number": self.number,
                "next_page_number": self.number + 1 if has_next else None,
                "previous_page_number": min(self.number - 1, pages) if self.number > 1 else None,
                "paginator": {"num_pages": pages},
                "has_next": has_next,
                "has_previous": self.number > 1,
            },
        }


def selects_page(request: ValidatedRequest) -> bool:
    """Whether a request names a page or a page size."""
    return bool(request.query.keys() & {"page", "limit"})


def page_body(
    world: World,
    request: ValidatedRequest,
    rows: Sequence[Row],
    serialize: Callable[[Row], Any],
    page: PageRequest | None = None,
) -> dict[str, Any]:
    """Return the body of a list: the items of one page, under the operation's key, in the page envelope.

    Args:
        world: The state of the local Edgegap, with the greatest page size.
        request: The request for the list.
        rows: All rows of the list.
        serialize: Converts a row to an item. It is called for the rows of the page only.
        page: The page. By default, the one that the request selects.
    """
    page = page or PageRequest.from_query(request.query, world.max_page_size)
    items = [serialize(row) for row in rows[page.start : page.stop]]
    return {request.operation.items_key or "data": items, **page.envelope(len(rows))}


def documented_list(
    world: World,
    request: ValidatedRequest,
    rows: Sequence[Row],
    serialize: Callable[[Row], Any],
) -> Reply:
    """Return the reply to a list whose document may describe no pages: then it has every row, unless one is selected.

    The body has only the fields that the operation's document describes.

    Args:
        world: The state of the local Edgegap, with the greatest page size.
        request: The request for the list.
        rows: All rows of the list.
        serialize: Converts a row to an item.
    """
    operation = request.operation
    paged = (operation.paged and operation.items_key is not None) or selects_page(request)
    page = None if paged else PageRequest(size=max(len(rows), 1))
    body = {"count": len(rows), **page_body(world, request, rows, serialize, page)}
    described = response_fields(operation.operation_id)
    return documented_reply(request, {name: value for name, value in body.items() if name in described})
