"""Finds servers by their guard tags in the list of deployments, which may lag."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, cast

import attrs

from edgegap_async.deadlines import SHORTEST_TIMEOUT
from edgegap_async.decoding.decoder import structure
from edgegap_async.errors import JSON, BadRequest, DecodeError, EdgegapError
from edgegap_async.models.encoding import string_values
from edgegap_async.models.list_filter import Filter, query_text
from edgegap_async.ownership.creation import GuardPolicy, ListedServer
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.pagination import PageStream
from edgegap_async.transport import Pipeline

logger: Final = logging.getLogger("edgegap_async")

_LIST: Final = "deployment-list"

FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 2.0

SEARCH_SECONDS: Final = 20.0
"""The deadline of one search in the background."""

_TAGS_PER_QUERY: Final = 100
"""A page of servers, and a URL that is not too long."""


@attrs.define(kw_only=True)
class LostRequest:
    """A create request without a response, which may have started a server. Moments are those of the loop's clock.

    Attributes:
        ended_at: When the request ended.
        absent_at: The start of the latest search that did not show its server.
        is_blind: Whether a search has failed since.
    """

    ended_at: float
    absent_at: float
    is_blind: bool = False

    def record_absence(self, searched_at: float, found: Sequence[ListedServer] | None) -> None:
        """Take a search that did not show the server, or that failed (None)."""
        self.is_blind = found is None
        if found is not None:
            self.absent_at = searched_at

    def lag(self, searched_at: float) -> float:
        """Return the seconds by which the list lagged, now that a search shows the server."""
        return (self.absent_at if self.is_blind else searched_at) - self.ended_at


class TagLookup:
    """Searches the list of deployments for guard tags, and learns how much the list lags."""

    def __init__(self, pipeline: Pipeline, policy: GuardPolicy) -> None:
        self.settle_seconds: float = policy.settle_seconds
        """Seconds after a request after which a server that the list does not show counts as absent."""
        self.nameless: set[str] = set()
        """The tags of rows whose id cannot be decoded: what they are about cannot be stopped."""
        self._pipeline = pipeline
        self._max_settle_seconds = policy.max_settle_seconds
        self._is_query_refused = False
        self._is_odd_row_reported = False

    async def find(self, tag: GuardTag, lost: LostRequest, deadline: float) -> Sequence[ListedServer] | None:
        """Search for the server of a lost request until it is found, or is certainly absent.

        Args:
            tag: Its tag.
            lost: Its request.
            deadline: The moment of the loop's clock at which to end.

        Returns:
            The servers with the tag, none once the list did not show any after the settle time, None if that could
            not be found out in time.
        """
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE
        while True:
            searched_at, found = loop.time(), await self.search(tag, deadline - loop.time())
            if found:
                self.record_lag(lost.lag(searched_at))
                return found
            lost.record_absence(searched_at, found)
            if found is not None and searched_at >= lost.ended_at + self.settle_seconds:
                return found
            if loop.time() + pause >= deadline:
                return None
            await asyncio.sleep(pause)
            settled_in = lost.ended_at + self.settle_seconds - loop.time()
            pause = min(2 * pause, max(settled_in, FIRST_PAUSE), LONGEST_PAUSE)

    def record_lag(self, lag: float) -> None:
        """Give the list twice the lag that was seen, from now on."""
        self.settle_seconds = min(max(self.settle_seconds, 2 * lag), self._max_settle_seconds)

    async def search(self, tag: GuardTag, seconds: float) -> Sequence[ListedServer] | None:
        """Search the list for a tag once.

        Args:
            tag: The tag.
            seconds: The deadline of the whole search, however many pages it reads.

        Returns:
            The servers that the list shows with the tag now, None if that could not be found out.
        """
        seconds = max(seconds, SHORTEST_TIMEOUT)
        try:
            async with asyncio.timeout(seconds):
                return [server for server, _ in await self._with_tags({str(tag): tag}, seconds)]
        except (EdgegapError, TimeoutError) as error:
            reason = str(error) or f"the list was not read to its end within {seconds:.3g} s"
            logger.info("could not search the list for the tag %s: %s", tag, reason)
            return None

    async def find_settled(self, tags: Collection[GuardTag]) -> list[tuple[ListedServer, GuardTag]]:
        """Return the servers with some tags, once the settle time of each is over; raises the errors of the list."""
        latest = max(tag.requested_at for tag in tags)
        await asyncio.sleep(max((latest - datetime.now(UTC)).total_seconds() + self.settle_seconds, 0))
        found: list[tuple[ListedServer, GuardTag]] = []
        remaining = iter(tags)
        while batch := list(itertools.islice(remaining, _TAGS_PER_QUERY)):
            found += await self._with_tags({str(tag): tag for tag in batch}, SEARCH_SECONDS)
        return found

    async def all_guarded(self) -> list[tuple[ListedServer, GuardTag]]:
        """Return the servers of any client that have a guard tag, without those that are terminating."""
        servers, _ = await self._rows(None, SEARCH_SECONDS)
        servers = [server for server in servers if server.status is None or not server.status.gone]
        return [
            (server, tag) for server in servers for text in server.tags if (tag := GuardTag.parse(text)) is not None
        ]

    async def _with_tags(self, tags: Mapping[str, GuardTag], seconds: float) -> list[tuple[ListedServer, GuardTag]]:
        """What the list shows with some tags now; if it refuses the query, all of the list is read.

        Of a row that cannot be decoded, the id and the tags suffice.

        Raises:
            DecodeError: A tag is not found, and a row that cannot be decoded may have it.
        """
        rows: tuple[list[ListedServer], list[_OddRow]] | None = None
        if not self._is_query_refused:
            wanted = Filter(tags=[*tags] if len(tags) > 1 else next(iter(tags)))
            try:
                rows = await self._rows(query_text(wanted, None), seconds)
            except BadRequest as error:
                self._is_query_refused = True
                logger.warning("the list refuses a query; all of it is read instead: %s", error)
        servers, odd_rows = await self._rows(None, seconds) if rows is None else rows
        # whatever a service does with a query: only what has the tag is this client's
        servers += [row.server for row in odd_rows if row.server is not None]
        found = [(server, tags[text]) for server in servers for text in server.tags if text in tags]
        missing = tags.keys() - {str(tag) for _, tag in found}
        for row in odd_rows:
            if row.server is None:
                self.nameless.update(tags.keys() & set(row.tags or ()))
                if missing and (row.tags is None or not missing.isdisjoint(row.tags)):
                    raise row.error
        return found

    async def _rows(self, query: str | None, seconds: float) -> tuple[list[ListedServer], list[_OddRow]]:
        """Read the list: the servers that it shows, and the rows that cannot be decoded."""
        stream: PageStream[JSON] = PageStream(
            self._pipeline,
            _LIST,
            cast("type[JSON]", JSON),
            key=_row_key,
            query=string_values(query=query),
            prefetch=0,
            timeout=max(seconds, SHORTEST_TIMEOUT),
            live=True,
        )
        servers: list[ListedServer] = []
        odd_rows: list[_OddRow] = []
        for row in await stream.collect():
            try:
                servers.append(structure(row, ListedServer, operation=_LIST))
            except DecodeError as error:
                odd_rows.append(_odd_row(row, error))
        if odd_rows and not self._is_odd_row_reported:
            self._is_odd_row_reported = True
            logger.warning("the list has a row that cannot be decoded; such rows are skipped: %s", odd_rows[0].error)
        return servers, odd_rows


@attrs.frozen(kw_only=True)
class _OddRow:
    """A row of the list that cannot be decoded.

    Attributes:
        error: Why not.
        tags: Its tags, None if they cannot be decoded either.
        server: Its id and its tags, None if one of them cannot be decoded.
    """

    error: DecodeError
    tags: Sequence[str] | None = None
    server: ListedServer | None = None


def _row_key(row: JSON) -> str:
    """Return what identifies a row: its id, or all of it where it has none."""
    id = row.get("request_id") if isinstance(row, dict) else None
    return id if isinstance(id, str) else repr(row)


def _odd_row(row: JSON, error: DecodeError) -> _OddRow:
    """Return what can be decoded of a row."""
    try:
        tags = structure(row, _Tagged, operation=_LIST).tags
    except DecodeError:
        return _OddRow(error=error)
    id = row.get("request_id") if isinstance(row, dict) else None
    return _OddRow(
        error=error, tags=tags, server=ListedServer(request_id=id, tags=tags) if isinstance(id, str) and id else None
    )


@attrs.frozen(kw_only=True)
class _Tagged:
    """A row of which only the tags matter."""

    tags: tuple[str, ...]
