"""Receives the webhooks of deployments, sessions and relay sessions, with any HTTP server.

The service does not sign its webhooks, sends each once, and waits 10 s for a response. So each create request gets URLs
of its own that cannot be guessed, the response is sent before any listener is called, and a webhook that arrives twice
or too late is ignored.
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

from edgegap_async.bounded_dict import BoundedDict
from edgegap_async.decoding.decoder import parse, structure
from edgegap_async.errors import JSON, DecodeError
from edgegap_async.models.deployments import Deployment
from edgegap_async.models.relays import RelaySession
from edgegap_async.models.sessions import SessionRow
from edgegap_async.models.states import State
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.waiting.watchers import Watchers

T = TypeVar("T")

logger: Final = logging.getLogger("edgegap_async")

DeploymentListener: TypeAlias = Callable[[Deployment], object]
"""Called in the event loop with a deployment; may be a coroutine function. An exception that it raises is logged."""

SessionListener: TypeAlias = Callable[[SessionRow], object]
"""The same, with a session; its ``deployment_request_id`` is its deployment."""

RelayListener: TypeAlias = Callable[[RelaySession], object]
"""The same, with a relay session."""

MAX_BODY_BYTES: Final = 1 << 18
"""A webhook of a deployment has a few thousand bytes."""

_REMEMBERED: Final = 20_000
"""Ids whose latest state is remembered, to recognise webhooks that arrive twice or too late."""


@attrs.frozen
class _Subject:
    """What the webhooks of an event are about: its model, and the field that holds its id."""

    model: type[Deployment | SessionRow | RelaySession]
    id_field: str


_DEPLOYMENT: Final = _Subject(Deployment, "request_id")
_SUBJECTS: Final[Mapping[str, _Subject]] = {
    "ready": _DEPLOYMENT,
    "error": _DEPLOYMENT,
    "terminated": _DEPLOYMENT,
    "any": _DEPLOYMENT,  # v1 has one URL for all events
    "session": _Subject(SessionRow, "session_id"),
    "relay": _Subject(RelaySession, "session_id"),
}


def _rank(state: State | None) -> int:
    """The place of a state in the order in which states follow one another; all before READY share one."""
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


_EVENTS: Final = ("", "ready", "error", "terminated", "terminated")
"""The event for which listeners are called, by rank."""


class Webhooks:
    """``edgegap.webhooks``: receives the service's webhooks and calls listeners.

    ::

        @edgegap.webhooks.on_ready
        async def announce(deployment):
            print(deployment.fqdn)

        app.mount("/edgegap", ASGIApplication(edgegap.webhooks))  # FastAPI, Starlette

    Mount ``ASGIApplication(edgegap.webhooks)``, or route ``aiohttp_handler(edgegap.webhooks)``, at the path of the
    client's ``webhook_url``; with any other HTTP server, call ``receive``.
    """

    def __init__(self, url: str | None, key: bytes | None, watchers: Watchers) -> None:
        """Receive nothing yet.

        Args:
            url: The public URL under which the webhooks are served, None for no webhooks.
            key: Makes the URLs unguessable; None for a random key of this process.
            watchers: Where waits receive what webhooks report.
        """
        self._url = None if url is None else url.rstrip("/")
        self._key = key or secrets.token_bytes(32)
        self._watchers = watchers
        self._ranks: BoundedDict[str, int] = BoundedDict(_REMEMBERED)
        self._listeners: dict[str, list[Callable[[Any], object]]] = {}
        self._listener_tasks: set[asyncio.Task[None]] = set()

    @property
    def is_enabled(self) -> bool:
        """Whether create requests ask the service for webhooks."""
        return self._url is not None

    # listeners

    def on_ready(self, listener: DeploymentListener) -> DeploymentListener:
        """Call a listener with each deployment that is ready; can be used as a decorator."""
        return self._add("ready", listener)

    def on_error(self, listener: DeploymentListener) -> DeploymentListener:
        """Call a listener with each deployment that failed; can be used as a decorator."""
        return self._add("error", listener)

    def on_terminated(self, listener: DeploymentListener) -> DeploymentListener:
        """Call a listener with each deployment that is terminated; can be used as a decorator."""
        return self._add("terminated", listener)

    def on_session(self, listener: SessionListener) -> SessionListener:
        """Call a listener with each session that is ready or failed; can be used as a decorator."""
        return self._add("session", listener)

    def on_relay(self, listener: RelayListener) -> RelayListener:
        """Call a listener with each relay session that is ready or failed; can be used as a decorator."""
        return self._add("relay", listener)

    def _add(self, event: str, listener: Callable[[T], object]) -> Callable[[T], object]:
        self._listeners.setdefault(event, []).append(listener)
        return listener

    # what create requests send

    def fields_v2(self, tag: GuardTag) -> dict[str, JSON]:
        """Return the three webhook fields of a v2 create request."""
        if self._url is None:
            return {}
        return {f"webhook_on_{event}": {"url": self._own_url(event, tag)} for event in ("ready", "error", "terminated")}

    def fields_v1(self, tag: GuardTag) -> dict[str, JSON]:
        """Return the one webhook field of a v1 create request."""
        return {} if self._url is None else {"webhook_url": self._own_url("any", tag)}

    def session_url(self) -> str | None:
        """Return the webhook URL of a session, None without webhooks."""
        return None if self._url is None else self._own_url("session", secrets.token_hex(8))

    def relay_url(self) -> str | None:
        """Return the webhook URL of a relay session, None without webhooks."""
        return None if self._url is None else self._own_url("relay", secrets.token_hex(8))

    def _own_url(self, event: str, tag: GuardTag | str) -> str:
        return f"{self._url}/{event}/{tag}/{self._signature(event, str(tag))}"

    def _signature(self, event: str, tag: str) -> str:
        return hmac.new(self._key, f"{event}/{tag}".encode(), "sha256").hexdigest()[:32]

    # what the service sends

    async def receive(self, path: str, body: bytes) -> int:
        """Receive a POST request, and return the status of its response before any listener is called.

        Args:
            path: The request's path, of which the last three segments count.
            body: The request's body.

        Returns:
            204; 404 for a URL that this client did not create, 413 for a body that is too large, 400 for a body that
            is not a webhook.
        """
        event, tag, signature = ("", "", "", *path.strip("/").split("/"))[-3:]
        subject = _SUBJECTS.get(event)
        if subject is None or not hmac.compare_digest(signature.encode(), self._signature(event, tag).encode()):
            return 404
        if len(body) > MAX_BODY_BYTES:
            return 413
        try:
            content = parse(body, operation=f"webhook {event}")
        except DecodeError:
            return 400
        id = content.get(subject.id_field) if isinstance(content, dict) else None
        if not isinstance(id, str):
            return 400
        try:
            self._take(event, id, structure(content, subject.model, operation=f"webhook {event}"))
        except DecodeError as error:
            logger.warning("a webhook of %s cannot be decoded, so it is polled instead: %s", id, error)
            self._poll_now(subject.model, id)
        return 204

    def _take(self, event: str, id: str, snapshot: Deployment | SessionRow | RelaySession) -> None:
        rank, latest = _rank(_state(snapshot)), self._ranks.get(id, 0)
        self._ranks[id] = max(rank, latest)
        if rank <= latest:
            return  # it arrived before, or was overtaken
        if isinstance(snapshot, Deployment):
            self._watchers.deployments.on_webhook(id, snapshot)
            event = _EVENTS[rank] if _EVENTS[rank] != _EVENTS[latest] else ""
        else:
            self._poll_now(type(snapshot), id)
        for listener in self._listeners.get(event, ()):
            self._start(_call(listener, id, snapshot))

    def _poll_now(self, model: type[Deployment | SessionRow | RelaySession], id: str) -> None:
        if issubclass(model, Deployment):
            self._watchers.deployments.poll_now(id)
        elif issubclass(model, SessionRow):
            self._watchers.sessions.poll_now(id)
        else:
            self._watchers.relays.poll_now(id)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="edgegap webhook listener")
        self._listener_tasks.add(task)
        task.add_done_callback(self._listener_tasks.discard)

    async def close(self) -> None:
        """Wait for the listeners that are running."""
        await asyncio.gather(*self._listener_tasks, return_exceptions=True)


def _state(snapshot: Deployment | SessionRow | RelaySession) -> State | None:
    if isinstance(snapshot, SessionRow):
        return State.READY if snapshot.ready else snapshot.status
    return snapshot.state


async def _call(listener: Callable[[T], object], id: str, snapshot: T) -> None:
    try:
        result = listener(snapshot)
        if inspect.isawaitable(result):
            awaitable: Awaitable[object] = result
            await awaitable
    except Exception:  # one listener that fails must not keep the others from being called
        logger.exception("a webhook listener failed on %s", id)
