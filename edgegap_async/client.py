"""The client: one session, one set of rate limits, all services."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import warnings
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import aiohttp

from edgegap_async.config import COORDINATION_VARIABLE, Settings, parse_base_url
from edgegap_async.decoding.decoder import decode
from edgegap_async.errors import ConfigurationError
from edgegap_async.events import EventHook
from edgegap_async.frames import without_locals
from edgegap_async.limits import RateLimits, buckets_for, shared_names
from edgegap_async.ownership.background import BackgroundTasks
from edgegap_async.ownership.creation import GuardPolicy
from edgegap_async.ownership.guard import DeployGuard
from edgegap_async.ownership.journal import Journal, OrphanedServer
from edgegap_async.ownership.recovery import Recovery
from edgegap_async.services.core import ClientCore
from edgegap_async.stats import Stats
from edgegap_async.transport import TLS, HttpSession, Pipeline, RetryPolicy
from edgegap_async.validation import validate_int, validate_positive
from edgegap_async.waiting.watchers import Watchers
from edgegap_async.webhooks.receiver import Webhooks

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from edgegap_async.coordination.coordination import Coordination
    from edgegap_async.coordination.store import CoordinationStore
    from edgegap_async.services.applications import Applications
    from edgegap_async.services.context import Context
    from edgegap_async.services.custom_sessions import CustomSessions
    from edgegap_async.services.deployments import Deployments
    from edgegap_async.services.fleets import Fleets
    from edgegap_async.services.ip import IP
    from edgegap_async.services.lobbies import Lobbies
    from edgegap_async.services.locations import Locations
    from edgegap_async.services.matchmakers import Matchmakers
    from edgegap_async.services.monitor import Monitoring
    from edgegap_async.services.private_fleets import PrivateFleets
    from edgegap_async.services.registry import Registry
    from edgegap_async.services.relays import Relays
    from edgegap_async.services.sessions import Sessions
    from edgegap_async.services.storage import Storage
    from edgegap_async.services.telemetry import Telemetry
    from edgegap_async.services.versions import Versions

logger: Final = logging.getLogger("edgegap_async")

_CLOSING_SECONDS: Final = 30.0

_CONNECTIONS: Final = 100
"""The most connections of a client without rate limits."""


class EdgegapClient:
    """The Edgegap API for one organisation, inside its rate limits.

    ::

        async with EdgegapClient() as edgegap:
            async with edgegap.deployments.running("kart", "v1.2", users=["203.0.113.7"]) as server:
                print(server.address("gameport"))

    A client is opened once, in one event loop. All its calls share its rate limits, its connections and its retry
    budget, so create one client per application and keep it open. Closing it waits up to 30 s for stops that are under
    way.
    """

    applications: Applications
    versions: Versions
    registry: Registry
    deployments: Deployments
    private_fleets: PrivateFleets
    locations: Locations
    relays: Relays
    storage: Storage
    fleets: Fleets
    sessions: Sessions
    custom_sessions: CustomSessions
    matchmakers: Matchmakers
    telemetry: Telemetry
    ip: IP
    lobbies: Lobbies
    context: Context
    monitor: Monitoring

    @without_locals
    def __init__(
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 60.0,
        rate_limits: RateLimits = "documented",
        coordination: str | Redis | CoordinationStore | None = None,
        coordination_required: bool = True,
        webhook_url: str | None = None,
        webhook_key: str | None = None,
        session: aiohttp.ClientSession | None = None,
        retry: RetryPolicy | None = None,
        prefetch: int = 12,
        proxy: str | None = None,
        ssl: TLS = True,
        on_event: EventHook | None = None,
        guard: GuardPolicy | None = None,
        journal: str | os.PathLike[str] | None = None,
        max_response_bytes: int = 32 * 2**20,
    ) -> None:
        """Check the settings; nothing is sent or opened yet.

        Args:
            token: The API token, with or without the word "token" in front; None for EDGEGAP_API_TOKEN.
            base_url: The service's URL; None for EDGEGAP_BASE_URL, or https://api.edgegap.com.
            timeout: The deadline in seconds of every call that is not given one, over everything it does.
            rate_limits: ``"documented"``; or requests a second by bucket (``deploy``, ``status``, ``list``, ``hosts``,
                ``stop``, ``default``), where buckets that are not named keep theirs; or None for no limits.
            coordination: The URL of a Valkey or Redis server (``redis``, ``rediss``, ``valkey``, ``valkeys`` or
                ``unix``), or a client of ``redis.asyncio``: all processes with this server and this token share the
                rate limits, the polling and the webhooks. None for EDGEGAP_COORDINATION_URL, or none. Needs the extra
                ``valkey``.
            coordination_required: Whether opening fails while that server cannot be reached, instead of going on
                without the other processes.
            webhook_url: The public URL under which ``webhooks`` of this client is served: the service then reports
                every deployment, session and relay session that this client creates.
            webhook_key: A secret shared by the processes that serve webhooks under one URL, which must not be empty;
                None for a random one, or with ``coordination`` for one that they share.
            session: An aiohttp session to use; it is not closed, and aiohttp itself resends an idempotent request once
                on a dropped connection. None opens one.
            retry: How often and how fast failed requests are sent again.
            prefetch: How many pages of a list are requested ahead at most, together; 1 for one after the other.
            proxy: The URL of an HTTP proxy, as for aiohttp.
            ssl: TLS verification, as for aiohttp.
            on_event: Called with each ``Event``, such as a retry.
            guard: How a create request whose response is lost is looked up.
            journal: A folder, created if it does not exist, in which the servers that this client starts are written
                down for ``recover``.
            max_response_bytes: How large a response may be, decompressed: reading a larger one ends with an error.

        Raises:
            ConfigurationError: A setting is invalid.
        """
        validate_int(prefetch, "prefetch (pages)")
        settings = Settings.read(token, base_url, timeout)
        limits = buckets_for(rate_limits)
        self.coordination: Coordination | None = _coordination(coordination, settings, required=coordination_required)
        """The other processes of the organisation, None without ``coordination``."""
        is_limited = all(math.isfinite(bucket.rate) for bucket in limits.values())
        self._session = HttpSession(
            session,
            proxy=proxy,
            tls=ssl,
            max_response_bytes=max_response_bytes,
            max_connections=0 if is_limited else _CONNECTIONS,  # the rates limit how many requests are under way
        )
        self._background = BackgroundTasks()
        self._journal = None if journal is None else Journal(Path(journal))
        self._pipeline = Pipeline(
            settings,
            self._session,
            limits if self.coordination is None else self.coordination.share_buckets(limits, shared_names(rate_limits)),
            retry or RetryPolicy(),
            on_event=on_event,
            decode=decode,
        )
        self._guard = DeployGuard(self._pipeline, self._background, guard or GuardPolicy(), self._journal)
        self._watchers = Watchers(self._pipeline)
        self.webhooks: Webhooks = Webhooks(
            None if webhook_url is None else parse_base_url(webhook_url, "webhook_url"),
            None if webhook_key is None else webhook_key.encode(errors="surrogatepass"),
            self._watchers,
        )
        if self.coordination is not None:
            self.coordination.share_waits(self._watchers, self.webhooks)
            self.coordination.share_stops(self._guard)
        self._closing: asyncio.Task[None] | None = None
        self._core = ClientCore(
            pipeline=self._pipeline,
            prefetch=prefetch,
            background=self._background,
            guard=self._guard,
            watchers=self._watchers,
            webhooks=self.webhooks,
        )

    if not TYPE_CHECKING:  # types are checked by the annotations above

        def __getattr__(self, name: str) -> object:
            """Create a service when it is first used: a program imports only the services that it uses."""
            kind = EdgegapClient.__annotations__.get(name)
            if kind is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            service = getattr(import_module(f"edgegap_async.services.{name}"), kind)(self._core)
            setattr(self, name, service)
            return service

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *EdgegapClient.__annotations__]

    def __repr__(self) -> str:
        if not hasattr(self, "_pipeline"):
            return "<EdgegapClient, not created>"
        return f"<EdgegapClient {self._pipeline.settings.base_url}, {self._session.state}>"

    def __reduce__(self) -> str:
        raise TypeError("an EdgegapClient cannot be pickled or copied: create one in each process")

    async def __aenter__(self) -> Self:
        await self._session.open()
        self._guard.open()
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self._session.close)
            if self._journal is not None:
                await self._journal.open(self._guard.tags.owner)
                undo.push_async_callback(self._journal.close)
            if self.coordination is not None:
                await self.coordination.open(self._guard.tags.owner)
            undo.pop_all()
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
        """Stop what this client still uses, finish what runs in the background, and close the session.

        The waits of other tasks end with ClientStateError, and the servers that they wait for, or that a ``running``
        block uses, are stopped. This takes 30 s at most. It may be called again. If the calling task is cancelled, it
        goes on in the background.

        Raises:
            ExceptionGroup: Of CleanupFailed, one for each thing that could not be cleaned up since the client was
                opened.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="close the edgegap client")
        if not self._closing.done():
            with self.webhooks.may_be_caller():
                await asyncio.shield(self._closing)

    async def _close(self) -> None:
        async with AsyncExitStack() as last_to_first:  # each step is taken, whatever becomes of those before it
            if self._journal is not None:
                last_to_first.push_async_callback(self._journal.close)
            if self.coordination is not None:
                last_to_first.push_async_callback(self.coordination.close)
            last_to_first.push_async_callback(self._session.close)
            last_to_first.push_async_callback(self.webhooks.close)
            last_to_first.push_async_callback(self._background.drain, _CLOSING_SECONDS)
            last_to_first.push_async_callback(self._watchers.close)
            if self.coordination is not None:
                last_to_first.callback(self.coordination.retire)  # it polls for nobody from now on

    def __del__(self) -> None:
        if getattr(self, "_closing", self) is None and self._session.state == "open":
            owned = ", ".join(sorted(self._guard.cleanup.in_use)) or "none"
            message = f"unclosed {self!r}: use 'async with' or aclose(). Servers that it uses and that may run: {owned}"
            logger.error(message)
            warnings.warn(message, ResourceWarning, source=self, stacklevel=2)

    async def recover(
        self,
        *,
        older_than: timedelta | None = None,
        dry_run: bool = False,
        orphans: Sequence[OrphanedServer] | None = None,
    ) -> tuple[OrphanedServer, ...]:
        """Stop orphaned servers: those of clients that have ended without stopping them.

        With a ``journal``, these are the servers in it that were neither stopped nor released by a process that has
        ended, however it ended. To review them first, list them with a dry run, and stop those that you choose::

            listed = await edgegap.recover(dry_run=True)
            recovered = await edgegap.recover(orphans=[each for each in listed if each.name == "kart v1.2"])

        Args:
            older_than: Stop also servers of any client, by their tag, that were requested longer ago than this.
                Servers of a client that is known to be open are spared: this one, and those that share the journal or
                the ``coordination``. Servers of other open clients are not.
            dry_run: Whether to stop nothing.
            orphans: Stop exactly these servers, which a dry run returned, instead of all that are found.

        Returns:
            The orphaned servers; unless in a dry run, the ``outcome`` of each is ``"stopped"`` or
            ``"already stopped"``.

        Raises:
            ConfigurationError: There is neither a journal nor ``older_than`` nor ``orphans``, or a value is invalid.
            RecoveryFailed: Not all of them could be stopped, or a file of the journal cannot be read; those remain in
                the journal. It has the others in ``recovered``.
            JournalError: The files of the journal cannot be listed.
            CoordinationError: The store does not say which other clients are open; nothing was stopped.
        """
        self._session.require_open()
        recovery = Recovery(guard=self._guard, dry_run=dry_run, agreed=orphans)
        if orphans is not None:
            _validate_orphans(orphans, older_than, dry_run=dry_run)
        elif self._journal is None and older_than is None:
            raise ConfigurationError("recover needs a journal or older_than= to know which servers are orphaned")
        if older_than is not None:
            _validate_age(older_than)
        living = {self._guard.tags.owner}
        if self.coordination is not None:
            living |= await self.coordination.living()
        if self._journal is not None:
            living |= await recovery.by_journal(self._journal, living)
        if older_than is not None:
            await recovery.by_tags(older_than, living)
        await recovery.stop(orphans or ())
        return recovery.result()

    @property
    def is_open(self) -> bool:
        """Whether calls can be made: the client was opened, and is neither closed nor being closed."""
        return self._closing is None and self._session.state == "open"

    def stats(self) -> Stats:
        """Return what this client has done since it was created, by rate bucket."""
        return self._pipeline.stats()


def _coordination(
    store: str | Redis | CoordinationStore | None, settings: Settings, *, required: bool
) -> Coordination | None:
    store = store or os.environ.get(COORDINATION_VARIABLE)
    if not store:
        return None
    from edgegap_async.coordination.coordination import Coordination  # noqa: PLC0415 - most programs never need it

    return Coordination(store, settings, required=required)


def _validate_age(older_than: timedelta) -> None:
    if not isinstance(older_than, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"older_than must be a timedelta, not {type(older_than).__name__}")
    validate_positive(older_than.total_seconds(), "older_than (seconds)")


def _validate_orphans(orphans: Sequence[OrphanedServer], older_than: timedelta | None, *, dry_run: bool) -> None:
    if older_than is not None or dry_run:
        raise ConfigurationError("recover(orphans=...) stops exactly these servers: omit older_than= and dry_run=")
    for orphan in orphans:
        if not isinstance(orphan, OrphanedServer) or orphan.request_id is None:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError("orphans must be servers that recover(dry_run=True) returned")
