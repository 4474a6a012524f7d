"""Receives the webhooks of deployments, sessions and relays, whatever serves HTTP.

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
from typing import Any, Final, TypeAlias, TypeVar

import attrs

from edgegap_async.decoding.decoder import parse, structure
from edgegap_async.errors import JSON, DecodeError
from edgegap_async.models.deployments import Deployment
from edgegap_async.models.relays import RelaySession
from edgegap_async.models.sessions import SessionRow
from edgegap_async.models.states import State
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.waiting import Alarms, Watcher

T = TypeVar("T")

logger: Final = logging.getLogger("edgegap_async")

Listener: TypeAlias = Callable[[Deployment], object]
"""Called in the event loop with a deployment; may be a coroutine function. What it raises is logged."""

SessionListener: TypeAlias = Callable[[SessionRow], object]
"""The same, with a session; its ``deployment_request_id`` says where it plays."""

RelayListener: TypeAlias = Callable[[RelaySession], object]
"""The same, with a relay session."""

LARGEST_BODY: Final = 1 << 18
"""Bytes that a webhook may have: a deployment has a few thousand."""

_REMEMBERED: Final = 20_000
"""Things whose last state is kept, to know what comes twice or too late."""


@attrs.frozen
class _Kind:
    """What the webhooks for an event are about, and the field that says about which."""

    model: type[Deployment | SessionRow | RelaySession]
    id: str


_DEPLOYMENT: Final = _Kind(Deployment, "request_id")
_KINDS: Final[Mapping[str, _Kind]] = {
    "ready": _DEPLOYMENT,
    "error": _DEPLOYMENT,
    "terminated": _DEPLOYMENT,
    "any": _DEPLOYMENT,  # v1 has one for all
    "session": _Kind(SessionRow, "session_id"),
    "relay": _Kind(RelaySession, "session_id"),
}


def _rank(state: State | None) -> int:
    """Its place in the order in which anything comes by the states; all before READY are one."""
    match state:
        case None:
            return 0
        case State.TERMINATED:
            return 4
        case State.TERMINATING:
            return 3
        case _ if state.failed:
            return 2
        case _:
            return int(state is State.READY)


_MOMENTS: Final = ("", "ready", "error", "terminated", "terminated")
"""What listeners are told a deployment is, by its rank."""


class Webhooks:
    """``edgegap.webhooks``: where the service's webhooks go, and who wants to hear of them.

    ``ASGIApplication(edgegap.webhooks)`` is mounted, or ``aiohttp_handler(edgegap.webhooks)`` routed to, at the path of
    the client's ``webhook_url``; anything else that serves HTTP calls ``receive``.
    """

    def __init__(self, url: str | None, key: bytes | None, watcher: Watcher, alarms: Alarms) -> None:
        self._url = None if url is None else url.rstrip("/")
        self._key = key or secrets.token_bytes(32)
        self._watcher = watcher
        self._alarms = alarms
        self._last: dict[str, int] = {}
        self._listeners: dict[str, list[Callable[[Any], object]]] = {}
        self._told: set[asyncio.Task[None]] = set()

    @property
    def wanted(self) -> bool:
        """Whether creations ask for webhooks."""
        return self._url is not None

    # who listens

    def on_ready(self, listener: Listener) -> Listener:
        """Have ``listener`` called with each deployment that is ready; can be used as a decorator."""
        return self._on("ready", listener)

    def on_error(self, listener: Listener) -> Listener:
        """Have ``listener`` called with each deployment that failed; can be used as a decorator."""
        return self._on("error", listener)

    def on_terminated(self, listener: Listener) -> Listener:
        """Have ``listener`` called with each deployment that is gone; can be used as a decorator."""
        return self._on("terminated", listener)

    def on_session(self, listener: SessionListener) -> SessionListener:
        """Have ``listener`` called with each session that is ready or failed; can be used as a decorator."""
        return self._on("session", listener)

    def on_relay(self, listener: RelayListener) -> RelayListener:
        """Have ``listener`` called with each relay session that is ready or failed; can be used as a decorator."""
        return self._on("relay", listener)

    def _on(self, moment: str, listener: Callable[[T], object]) -> Callable[[T], object]:
        self._listeners.setdefault(moment, []).append(listener)
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

    def of_session(self) -> str | None:
        """The webhook of a session, None where none is wanted."""
        return None if self._url is None else self._address("session", secrets.token_hex(8))

    def of_relay(self) -> str | None:
        """The webhook of a relay session, None where none is wanted."""
        return None if self._url is None else self._address("relay", secrets.token_hex(8))

    def _address(self, event: str, tag: GuardTag | str) -> str:
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
        kind = _KINDS.get(event)
        if kind is None or not hmac.compare_digest(proof.encode(), self._proof(event, tag).encode()):
            return 404
        if len(body) > LARGEST_BODY:
            return 413
        try:
            told = parse(body, operation=f"webhook {event}")
        except DecodeError:
            return 400
        id = told.get(kind.id) if isinstance(told, dict) else None
        if not isinstance(id, str):
            return 400
        try:
            self._take(event, id, structure(told, kind.model, operation=f"webhook {event}"))
        except DecodeError as error:
            logger.warning("a webhook that cannot be read, %s is looked at instead: %s", id, error)
            self._watcher.wake(id)
            self._alarms.ring(id)
        return 204

    def _take(self, event: str, id: str, seen: Deployment | SessionRow | RelaySession) -> None:
        rank = _rank(_state(seen))
        last = self._last.pop(id, 0)
        self._last[id] = max(rank, last)
        if len(self._last) > _REMEMBERED:
            del self._last[next(iter(self._last))]
        if rank <= last:
            return  # it is known already, or was overtaken
        if isinstance(seen, Deployment):
            self._watcher.hear(seen)
            event = _MOMENTS[rank] if _MOMENTS[rank] != _MOMENTS[last] else ""
        else:
            self._alarms.ring(id)
        for listener in self._listeners.get(event, ()):
            self._start(_called(listener, id, seen))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="edgegap webhook listener")
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def close(self) -> None:
        """Wait for the listeners that are at work."""
        await asyncio.gather(*self._told, return_exceptions=True)


def _state(seen: Deployment | SessionRow | RelaySession) -> State | None:
    if isinstance(seen, SessionRow):
        return State.READY if seen.ready else seen.status
    return seen.state


async def _called(listener: Callable[[T], object], id: str, seen: T) -> None:
    try:
        done = listener(seen)
        if inspect.isawaitable(done):
            waiting: Awaitable[object] = done
            await waiting
    except Exception:  # one who listens must not keep others from hearing
        logger.exception("a webhook listener failed on %s", id)
