"""Receives the webhooks of deployments, whatever serves HTTP.

The service signs nothing, tries once, and gives 10 s for an answer. So each creation gets addresses of its own that
nobody can guess, an answer is given before anybody is told, and what is told twice or too late is told once or not.
"""

from __future__ import annotations

import asyncio
import hmac
import inspect
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from edgegap_async.errors import JSON, DecodeError
from edgegap_async.models.converter import parse, structure
from edgegap_async.models.deployments import Deployment
from edgegap_async.models.fields import State
from edgegap_async.models.guard_tag import GuardTag
from edgegap_async.readiness import Watcher

logger: Final = logging.getLogger("edgegap_async")

Event: TypeAlias = Literal["ready", "error", "terminated", "any"]
"""What a webhook is for; v1 has one for all."""

Listener: TypeAlias = Callable[[Deployment], object]
"""Called in the event loop with a deployment; may be a coroutine function. What it raises is logged."""

LARGEST_BODY: Final = 1 << 18
"""Bytes that a webhook may have: a deployment has a few thousand."""

_REMEMBERED: Final = 20_000
"""Deployments whose last state is kept, to know what comes twice or too late."""

_RANKS: Final[Mapping[State, int]] = {State.READY: 1, State.ERROR: 2, State.TERMINATING: 3, State.TERMINATED: 4}
"""States in the order in which a deployment can come by them; all before READY count as one."""

_MOMENTS: Final[Mapping[State, Event]] = {
    State.READY: "ready",
    State.ERROR: "error",
    State.TERMINATING: "terminated",
    State.TERMINATED: "terminated",
}


class Webhooks:
    """``edgegap.webhooks``: where the service's webhooks go, and who wants to hear of them.

    ``ASGIApplication(edgegap.webhooks)`` is mounted, or ``aiohttp_handler(edgegap.webhooks)`` routed to, at the path of
    the client's ``webhook_url``; anything else that serves HTTP calls ``receive``.
    """

    def __init__(self, url: str | None, key: bytes | None, watcher: Watcher) -> None:
        self._url = None if url is None else url.rstrip("/")
        self._key = key or secrets.token_bytes(32)
        self._watcher = watcher
        self._last: dict[str, int] = {}
        self._listeners: dict[Event, list[Listener]] = {event: [] for event in get_args(Event)}
        self._told: set[asyncio.Task[None]] = set()

    @property
    def wanted(self) -> bool:
        """Whether creations ask for webhooks."""
        return self._url is not None

    # who listens

    def on_ready(self, listener: Listener) -> Listener:
        """Have ``listener`` called with each deployment that is ready; can be used as a decorator."""
        self._listeners["ready"].append(listener)
        return listener

    def on_error(self, listener: Listener) -> Listener:
        """Have ``listener`` called with each deployment that failed; can be used as a decorator."""
        self._listeners["error"].append(listener)
        return listener

    def on_terminated(self, listener: Listener) -> Listener:
        """Have ``listener`` called with each deployment that is gone; can be used as a decorator."""
        self._listeners["terminated"].append(listener)
        return listener

    # what creations are given

    def of_v2(self, tag: GuardTag) -> dict[str, JSON]:
        """The three webhooks of a v2 creation."""
        if self._url is None:
            return {}
        return {f"webhook_on_{event}": {"url": self._address(event, tag)} for event in ("ready", "error", "terminated")}

    def of_v1(self, tag: GuardTag) -> dict[str, JSON]:
        """The one webhook of a v1 creation."""
        return {} if self._url is None else {"webhook_url": self._address("any", tag)}

    def _address(self, event: str, tag: GuardTag) -> str:
        return f"{self._url}/{event}/{tag}/{self._proof(event, str(tag))}"

    def _proof(self, event: str, tag: str) -> str:
        return hmac.new(self._key, f"{event}/{tag}".encode(), "sha256").hexdigest()[:32]

    # what comes

    async def receive(self, path: str, body: bytes) -> int:
        """Take a POST to ``path`` (of which the last three segments count) and give the status to answer.

        404 for an address that this client has given to nobody, 413 for a body that is too large, 400 for one that is
        none, else 204. Returns before any listener has been called.
        """
        event, tag, proof = ("", "", "", *path.strip("/").split("/"))[-3:]
        if not hmac.compare_digest(proof.encode(), self._proof(event, tag).encode()):
            return 404
        if len(body) > LARGEST_BODY:
            return 413
        try:
            told = parse(body, operation=f"webhook {event}")
            request_id = told["request_id"] if isinstance(told, dict) else None
            if not isinstance(request_id, str):
                return 400
        except (DecodeError, KeyError):
            return 400
        try:
            self._take(structure(told, Deployment, operation=f"webhook {event}"))
        except DecodeError as error:
            logger.warning("a webhook that cannot be read, the deployment is looked at instead: %s", error)
            self._watcher.wake(request_id)
        return 204

    def _take(self, deployment: Deployment) -> None:
        rank = _RANKS.get(deployment.state or State.INITIALIZING, 0)
        last = self._last.pop(deployment.request_id, 0)
        self._last[deployment.request_id] = max(rank, last)
        if len(self._last) > _REMEMBERED:
            del self._last[next(iter(self._last))]
        if rank <= last:
            return  # it is known already, or was overtaken
        self._watcher.hear(deployment)
        if (moment := _MOMENTS.get(deployment.state or State.INITIALIZING)) is not None:
            for listener in self._listeners[moment]:
                self._start(_called(listener, deployment))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="edgegap webhook listener")
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def close(self) -> None:
        """Wait for the listeners that are at work."""
        await asyncio.gather(*self._told, return_exceptions=True)


async def _called(listener: Listener, deployment: Deployment) -> None:
    try:
        done = listener(deployment)
        if inspect.isawaitable(done):
            waiting: Awaitable[object] = done
            await waiting
    except Exception:  # one who listens must not keep others from hearing
        logger.exception("a webhook listener failed on %s", deployment.request_id)
