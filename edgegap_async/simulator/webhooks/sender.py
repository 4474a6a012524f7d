"""Sends webhooks: each once, when its moment has come, and whoever misses it has missed it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

import aiohttp
import attrs

from edgegap_async.codec import dumps
from edgegap_async.simulator.http.faults import Fault
from edgegap_async.simulator.http.responses import is_loopback

SECONDS: Final = 10.0
"""What the one who is told has for an answer."""

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Subject:
    """Something that somebody wants to hear of.

    ``addresses`` are by event. ``moment`` is when an event comes, past or future, as far as that is known by now;
    ``shows`` is what is told, and once it ``is_over`` nothing more comes.
    """

    id: str
    addresses: Mapping[str, str]
    moment: Callable[[str], float | None]
    shows: Callable[[], Mapping[str, Any]]
    is_over: Callable[[], bool]


@attrs.define(kw_only=True)
class Hook:
    """A webhook that was due; ``request_id`` of a session is the session's.

    ``status`` is what was answered, None where nobody was told or answered.
    """

    at: float
    request_id: str
    event: str
    url: str
    status: int | None = None


class Hooks(Generic[T]):
    """Follows what somebody wants to hear of; ``sent`` is all that was due, in that order.

    Nobody but this machine is told: an address elsewhere gets nothing.
    """

    def __init__(
        self,
        subject: Callable[[T], Subject],
        clock: Callable[[], float],
        fault: Callable[[], Fault | None],
        *,
        by_hand: bool,
    ) -> None:
        """``subject`` is what each is followed as.

        ``by_hand`` says that the clock does not run with the loop: it is looked at now and then.
        """
        self.sent: list[Hook] = []
        self._subject = subject
        self._clock = clock
        self._fault = fault
        self._longest = 0.01 if by_hand else float("inf")
        self._changed: dict[str, asyncio.Event] = {}
        self._told: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def follow(self, it: T) -> None:
        """It is new, or its events come at other moments than they did."""
        subject = self._subject(it)
        changed = self._changed.get(subject.id)
        if changed is not None:
            changed.set()
        elif subject.addresses:
            self._changed[subject.id] = changed = asyncio.Event()
            self._told[subject.id] = asyncio.Event()
            self._start(self._follow(subject, changed))

    async def told(self, id: str) -> None:
        """Wait until somebody was told of it for the first time."""
        if id in self._told:
            await self._told[id].wait()

    async def close(self) -> None:
        """Follow nothing any more."""
        for task in (tasks := [*self._tasks]):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work, name="local Edgegap webhook")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, subject: Subject, changed: asyncio.Event) -> None:
        due = dict(subject.addresses)
        while True:
            changed.clear()
            over, now = subject.is_over(), self._clock()
            moments = {event: moment for event in due if (moment := subject.moment(event)) is not None}
            for event, moment in moments.items():
                if moment <= now:
                    self._start(self._send(subject, event, due.pop(event)))
            if over or not due:
                return
            later = [moment for moment in moments.values() if moment > now]
            with suppress(TimeoutError):
                async with asyncio.timeout(min(min(later, default=float("inf")) - now, self._longest)):
                    await changed.wait()

    async def _send(self, subject: Subject, event: str, url: str) -> None:
        fault = self._fault()
        body = dumps(subject.shows())
        times = 2 if fault is not None and fault.name == "duplicate" else 1
        if fault is not None and fault.name == "late":
            await asyncio.sleep(fault.options["seconds"])
        for _ in range(times):
            hook = Hook(at=self._clock(), request_id=subject.id, event=event, url=url)
            self.sent.append(hook)
            if (fault is None or fault.name != "lost") and is_loopback(urlsplit(url).hostname or ""):
                hook.status = await self._post(url, body)
        self._told[subject.id].set()

    async def _post(self, url: str, body: bytes) -> int | None:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS))
        try:
            async with self._session.post(
                url, data=body, headers={"Content-Type": "application/json"}, allow_redirects=False
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return None
