"""Sends webhooks: each once, when its event occurs, without retries."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

import aiohttp
import attrs

from edgegap_async.json_codec import dumps
from edgegap_async.simulator.bounded_list import BoundedList
from edgegap_async.simulator.clock import Clock
from edgegap_async.simulator.http.fault_kinds import WebhookFault
from edgegap_async.simulator.http.loopback import is_loopback
from edgegap_async.wake_up import WakeUp

_RESPONSE_TIMEOUT: Final = 10.0
"""Seconds that a receiver has to respond."""

MAX_LOGGED_WEBHOOKS: Final = 20_000
"""The maximum number of webhooks in the log."""

_SHORTEST_SLEEP: Final = 0.0001
"""Seconds: a sleep that is shorter than the resolution of the event loop's clock would not let time pass."""

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class WebhookSchedule:
    """The webhooks of a deployment, a session or a relay: which events, when, to which URLs."""

    id: str
    urls: Mapping[str, str]
    """The receivers' URLs by event."""
    moment: Callable[[str], float | None]
    """Returns the clock's moment of an event, past or future; None while it is not known."""
    payload: Callable[[], Mapping[str, Any]]
    """Returns the body of a webhook that is sent now."""
    has_ended: Callable[[], bool]
    """Returns whether no further event can occur."""


@attrs.define(kw_only=True)
class LoggedWebhook:
    """A webhook that was due."""

    at: float
    """The clock's moment at which it was sent, in seconds."""
    request_id: str
    """The id of the deployment, session or relay."""
    event: str
    """``ready``, ``error`` or ``terminated`` of a deployment; ``session``; ``relay``; ``telemetry``."""
    url: str
    status: int | None = None
    """The status of the receiver's response; None if the webhook was not sent or got no response."""


class WebhookSender(Generic[T]):
    """Follows deployments, sessions and relays, and sends a webhook at each event that has a URL.

    Webhooks go to loopback only: one with a URL on another machine is logged and not sent.
    """

    def __init__(
        self,
        describe: Callable[[T], WebhookSchedule],
        clock: Clock,
        take_fault: Callable[[], WebhookFault | None],
        *,
        poll_interval: float = math.inf,
    ) -> None:
        """Create a sender that follows nothing yet.

        Args:
            describe: Returns the schedule of the webhooks of an item that is followed.
            clock: The clock of the events' moments.
            take_fault: Returns the fault that applies to the next webhook, if any.
            poll_interval: Seconds of the event loop between two checks of the clock. Needed for a clock that does
                not run with the loop; by default, the sender sleeps until the next event.
        """
        self.sent: list[LoggedWebhook] = BoundedList(MAX_LOGGED_WEBHOOKS)
        """The newest webhooks that were due, in that order."""
        self._describe = describe
        self._clock = clock
        self._take_fault = take_fault
        self._poll_interval = poll_interval
        self._wake_ups: dict[str, WakeUp] = {}
        self._notified: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def follow(self, item: T) -> None:
        """Send the webhooks of an item, reschedule them if it is followed already, or forget it if it has ended."""
        schedule = self._describe(item)
        ended, wake_up = schedule.has_ended(), self._wake_ups.get(schedule.id)
        if ended:
            self._wake_ups.pop(schedule.id, None)
        if wake_up is not None:
            wake_up.set()
        elif schedule.urls and not ended:
            self._wake_ups[schedule.id] = wake_up = WakeUp()
            self._notified[schedule.id] = asyncio.Event()
            self._start(self._follow(schedule, wake_up))

    async def notified(self, id: str) -> None:
        """Wait until the first webhook of an id was sent; returns at once if it was, or if none will be."""
        if id in self._notified:
            await self._notified[id].wait()

    async def close(self) -> None:
        """Stop following, cancel the webhooks that are being sent, and close the HTTP session."""
        for task in (tasks := [*self._tasks]):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="local Edgegap webhook")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, schedule: WebhookSchedule, wake_up: WakeUp) -> None:
        remaining = dict(schedule.urls)
        while True:
            ended, now = schedule.has_ended(), self._clock()
            moments = {event: moment for event in remaining if (moment := schedule.moment(event)) is not None}
            for event, moment in moments.items():
                if moment <= now:
                    self._start(self._deliver(schedule, event, remaining.pop(event)))
            if ended or not remaining:
                break
            upcoming = min((moment for moment in moments.values() if moment > now), default=math.inf)
            await wake_up.sleep(min(max(upcoming - now, _SHORTEST_SLEEP), self._poll_interval))
        if len(remaining) == len(schedule.urls):
            self._end_wait(schedule.id)  # no webhook is sent any more

    async def _deliver(self, schedule: WebhookSchedule, event: str, url: str) -> None:
        delivery = _Delivery(self, schedule.id, event, url, dumps(schedule.payload()))
        fault = self._take_fault()
        await (delivery.send() if fault is None else fault.apply(delivery))
        self._end_wait(schedule.id)

    def _end_wait(self, id: str) -> None:
        """End the waits of ``notified`` for an id. They keep the event; nothing else needs it from now on."""
        if (first := self._notified.pop(id, None)) is not None:
            first.set()

    def log(self, delivery: _Delivery) -> LoggedWebhook:
        """Append a webhook to ``sent`` and return its entry."""
        entry = LoggedWebhook(at=self._clock(), request_id=delivery.id, event=delivery.event, url=delivery.url)
        self.sent.append(entry)
        return entry

    async def post(self, url: str, body: bytes) -> int | None:
        """Send a webhook and return the status of the response; None without a response."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_RESPONSE_TIMEOUT))
        try:
            async with self._session.post(
                url, data=body, headers={"Content-Type": "application/json"}, allow_redirects=False
            ) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return None


@attrs.frozen
class _Delivery:
    """A webhook that is due."""

    sender: WebhookSender[Any]
    id: str
    event: str
    url: str
    body: bytes

    def skip(self) -> None:
        """Log the webhook without sending it."""
        self.sender.log(self)

    async def send(self) -> None:
        """Log the webhook, send it unless its URL is on another machine, and log the status of the response."""
        entry = self.sender.log(self)
        if is_loopback(urlsplit(self.url).hostname or ""):
            entry.status = await self.sender.post(self.url, self.body)
