"""The local Edgegap: a real HTTP server on this machine that behaves like the service."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import attrs
from aiohttp import web

from edgegap_async.simulator.bounded_list import BoundedList
from edgegap_async.simulator.clock import Calendar, Clock
from edgegap_async.simulator.domain.collection import Collection
from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.injected_environment import injected_environment
from edgegap_async.simulator.domain.random_streams import RandomStreams
from edgegap_async.simulator.domain.relay import SimulatedRelay
from edgegap_async.simulator.domain.session import SimulatedSession
from edgegap_async.simulator.domain.world import WebhookSource, World, new_secret
from edgegap_async.simulator.handlers.table import AUTHORISE_THEMSELVES, HANDLERS
from edgegap_async.simulator.http.access import AccessControl
from edgegap_async.simulator.http.dispatch import Dispatcher
from edgegap_async.simulator.http.faults import Faults
from edgegap_async.simulator.http.loopback import base_url, is_loopback
from edgegap_async.simulator.http.rate_limits import Counting, RateLimiter
from edgegap_async.simulator.http.request_log import LoggedRequest, request_log
from edgegap_async.simulator.settings import ApplicationSettings, WorldSettings
from edgegap_async.simulator.webhooks.schedules import webhook_schedule
from edgegap_async.simulator.webhooks.sender import LoggedWebhook, WebhookSender
from edgegap_async.validation import validate_number

if TYPE_CHECKING:
    from edgegap_async.client import EdgegapClient

_SHUTDOWN_TIMEOUT: Final = 0.05
"""Seconds that open connections have to end before they are closed."""

_MAX_CRASHES: Final = 100
"""The errors of the server that are kept; each keeps the local variables of its traceback."""

_VIRTUAL_CLOCK_POLL: Final = 0.01
"""Seconds between two checks of a clock that does not run with the event loop."""


@attrs.frozen(kw_only=True)
class _Running:
    """What exists from the start of the server."""

    url: str
    world: World
    dispatcher: Dispatcher
    webhooks: WebhookSender[WebhookSource]
    runner: web.ServerRunner


class LocalEdgegap:
    """An HTTP server on loopback that behaves like the service: an asynchronous context manager.

    It keeps state, validates each request against the service's own documents and responds as they describe. It
    serves inside the ``async with`` block, once::

        async with LocalEdgegap(time_to_ready=(0.1, 0.3)) as local, local.client() as edgegap:
            server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"])
            await edgegap.deployments.stop(server)
            assert not local.deployments

    At the end of the block, an ``ExceptionGroup`` is raised if requests made the server itself fail (``crashes``).
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        time_to_ready: tuple[float, float] = (2, 6),
        rate_limits: Mapping[str, float] | Literal["documented"] | None = "documented",
        counting: Counting = "sliding",
        retry_after: float | None = None,
        jitter: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
        allow_remote: bool = False,
        token: str | None = None,
        clock: Clock | None = None,
        opened: datetime | None = None,
        applications: ApplicationSettings | None = None,
        private_fleets: Mapping[str, int] | None = None,
        images: Mapping[str, Sequence[str]] | None = None,
        list_lag: float = 0.0,
        max_page_size: int = 100,
    ) -> None:
        """Validate the settings; the server starts when the block is entered.

        Args:
            seed: The seed of all random numbers: the same requests get the same servers, places and times.
            time_to_ready: The shortest and the longest time from the creation of a deployment to READY, in seconds.
            rate_limits: ``"documented"``, None for no limits, or requests per second by bucket (``deploy``,
                ``status``, ``list``, ``hosts``, ``stop``, ``default``), which replace the documented limits.
            counting: How requests are counted: ``"sliding"`` (in any window of a second), ``"fixed"`` (in fixed
                windows of a second) or ``"bucket"`` (by a token bucket).
            retry_after: Seconds in the ``Retry-After`` header of a 429; None sends no header.
            jitter: The longest time by which a request is delayed before it is counted, in seconds.
            host: The name or address to listen on.
            port: The port to listen on; 0 for a free one.
            allow_remote: Whether ``host`` may be reachable from other machines. Every client that has the token can
                change everything in the server.
            token: The organisation's token; None for a random one.
            clock: The source of all time except the network's: None for the event loop's, or a ``VirtualClock``.
            opened: The date at which the server starts, with a time zone; None for the real date.
            applications: The applications that exist at the start, with settings by version: ``ports`` (each
                ``name``, ``port``, ``protocol``, ``tls_upgrade``), ``max_duration`` (minutes), ``time_to_ready``,
                ``time_to_deploy`` (seconds until a deployment that is not READY fails), ``session_config`` (``kind``,
                ``sockets``, ``autodeploy``, ``empty_ttl`` and ``session_max_duration`` in minutes). None accepts
                deployments of any application.
            private_fleets: The number of hosts by private fleet; None for ``{"test-fleet": 2}``.
            images: The tags by image of the container registry; None for ``local/game-server`` with two tags.
            list_lag: Seconds from the creation of a deployment until lists include it.
            max_page_size: The most items of a page, whatever ``limit`` a request has.

        Raises:
            ValueError: A setting is invalid, or ``host`` is reachable from other machines without ``allow_remote``.
        """
        if not allow_remote and not is_loopback(host):
            raise ValueError(f"other machines can reach {host}: pass allow_remote=True to allow that")
        if opened is not None and opened.tzinfo is None:
            raise ValueError(f"opened must have a time zone: {opened} has none")
        self._settings = WorldSettings(
            seed=seed,
            time_to_ready=time_to_ready,
            applications=applications,
            private_fleets=private_fleets,
            images=images,
            list_lag=list_lag,
            max_page_size=max_page_size,
        )
        streams = RandomStreams(seed)
        self.token: str = token or new_secret(streams.stream("token"))
        """The organisation's token: requests need the header ``Authorization: token`` followed by it."""
        self.faults: Faults = Faults(streams.stream("faults"))
        """The faults that apply to requests and webhooks: add some with ``faults.add``."""
        self.requests: list[LoggedRequest] = request_log()
        """The newest 20,000 requests that arrived, in the order in which they were counted.

        The log takes at most 32 MiB, and keeps no body of more than 64 KiB (``content`` is None then).
        """
        self.crashes: list[Exception] = BoundedList(_MAX_CRASHES)
        """The newest 100 errors of the server itself; each such request got a 500 response."""
        self._access = AccessControl(
            token=self.token,
            exempt=AUTHORISE_THEMSELVES,
            rate_limiter=RateLimiter(rate_limits, counting, streams.stream("counting")),
            retry_after=retry_after,
        )
        self._jitter: float = validate_number(jitter, "jitter (seconds)", minimum=0)
        self._jitter_rng = streams.stream("jitter")
        self._host = host
        self._port = port
        self._clock = clock
        self._opened = opened
        self._running: _Running | None = None

    # what it shows

    @property
    def url(self) -> str:
        """The base URL, such as ``http://127.0.0.1:40123``."""
        return self._started.url

    @property
    def clock(self) -> Clock:
        """The clock of all deployments, rate limits and logs."""
        return self._started.world.clock

    @property
    def deployments(self) -> Collection[SimulatedDeployment]:
        """The deployments that run, and would be billed, until something stops them."""
        world = self._started.world
        return Collection(lambda: world.existing, lambda each: each.is_active)

    @property
    def history(self) -> Collection[SimulatedDeployment]:
        """Every deployment that was created, except for those that ended before the last 20,000 that did."""
        world = self._started.world
        return Collection(lambda: world.history)

    @property
    def sessions(self) -> Collection[SimulatedSession]:
        """The sessions that exist: those neither deleted nor terminated with their deployment."""
        world = self._started.world
        return Collection(lambda: world.sessions.history, lambda each: each.exists)

    @property
    def relays(self) -> Collection[SimulatedRelay]:
        """The relay sessions that were not deleted."""
        world = self._started.world
        return Collection(lambda: world.relays.existing)

    @property
    def hooks(self) -> list[LoggedWebhook]:
        """The newest 20,000 webhooks that were due, sent or not, in that order."""
        return [] if self._running is None else self._running.webhooks.sent

    def injected(self, request_id: str) -> dict[str, str]:
        """Return the environment of a deployment's container.

        Raises:
            KeyError: No deployment with this id was ever created.
        """
        return injected_environment(self._started.world.history[request_id], self.url)

    def client(self, **settings: Any) -> EdgegapClient:
        """Return a client of this server, to be opened with ``async with``.

        Args:
            **settings: Any other parameters of ``EdgegapClient``.
        """
        # imported here: a program that only serves does not need the client
        from edgegap_async.client import EdgegapClient  # noqa: PLC0415

        return EdgegapClient(self.token, base_url=self.url, **settings)

    @property
    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the local Edgegap is not running: use it inside an async with block")
        return self._running

    # start and end

    async def __aenter__(self) -> Self:
        if self._running is not None:
            raise RuntimeError("a local Edgegap can be started only once: create another LocalEdgegap")
        clock = self._clock or asyncio.get_running_loop().time
        world = World(self._settings, clock, Calendar.starting(clock, self._opened))
        webhooks = WebhookSender[WebhookSource](
            lambda item: webhook_schedule(world, item),
            clock,
            self.faults.take_webhook_fault,
            poll_interval=math.inf if self._clock is None else _VIRTUAL_CLOCK_POLL,
        )
        world.on_change = webhooks.follow
        dispatcher = Dispatcher(
            world=world,
            handlers=HANDLERS,
            access=self._access,
            faults=self.faults,
            jitter=lambda: self._jitter_rng.uniform(0, self._jitter),
            first_webhook=webhooks.notified,
            requests=self.requests,
            crashes=self.crashes,
        )
        runner = web.ServerRunner(web.Server(dispatcher.serve, access_log=None), shutdown_timeout=_SHUTDOWN_TIMEOUT)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port, backlog=1024).start()
        except BaseException:
            await runner.cleanup()
            raise
        url = base_url(runner.addresses[0])
        self._running = _Running(url=url, world=world, dispatcher=dispatcher, webhooks=webhooks, runner=runner)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        running = self._started
        await running.webhooks.close()
        await running.dispatcher.close()
        await running.runner.cleanup()
        await asyncio.sleep(0)  # lets the cancelled tasks of the connections end
        if error is None and self.crashes:
            raise ExceptionGroup("the local Edgegap failed to serve some requests", self.crashes)
