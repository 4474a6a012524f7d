"""The webhooks of deployments: each is sent once, when its moment has come, and whoever misses it has missed it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import attrs

from edgegap_async.codec import dumps
from edgegap_async.simulator.deployment import Deployment, State
from edgegap_async.simulator.faults import Fault
from edgegap_async.simulator.wire import is_loopback

SECONDS: Final = 10.0
"""What the one who is told has for an answer."""

_EVENTS: Final[Mapping[str, State]] = {
    "ready": State.READY,
    "error": State.ERROR,
    "terminated": State.TERMINATED,
}


@attrs.define(kw_only=True)
class Hook:
    """A webhook that was due: ``status`` is what was answered, None where nobody was, or nobody was told."""

    at: float
    request_id: str
    event: str
    url: str
    status: int | None = None


class Hooks:
    """Follows the deployments that somebody wants to hear of; ``sent`` is all that was due, in that order.

    Nobody but this machine is told: an address elsewhere gets nothing.
    """

    def __init__(
        self,
        shows: Callable[[Deployment], Mapping[str, Any]],
        clock: Callable[[], float],
        fault: Callable[[], Fault | None],
        *,
        by_hand: bool,
    ) -> None:
        """``by_hand`` says that the clock does not run with the loop: it is looked at now and then."""
        self.sent: list[Hook] = []
        self._shows = shows
        self._clock = clock
        self._fault = fault
        self._longest = 0.01 if by_hand else float("inf")
        self._changed: dict[str, asyncio.Event] = {}
        self._told: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def follow(self, deployment: Deployment) -> None:
        """Its schedule is new, or another than it was."""
        if not deployment.webhooks:
            return
        changed = self._changed.get(deployment.request_id)
        if changed is not None:
            changed.set()
            return
        self._changed[deployment.request_id] = changed = asyncio.Event()
        self._told[deployment.request_id] = asyncio.Event()
        self._start(self._follow(deployment, changed))

    async def told(self, request_id: str) -> None:
        """Wait until somebody was told of a deployment for the first time."""
        if request_id in self._told:
            await self._told[request_id].wait()

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

    async def _follow(self, deployment: Deployment, changed: asyncio.Event) -> None:
        due = {event: url for event in _EVENTS if (url := _url(deployment, event)) is not None}
        while (due and deployment.state is not State.TERMINATED) or "terminated" in due:
            changed.clear()
            now = self._clock()
            moments = {event: deployment.entered(_EVENTS[event]) for event in due}
            for event, moment in moments.items():
                if moment is not None and moment <= now:
                    self._start(self._send(deployment, event, due.pop(event)))
            later = [moment for moment in moments.values() if moment is not None and moment > now]
            with suppress(TimeoutError):
                async with asyncio.timeout(min(min(later, default=float("inf")) - now, self._longest)):
                    await changed.wait()

    async def _send(self, deployment: Deployment, event: str, url: str) -> None:
        fault = self._fault()
        body = dumps(self._shows(deployment))
        times = 2 if fault is not None and fault.name == "duplicate" else 1
        if fault is not None and fault.name == "late":
            await asyncio.sleep(fault.options["seconds"])
        for _ in range(times):
            hook = Hook(at=self._clock(), request_id=deployment.request_id, event=event, url=url)
            self.sent.append(hook)
            if (fault is None or fault.name != "lost") and is_loopback(urlsplit(url).hostname or ""):
                hook.status = await self._post(url, body)
        self._told[deployment.request_id].set()

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


def _url(deployment: Deployment, event: str) -> str | None:
    return deployment.webhooks.get(event) or deployment.webhooks.get("any")
