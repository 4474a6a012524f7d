"""Polls many deployments with one page of the list."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, cast

import attrs

from edgegap_async.decoding.decoder import structure
from edgegap_async.errors import JSON, BadRequest, DecodeError, EdgegapError
from edgegap_async.limits import Priority
from edgegap_async.models.deployments import DeploymentRow, DeploymentSnapshot
from edgegap_async.models.encoding import string_values
from edgegap_async.models.list_filter import Filter, query_text
from edgegap_async.models.page import PageEnvelope
from edgegap_async.models.states import Progress
from edgegap_async.transport import Pipeline
from edgegap_async.waiting.status_probe import POLL_SECONDS, as_transient
from edgegap_async.waiting.subscriptions import RowState, WatchEntry

logger: Final = logging.getLogger("edgegap_async")

PAGE_SIZE: Final = 100
"""Rows on a page, and ids in one query: about 1.6 KB of a URL that may have 8 KB."""

REFUSED_SECONDS: Final = 600.0
"""For so long after a refused query no list is requested: what refused it may have stood between."""

LISTED_WITHIN: Final = 3.0
"""Seconds after its request, after which a deployment that no list has shown is polled by its status."""

STATUSLESS_ROWS: Final = 20
"""After so many rows without a status, the status is polled: the row would not show an error."""

Entry: TypeAlias = WatchEntry[DeploymentSnapshot]
Publish: TypeAlias = Callable[[Entry, DeploymentSnapshot], None]


@functools.lru_cache(maxsize=64)
def _interned(state: RowState) -> RowState:
    """The same object for the same state, however many deployments are in it."""
    return state


class ListProbe:
    """Polls up to a hundred deployments with one request."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.page_size: int = PAGE_SIZE
        """Entries in one poll: fewer where the service caps its pages."""
        self._pipeline = pipeline
        self._refused_until = 0.0

    def is_refused(self, now: float) -> bool:
        """Whether the list lately refused the query, so that only status calls remain."""
        return now < self._refused_until

    def slot_in(self) -> float:
        """Return the seconds until a poll could have a slot of the list's rate limit."""
        return self._pipeline.slot_in("list", Priority.POLL)

    async def poll(self, entries: Sequence[Entry], publish: Publish) -> bool:
        """Request one page with all the entries and publish what it shows; errors go to their subscriptions.

        Returns:
            Whether the service returned the page.
        """
        try:
            page = await self._page([entry.id for entry in entries])
        except BadRequest as error:
            level = logging.DEBUG if self._refused_until else logging.WARNING
            logger.log(level, "the list refuses a query; deployments are polled one by one: %s", error)
            self._refused_until = asyncio.get_running_loop().time() + REFUSED_SECONDS
        except EdgegapError as error:
            for entry in entries:
                entry.fail(as_transient(error))
        else:
            rows = _rows_by_id(page.data)
            if is_capped := bool(page.has_next):
                self.page_size = max(len(page.data), 1)
            for entry in entries:
                if (row := rows.get(entry.id)) is not None:
                    self._read(entry, row, publish)
                elif not is_capped:
                    age = asyncio.get_running_loop().time() - entry.request.requested_at
                    entry.needs_status = bool(entry.rows_seen) or age > LISTED_WITHIN
            return True
        return False

    async def _page(self, request_ids: list[str]) -> _RowPage:
        query = query_text(Filter(request_id=request_ids), None)
        return await self._pipeline.call(
            "deployment-list",
            _RowPage,
            query=string_values(query=query) | {"page": "1", "limit": str(PAGE_SIZE)},
            timeout=POLL_SECONDS,
            priority=Priority.POLL,
        )

    def _read(self, entry: Entry, fields: Mapping[str, JSON], publish: Publish) -> None:
        """Publish a row; where it does not say enough, the next poll is a status call."""
        entry.rows_seen += 1
        status = fields.get("status")
        row_state = (status, fields.get("ready")) if isinstance(status, str) else None
        if row_state is not None and row_state == entry.row_state and not entry.progress_subscriptions:
            return  # thousands of servers wait in the same state: decoding each row again would cost most of a poll
        try:
            row = structure(cast("JSON", fields), DeploymentRow, operation="deployment-list")
        except DecodeError as error:
            entry.fail(error)
            return
        is_settled = row.progress in {Progress.PENDING, Progress.READY}
        entry.row_state = _interned(row_state) if row_state is not None and is_settled else None
        if row.progress is Progress.FAILED:
            entry.needs_status = True  # only the status has the reason
            return
        entry.needs_status = row.progress is Progress.INCOMPLETE or (
            row.status is None and entry.rows_seen % STATUSLESS_ROWS == 0
        )
        publish(entry, row)


@attrs.frozen(kw_only=True)
class _RowPage(PageEnvelope):
    """A page whose rows are decoded one by one, so that a row that is invalid fails one wait only."""

    data: tuple[JSON, ...] = ()


def _rows_by_id(rows: Sequence[JSON]) -> dict[str, Mapping[str, JSON]]:
    """Return the rows by their ids; the deployment of a row without a valid id counts as not listed."""
    by_id: dict[str, Mapping[str, JSON]] = {}
    for row in rows:
        if isinstance(row, dict) and isinstance(id := row.get("request_id"), str):
            by_id[id] = row
    return by_id
