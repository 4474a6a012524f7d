"""Finds the servers of lost create requests in the list of deployments, which may lag."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

import attrs

from edgegap_async.deadlines import SHORTEST_TIMEOUT, time_limit
from edgegap_async.errors import DeadlineExceeded, EdgegapError
from edgegap_async.ownership.creation import GuardPolicy, ListedServer
from edgegap_async.ownership.list_search import ListSearch, SearchResult
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.transport import Pipeline

logger: Final = logging.getLogger("edgegap_async")

FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 2.0


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
        self.list: ListSearch = ListSearch(pipeline)
        """Reads the list."""
        self._max_settle_seconds = policy.max_settle_seconds

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
            seconds: The deadline of the search.

        Returns:
            The servers that the list shows with the tag now, None if that could not be found out.
        """
        problem = f"the list was not read to its end within {seconds:.3g} s"
        result: SearchResult
        try:
            async with time_limit(max(seconds, SHORTEST_TIMEOUT), problem):
                result = await self.list.search(tag)
        except DeadlineExceeded as error:
            result = error
        if isinstance(result, EdgegapError):
            logger.info("could not search the list for the tag %s: %s", tag, result)
            return None
        return result

    async def find_settled(self, tags: Collection[GuardTag]) -> list[tuple[ListedServer, GuardTag]]:
        """Return the servers with some tags, once the settle time of each is over; raises the errors of the list."""
        latest = max(tag.requested_at for tag in tags)
        age = max((datetime.now(UTC) - latest).total_seconds(), 0)  # below 0 if the clock was set back
        await asyncio.sleep(max(self.settle_seconds - age, 0))
        return await self.list.search_many(tags)
