"""The client: one session, one set of rate limits, all services."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

import aiohttp

from edgegap_async.chores import Chores
from edgegap_async.config import Settings
from edgegap_async.errors import ConfigurationError
from edgegap_async.events import EventHook, Stats
from edgegap_async.limits import RateLimits, buckets_for
from edgegap_async.services.deployments import Deployments
from edgegap_async.services.fleets import Fleets
from edgegap_async.services.locations import Locations
from edgegap_async.services.matchmakers import Matchmakers
from edgegap_async.services.private_fleets import PrivateFleets
from edgegap_async.services.relays import Relays
from edgegap_async.services.storage import Storage
from edgegap_async.transport import TLS, Pipeline, RetryPolicy, Session

_CLOSING_SECONDS: Final = 30.0


class EdgegapClient:
    """The Edgegap API for one organisation, inside its rate limits.

    Used as ``async with EdgegapClient() as edgegap:``, in one event loop, once. All calls of a client share its limits,
    its connections and its retry budget, so a service makes one and keeps it. Closing waits up to 30 s for stops
    that are under way.
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 60.0,
        rate_limits: RateLimits = "documented",
        session: aiohttp.ClientSession | None = None,
        retry: RetryPolicy | None = None,
        prefetch: int = 4,
        proxy: str | None = None,
        ssl: TLS = True,
        on_event: EventHook | None = None,
    ) -> None:
        """Nothing is sent or opened yet.

        ``token`` (with or without the word "token" before it) and ``base_url`` default to EDGEGAP_API_TOKEN and
        EDGEGAP_BASE_URL. ``timeout`` is the deadline of every call that names none, in seconds, over everything it
        does. ``rate_limits`` are the documented ones, a mapping of requests a second by bucket (``deploy``,
        ``status``, ``list``, ``hosts``, ``default``; those not named keep theirs), or None for no limits. A
        ``session`` is used and not closed; aiohttp itself repeats an idempotent request once on a lent one.
        ``prefetch`` is how many pages of a list are read ahead at most. ``proxy`` and ``ssl`` are aiohttp's.
        ``on_event`` is called with each Event.

        Raises ConfigurationError for anything that cannot work.
        """
        if isinstance(prefetch, bool) or not isinstance(prefetch, int) or prefetch < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"prefetch must be a whole number of pages from 0, not {prefetch!r}")
        settings = Settings.read(token, base_url, timeout)
        self._session = Session(session, proxy=proxy, tls=ssl)
        self._chores = Chores()
        self._pipeline = Pipeline(settings, self._session, buckets_for(rate_limits), retry or RetryPolicy(), on_event)
        self.deployments: Deployments = Deployments(self._pipeline, prefetch, self._chores)
        self.private_fleets: PrivateFleets = PrivateFleets(self._pipeline, prefetch)
        self.locations: Locations = Locations(self._pipeline, prefetch)
        self.relays: Relays = Relays(self._pipeline, prefetch, self._chores)
        self.storage: Storage = Storage(self._pipeline, prefetch)
        self.fleets: Fleets = Fleets(self._pipeline, prefetch)
        self.matchmakers: Matchmakers = Matchmakers(self._pipeline, prefetch)

    def __repr__(self) -> str:
        return f"<EdgegapClient {self._pipeline.settings.base_url}, {self._session.state}>"

    async def __aenter__(self) -> Self:
        await self._session.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Finish the stops that are under way, at most 30 s, and close the session; may be called again."""
        try:
            await self._chores.finish(_CLOSING_SECONDS)
        finally:
            await self._session.close()

    def stats(self) -> Stats:
        """What this client has done since it was made, by rate bucket."""
        return self._pipeline.stats()
