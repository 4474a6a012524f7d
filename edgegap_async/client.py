"""The client: one session, one set of rate limits, all services."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp

from edgegap_async.config import Settings, parse_base_url
from edgegap_async.decoding.decoder import decode
from edgegap_async.errors import ConfigurationError
from edgegap_async.events import EventHook, Stats
from edgegap_async.limits import RateLimits, buckets_for
from edgegap_async.ownership.background import BackgroundTasks
from edgegap_async.ownership.guard import DeployGuard, GuardPolicy
from edgegap_async.ownership.journal import Journal, OrphanedServer
from edgegap_async.ownership.recovery import Recovery
from edgegap_async.services.applications import Applications
from edgegap_async.services.context import Context
from edgegap_async.services.custom_sessions import CustomSessions
from edgegap_async.services.deployments.creation import Creation
from edgegap_async.services.deployments.service import Deployments
from edgegap_async.services.fleets import Fleets
from edgegap_async.services.ip import IP
from edgegap_async.services.lobbies import Lobbies
from edgegap_async.services.locations import Locations
from edgegap_async.services.matchmakers.service import Matchmakers
from edgegap_async.services.monitor import Monitoring
from edgegap_async.services.private_fleets import PrivateFleets
from edgegap_async.services.registry import Registry
from edgegap_async.services.relays import Relays
from edgegap_async.services.sessions import Sessions
from edgegap_async.services.storage import Storage
from edgegap_async.services.telemetry import Telemetry
from edgegap_async.services.versions import Versions
from edgegap_async.transport import TLS, HttpSession, Pipeline, RetryPolicy
from edgegap_async.waiting import Alarms, Watcher
from edgegap_async.webhooks import Webhooks

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
        webhook_url: str | None = None,
        webhook_key: str | None = None,
        session: aiohttp.ClientSession | None = None,
        retry: RetryPolicy | None = None,
        prefetch: int = 4,
        proxy: str | None = None,
        ssl: TLS = True,
        on_event: EventHook | None = None,
        guard: GuardPolicy | None = None,
        journal: str | os.PathLike[str] | None = None,
    ) -> None:
        """Nothing is sent or opened yet.

        ``token`` (with or without the word "token" before it) and ``base_url`` default to EDGEGAP_API_TOKEN and
        EDGEGAP_BASE_URL. ``timeout`` is the deadline of every call that names none, in seconds, over everything it
        does. ``rate_limits`` are the documented ones, a mapping of requests a second by bucket (``deploy``,
        ``status``, ``list``, ``hosts``, ``default``; those not named keep theirs), or None for no limits.
        ``webhook_url`` is the public address under which ``webhooks`` of this client are served: every deployment,
        session and relay session that it creates then tells it by itself. ``webhook_key`` is a secret that processes
        behind one address share. A ``session`` is used and not closed; aiohttp itself repeats an idempotent request
        once on a lent one. ``prefetch`` is how many pages of a list are read ahead at most. ``proxy`` and ``ssl`` are
        aiohttp's. ``on_event`` is called with each Event. ``guard`` says how a creation is looked into whose answer is
        lost; ``journal`` is a folder, made where there is none, in which the servers that this client starts are kept
        for ``recover``.

        Raises ConfigurationError for anything that cannot work.
        """
        if isinstance(prefetch, bool) or not isinstance(prefetch, int) or prefetch < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"prefetch must be a whole number of pages from 0, not {prefetch!r}")
        settings = Settings.read(token, base_url, timeout)
        self._session = HttpSession(session, proxy=proxy, tls=ssl)
        self._chores = BackgroundTasks()
        self._journal = None if journal is None else Journal(Path(journal))
        self._pipeline = Pipeline(
            settings, self._session, buckets_for(rate_limits), retry or RetryPolicy(), on_event=on_event, decode=decode
        )
        self._watcher = Watcher(self._pipeline)
        alarms = Alarms()
        self.webhooks: Webhooks = Webhooks(
            None if webhook_url is None else parse_base_url(webhook_url, "webhook_url"),
            None if webhook_key is None else webhook_key.encode(),
            self._watcher,
            alarms,
        )
        self.applications: Applications = Applications(self._pipeline, prefetch)
        self.versions: Versions = Versions(self._pipeline, prefetch)
        self.registry: Registry = Registry(self._pipeline, prefetch)
        self._guard = DeployGuard(self._pipeline, self._chores, guard or GuardPolicy(), self._journal)
        creation = Creation(guard=self._guard, watcher=self._watcher, webhooks=self.webhooks)
        self.deployments: Deployments = Deployments(self._pipeline, prefetch, creation)
        self.private_fleets: PrivateFleets = PrivateFleets(self._pipeline, prefetch, creation)
        self.locations: Locations = Locations(self._pipeline, prefetch)
        self.relays: Relays = Relays(self._pipeline, prefetch, self._chores, alarms, self.webhooks)
        self.storage: Storage = Storage(self._pipeline, prefetch)
        self.fleets: Fleets = Fleets(self._pipeline, prefetch)
        self.sessions: Sessions = Sessions(self._pipeline, prefetch, self._chores, alarms, self.webhooks)
        self.custom_sessions: CustomSessions = CustomSessions(self._pipeline, prefetch)
        self.matchmakers: Matchmakers = Matchmakers(self._pipeline, prefetch)
        self.telemetry: Telemetry = Telemetry(self._pipeline, prefetch)
        self.ip: IP = IP(self._pipeline, prefetch)
        self.lobbies: Lobbies = Lobbies(self._pipeline, prefetch)
        self.context: Context = Context(self._pipeline, prefetch)
        self.monitor: Monitoring = Monitoring(self._pipeline, prefetch)

    def __repr__(self) -> str:
        return f"<EdgegapClient {self._pipeline.settings.base_url}, {self._session.state}>"

    async def __aenter__(self) -> Self:
        await self._session.open()
        try:
            if self._journal is not None:
                await self._journal.open(self._guard.tags.owner)
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        try:
            await self.aclose()
        except ExceptionGroup as failures:
            if error is None:
                raise
            for failure in failures.exceptions:
                error.add_note(str(failure))

    async def aclose(self) -> None:
        """Finish what cleans up in the background, at most 30 s, and close the session; may be called again.

        Raises an ExceptionGroup of CleanupFailed for what could not be cleaned up since the client was made.
        """
        try:
            await self._chores.finish(_CLOSING_SECONDS)
        finally:
            await self._watcher.close()
            await self.webhooks.close()
            await self._session.close()
            if self._journal is not None:
                await self._journal.close()

    async def recover(
        self, *, older_than: timedelta | None = None, dry_run: bool = False
    ) -> tuple[OrphanedServer, ...]:
        """Stop the servers that clients which no longer live left behind; returns them.

        Known are those that stand in this client's ``journal``: what was asked for and neither stopped nor released by
        a process that has ended, however it ended. With ``older_than`` also those, of anybody, whose tag says that
        they were asked for so long ago; servers of a living client that is known (it shares the journal, or is this
        one) are spared, of any other they are not. ``dry_run`` stops nothing. Raises ConfigurationError without a
        journal and ``older_than``, and an ExceptionGroup for what could not be stopped: it stays in the journal.
        """
        if self._journal is None and older_than is None:
            raise ConfigurationError("recover needs a journal, or older_than=, to know what was left behind")
        recovery = Recovery(self._guard)
        left: tuple[OrphanedServer, ...] = ()
        living = {self._guard.tags.owner}
        if self._journal is not None:
            left = await recovery.by_journal(self._journal, dry_run=dry_run)
            living |= await self._journal.living()
        if older_than is not None:
            known = {one.request_id for one in left}
            others = await recovery.by_tags(older_than, living, dry_run=dry_run)
            left += tuple(one for one in others if one.request_id not in known)
        return left

    def stats(self) -> Stats:
        """What this client has done since it was made, by rate bucket."""
        return self._pipeline.stats()
