"""Reads the list of deployments for guard tags: what is searched for at the same time shares requests."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Collection, Sequence
from typing import Final, TypeAlias, cast

import attrs

from edgegap_async.deadlines import time_limit
from edgegap_async.decoding.decoder import structure
from edgegap_async.errors import JSON, BadRequest, ClientStateError, DecodeError, EdgegapError
from edgegap_async.models.encoding import string_values
from edgegap_async.models.list_filter import Filter, query_text
from edgegap_async.ownership.creation import ListedServer
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.pagination import PageStream
from edgegap_async.transport import Pipeline

logger: Final = logging.getLogger("edgegap_async")

_LIST: Final = "deployment-list"

SEARCH_SECONDS: Final = 20.0
"""The deadline of one search, however many pages it reads."""

_TAGS_PER_QUERY: Final = 100
"""A page of servers, and a URL that is not too long."""

_SEARCHES_UNDER_WAY: Final = 3
"""More than one, so that a response that is late does not hold up all searches."""

SearchResult: TypeAlias = Sequence[ListedServer] | EdgegapError
"""What the list shows with a tag, or why that could not be found out."""

_Wanted: TypeAlias = dict[GuardTag, list["asyncio.Future[SearchResult]"]]

_Results: TypeAlias = dict[GuardTag, SearchResult]


class ListSearch:
    """Searches the list of deployments for guard tags.

    While a few searches are under way, the tags that are wanted next are collected, and share one search. So when the
    service loses many responses at once, it takes a few requests to find all their servers.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.nameless: set[GuardTag] = set()
        """The tags of rows whose id cannot be decoded: what they are about cannot be stopped."""
        self._pipeline = pipeline
        self._wanted: _Wanted = {}
        self._searches: dict[asyncio.Task[_Results], _Wanted] = {}
        self._is_query_refused = False
        self._is_odd_row_reported = False

    async def search(self, tag: GuardTag) -> SearchResult:
        """Search for a tag, with a request that is sent from now on."""
        result: asyncio.Future[SearchResult] = asyncio.get_running_loop().create_future()
        self._wanted.setdefault(tag, []).append(result)
        self._start_searches()
        try:
            return await result
        finally:
            self._cancel_unwanted_searches()

    async def search_many(self, tags: Collection[GuardTag]) -> list[tuple[ListedServer, GuardTag]]:
        """Search for tags, apart from the searches that others share; raises the errors of the list."""
        found: list[tuple[ListedServer, GuardTag]] = []
        remaining = iter(tags)
        while batch := list(itertools.islice(remaining, _TAGS_PER_QUERY)):
            for tag, result in (await self._results(batch)).items():
                if isinstance(result, EdgegapError):
                    raise result
                found += [(server, tag) for server in result]
        return found

    async def all_guarded(self) -> list[tuple[ListedServer, GuardTag]]:
        """Return the servers of any client that have a guard tag, without those that are terminating."""
        servers, _ = await self._rows(None)
        servers = [server for server in servers if server.status is None or not server.status.gone]
        return [
            (server, tag) for server in servers for text in server.tags if (tag := GuardTag.parse(text)) is not None
        ]

    # the searches that are shared

    def _start_searches(self) -> None:
        while self._wanted and len(self._searches) < _SEARCHES_UNDER_WAY:
            # without the query, one search finds everything
            most = len(self._wanted) if self._is_query_refused else _TAGS_PER_QUERY
            wanted = {tag: self._wanted.pop(tag) for tag in [*itertools.islice(self._wanted, most)]}
            if not _is_unwanted(wanted):
                search = asyncio.create_task(self._search_for(wanted), name="edgegap search for lost servers")
                self._searches[search] = wanted
                search.add_done_callback(self._on_search_done)

    def _on_search_done(self, search: asyncio.Task[_Results]) -> None:
        wanted = self._searches.pop(search)
        interrupted = ClientStateError("the search was interrupted by the end of the event loop")
        results: _Results = dict.fromkeys(wanted, interrupted) if search.cancelled() else search.result()
        for tag, futures in wanted.items():
            for future in futures:
                if not future.done():
                    future.set_result(results[tag])
        self._start_searches()

    def _cancel_unwanted_searches(self) -> None:
        for search, wanted in self._searches.items():
            if _is_unwanted(wanted):
                search.cancel()

    async def _search_for(self, wanted: _Wanted) -> _Results:
        problem = f"the list was not read to its end within {SEARCH_SECONDS:.0f} s"
        try:
            async with time_limit(SEARCH_SECONDS, problem):
                return await self._results(wanted)
        except EdgegapError as error:
            return dict.fromkeys(wanted, error)

    # reading the list

    async def _results(self, tags: Collection[GuardTag]) -> _Results:
        """What the list shows with some tags now; if it refuses the query, all of the list is read.

        Of a row that cannot be decoded, the id and the tags suffice.
        """
        texts = {tag: str(tag) for tag in tags}
        rows: tuple[list[ListedServer], list[_OddRow]] | None = None
        if not self._is_query_refused:
            wanted = [*texts.values()]
            try:
                rows = await self._rows(query_text(Filter(tags=wanted if len(wanted) > 1 else wanted[0]), None))
            except BadRequest as error:
                self._is_query_refused = True
                logger.warning("the list refuses a query; all of it is read instead: %s", error)
        servers, odd_rows = await self._rows(None) if rows is None else rows
        # whatever a service does with a query: only what has the tag is this client's
        by_tag: dict[str, list[ListedServer]] = {}
        for server in (*servers, *(row.server for row in odd_rows if row.server is not None)):
            for text in dict.fromkeys(server.tags):
                by_tag.setdefault(text, []).append(server)
        nameless = [row for row in odd_rows if row.server is None]
        self.nameless |= {tag for tag, text in texts.items() if any(text in (row.tags or ()) for row in nameless)}
        return {tag: by_tag.get(text) or _absence(text, nameless) for tag, text in texts.items()}

    async def _rows(self, query: str | None) -> tuple[list[ListedServer], list[_OddRow]]:
        """Read the list: the servers that it shows, and the rows that cannot be decoded."""
        stream: PageStream[JSON] = PageStream(
            self._pipeline,
            _LIST,
            cast("type[JSON]", JSON),
            key=_row_key,
            query=string_values(query=query),
            prefetch=0,
            timeout=SEARCH_SECONDS,
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


def _absence(text: str, nameless: Sequence[_OddRow]) -> SearchResult:
    """Return the result for a tag that no server has: an error if a row that cannot be decoded may have it."""
    return next((row.error for row in nameless if row.tags is None or text in row.tags), ())


def _is_unwanted(wanted: _Wanted) -> bool:
    """Return whether nobody waits for a search any more."""
    return all(future.done() for futures in wanted.values() for future in futures)
