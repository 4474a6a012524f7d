"""The local Edgegap: a real HTTP server on this machine that behaves like the service."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import attrs
from aiohttp import web

from edgegap_async.simulator.clock import Calendar, Clock
from edgegap_async.simulator.domain.collection import Collection
from edgegap_async.simulator.domain.deployment import PlannedFailure, SimulatedDeployment
from edgegap_async.simulator.domain.injected_environment import injected_environment
from edgegap_async.simulator.domain.random_streams import RandomStreams
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.relay import SimulatedRelay
from edgegap_async.simulator.domain.session import SimulatedSession
from edgegap_async.simulator.domain.world import WebhookSource, World, new_secret
from edgegap_async.simulator.http.dispatch import authorise, handle, parsed
from edgegap_async.simulator.http.faults import Fault, FaultResult, Faults, too_many_requests
from edgegap_async.simulator.http.messages import IncomingRequest, Reply, rejection_reply
from edgegap_async.simulator.http.rate_limits import Counting, RateLimiter
from edgegap_async.simulator.http.request_log import LoggedRequest
from edgegap_async.simulator.http.responses import deliver, has_left, is_loopback, url_of
from edgegap_async.simulator.http.routing import MatchedRoute, Routes
from edgegap_async.simulator.settings import Applications, checked_span, read_applications
from edgegap_async.simulator.webhooks.payloads import subject
from edgegap_async.simulator.webhooks.sender import Hook, Hooks

if TYPE_CHECKING:
    from edgegap_async.client import EdgegapClient

_SHUTDOWN: Final = 0.05
"""Seconds that connections have to end by themselves when the server closes."""

_LEFT_EVERY: Final = 0.1
"""Seconds between two looks at whether a client that gets no answer has left."""


class LocalEdgegap:
    """The local Edgegap, an asynchronous context manager: it serves inside the ``async with``.

    Everything random comes from ``seed``. ``time_to_ready`` is the least and the most seconds from creation
    to READY. ``rate_limits`` is ``"documented"``, None for no limits, or requests a second by bucket, which
    replace the documented ones; ``counting`` says how they are counted, and ``retry_after`` what a refusal
    proposes (nothing, by default). ``jitter`` is the most seconds a request is on its way. ``clock`` is
    where all time but the network's comes from: the running loop's, or a ``VirtualClock`` moved by hand;
    ``opened`` is the date it is when the server starts, the real one unless given.

    Any application is accepted unless ``applications`` lists them, with settings by version: ``ports`` (each
    ``name``, ``port``, ``protocol``), ``max_duration`` (minutes), ``time_to_ready``, ``session_config``
    (``kind``, ``sockets``, ``autodeploy``). ``private_fleets`` is a number of hosts by fleet, ``images``
    the tags of the registry's images, by name. A new deployment shows in lists after ``list_lag`` seconds; a page
    holds at most ``max_page_size`` items.

    Raises ``ValueError`` for settings that cannot be, among them a ``host`` that others could reach unless
    ``allow_remote`` is set: whoever has the token may change everything here. Leaving the block raises an
    ``ExceptionGroup`` of what went wrong in the server itself, if anything did.
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
        applications: Applications | None = None,
        private_fleets: Mapping[str, int] | None = None,
        images: Mapping[str, Sequence[str]] | None = None,
        list_lag: float = 0.0,
        max_page_size: int = 100,
    ) -> None:
        if not allow_remote and not is_loopback(host):
            raise ValueError(f"{host} can be reached from other machines: that needs allow_remote=True")
        if opened is not None and opened.tzinfo is None:
            raise ValueError("opened needs a zone")
        if max_page_size < 1:
            raise ValueError(f"a page holds at least one item, not {max_page_size}")
        chances = RandomStreams(seed)
        self.token: str = token or new_secret(chances.stream("token"))
        """The organisation's token: requests must have ``Authorization: token`` and this."""
        self.faults: Faults = Faults(chances.stream("faults"))
        """What is to go wrong."""
        self.requests: list[LoggedRequest] = []
        """What arrived, in the order in which it was counted."""
        self.crashes: list[Exception] = []
        """What went wrong in the server itself: such a request was answered with 500."""
        self._host = host
        self._port = port
        self._given_clock = clock
        self._opened = opened
        self._limits = RateLimiter(rate_limits, counting, chances.stream("counting"))
        self._retry_after = retry_after
        self._jitter = jitter
        self._on_the_way: random.Random = chances.stream("jitter")
        self._routes = Routes()
        self._world_settings: dict[str, Any] = {
            "chances": chances,
            "time_to_ready": checked_span(time_to_ready),
            "applications": None if applications is None else read_applications(applications),
            "private_fleets": {"test-fleet": 2} if private_fleets is None else private_fleets,
            "images": {"local/game-server": ["v1.0", "v1.1"]} if images is None else images,
            "list_lag": list_lag,
            "max_page_size": max_page_size,
        }
        self._world: World | None = None
        self._url: str | None = None
        self._hooks: Hooks[WebhookSource] | None = None
        self._runner: web.ServerRunner | None = None
        self._serving: set[asyncio.Task[Any]] = set()

    # what it shows

    @property
    def url(self) -> str:
        """Its base URL, as ``http://127.0.0.1:40123``."""
        if self._url is None:
            raise RuntimeError("the local Edgegap has not been started: use it in an async with")
        return self._url

    @property
    def clock(self) -> Clock:
        """The clock it lives by."""
        return self._started.clock

    @property
    def deployments(self) -> Collection[SimulatedDeployment]:
        """The deployments that will go on running, and be billed, unless somebody stops them."""
        world = self._started
        return Collection(lambda: world.existing, lambda each: each.is_active)

    @property
    def history(self) -> Collection[SimulatedDeployment]:
        """Every deployment that was ever created."""
        world = self._started
        return Collection(lambda: world.history)

    @property
    def sessions(self) -> Collection[SimulatedSession]:
        """The sessions that were neither deleted nor gone with their deployment."""
        world = self._started
        return Collection(lambda: world.sessions.history, lambda each: each.exists)

    @property
    def relays(self) -> Collection[SimulatedRelay]:
        """The relay sessions that were not deleted."""
        world = self._started
        return Collection(lambda: world.relays.existing)

    @property
    def hooks(self) -> list[Hook]:
        """The webhooks that were due, sent or not, in that order."""
        return self._hooks.sent if self._hooks is not None else []

    def injected(self, request_id: str) -> dict[str, str]:
        """The environment of a deployment's container; raises ``KeyError`` for a deployment there never was."""
        return injected_environment(self._started.history[request_id], self.url)

    def client(self, **settings: Any) -> EdgegapClient:
        """A client of this server, with any of the client's other settings; it has yet to be entered."""
        # the server does not need the client: whoever serves another program never imports it
        from edgegap_async.client import EdgegapClient  # noqa: PLC0415

        return EdgegapClient(self.token, base_url=self.url, **settings)

    @property
    def _started(self) -> World:
        if self._world is None:
            raise RuntimeError("the local Edgegap has not been started: use it in an async with")
        return self._world

    # its life

    async def __aenter__(self) -> Self:
        if self._world is not None:
            raise RuntimeError("a local Edgegap can be started once")
        clock = self._given_clock or asyncio.get_running_loop().time
        self._world = World(clock=clock, calendar=Calendar.starting(clock, self._opened), **self._world_settings)
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=_SHUTDOWN)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port, backlog=1024).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        self._url = url_of(self._runner.addresses[0])
        world = self._world
        self._hooks = Hooks(
            lambda it: subject(world, it),
            clock,
            self.faults.take_of_hooks,
            by_hand=self._given_clock is not None,
        )
        world.on_change = self._hooks.follow
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._runner is not None  # noqa: S101 - __aenter__ has set it
        if self._hooks is not None:
            await self._hooks.close()
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await self._runner.cleanup()
        await asyncio.sleep(0)  # the connections' own tasks were cancelled: let them see it
        if error is None and self.crashes:
            raise ExceptionGroup("the local Edgegap crashed", self.crashes)

    # one request

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        with self._counted_as_serving():
            try:
                outcome, record = await self._receive(request)
                return await deliver(request, outcome, record)
            except (ConnectionError, web.RequestPayloadError) as left:
                # the client has left in the middle: aiohttp closes its side quietly for this one error
                raise ConnectionResetError("the client has left") from left

    @contextlib.contextmanager
    def _counted_as_serving(self) -> Generator[None]:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._serving.add(task)
        try:
            yield
        finally:
            self._serving.discard(task)

    async def _receive(self, request: web.BaseRequest) -> tuple[FaultResult, LoggedRequest]:
        found = self._routes.find(request.method, request.rel_url.raw_path)
        fault = self.faults.take(found.operation) if isinstance(found, MatchedRoute) else None
        early = fault is not None and fault.kind.precedes
        content = b"" if early else await request.read()
        if self._jitter and not early:
            await asyncio.sleep(self._on_the_way.uniform(0, self._jitter))
        record = self._record(request, found, content)
        if not isinstance(found, MatchedRoute):
            return _no_such_operation(request.method, found), record
        letter = IncomingRequest(
            operation=found.operation,
            path=found.path,
            query=record.query,
            content=content,
            authorization=request.headers.get("Authorization"),
            sender=request.remote or "127.0.0.1",
            host=request.host,
        )
        return await self._outcome(_Exchange(self, request, letter), fault), record

    def _record(self, request: web.BaseRequest, found: MatchedRoute | frozenset[str], content: bytes) -> LoggedRequest:
        record = LoggedRequest(
            at=self.clock(),
            method=request.method,
            path=request.rel_url.raw_path,
            operation_id=found.operation.operation_id if isinstance(found, MatchedRoute) else None,
            query=dict(request.query),
            body=parsed(content),
            headers={name.lower(): value for name, value in request.headers.items() if name.lower() != "authorization"},
        )
        self.requests.append(record)
        return record

    async def _outcome(self, exchange: _Exchange, fault: Fault | None) -> FaultResult:
        try:
            return await self._treat(exchange, fault)
        except Exception as crash:
            # whatever it is, a mistake in this server must not look like the service's: it is kept and shown
            self.crashes.append(crash)
            return Reply(500, {"message": f"the local Edgegap crashed: {crash!r}"})

    async def _treat(self, exchange: _Exchange, fault: Fault | None) -> FaultResult:
        if fault is not None and fault.kind.precedes:
            return await fault.kind.behave(fault.options, exchange)
        refused = self._turned_away(exchange.letter)
        if refused is not None:
            if fault is not None:
                fault.give_back()
            return refused
        if fault is not None:
            return await fault.kind.behave(fault.options, exchange)
        return exchange.handle()

    def _turned_away(self, letter: IncomingRequest) -> Reply | None:
        try:
            authorise(letter, self.token)
        except Rejection as refusal:
            return rejection_reply(refusal)
        if not self._limits.admit(letter.operation.bucket, self.clock()):
            return too_many_requests(self._retry_after)
        return None

    async def told(self, request_id: str) -> None:
        """Wait until a webhook of a deployment was sent."""
        if self._hooks is not None:
            await self._hooks.told(request_id)

    def answer(self, letter: IncomingRequest, doom: PlannedFailure | None) -> Reply:
        """Handle a request that was let in."""
        try:
            return handle(self._started, letter, doom)
        except Rejection as refusal:
            return rejection_reply(refusal)


@attrs.frozen
class _Exchange:
    """One request, for whatever decides what happens to it."""

    local: LocalEdgegap
    request: web.BaseRequest
    letter: IncomingRequest

    def handle(self, doom: PlannedFailure | None = None) -> Reply:
        return self.local.answer(self.letter, doom)

    async def told(self, request_id: str) -> None:
        await self.local.told(request_id)

    async def gone(self) -> None:
        # aiohttp tells nobody that a client has left while its request is handled
        while not has_left(self.request):  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(_LEFT_EVERY)


def _no_such_operation(method: str, allowed: frozenset[str]) -> Reply:
    if allowed:
        return Reply(405, {"message": f"{method} is not allowed here"}, {"Allow": ", ".join(sorted(allowed))})
    return Reply(404, {"message": "there is no such path"})
