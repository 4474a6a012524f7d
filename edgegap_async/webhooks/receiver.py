"""Receives the webhooks of deployments, sessions and relay sessions, with any HTTP server.

The service does not sign its webhooks, sends each once, and waits 10 s for a response. So each create request gets URLs
of its own that cannot be guessed, the response is sent before any listener is called, a webhook that arrives twice or
too late is ignored, and one that is about something else than the URL's creation is refused.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import AsyncIterable, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final, TypeAlias, TypeVar

import attrs

from edgegap_async.bounded_dict import BoundedDict
from edgegap_async.decoding.decoder import decode, parse, structure
from edgegap_async.errors import JSON, ConfigurationError, DecodeError
from edgegap_async.models.deployments import Deployment
from edgegap_async.models.relays import RelaySession
from edgegap_async.models.sessions import SessionRow
from edgegap_async.models.states import State
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.rare_warnings import RareWarnings
from edgegap_async.waiting.registry import EarlyWebhook
from edgegap_async.waiting.watchers import Watchers
from edgegap_async.webhooks.creations import Creations, HeldWebhook
from edgegap_async.webhooks.listeners import Listeners
from edgegap_async.webhooks.urls import WebhookSigner, WebhookURL

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

_BODY_SECONDS: Final = 10.0
"""How long a body may take to arrive: the service itself gives up after 10 s."""

_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")

_REMEMBERED: Final = 5_000
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

        Raises:
            ConfigurationError: The key is empty.
        """
        if key is not None and not key.strip():
            raise ConfigurationError("webhook_key is empty: pass a secret, or None for a random key of this process")
        self._url = None if url is None else url.rstrip("/")
        self._has_shared_key = key is not None
        self._signer = WebhookSigner(key if key is not None else secrets.token_bytes(32))
        self._watchers = watchers
        self._creations = Creations(self._signer)
        self._ranks: BoundedDict[str, int] = BoundedDict(_REMEMBERED)
        self._listeners = Listeners()
        self._warnings = RareWarnings()
        self._forward: Callable[[str, bytes], None] | None = None

    @property
    def key(self) -> bytes:
        """The key of the URLs."""
        return self._signer.key

    def share(self, key: bytes, forward: Callable[[str, bytes], None]) -> None:
        """Share the webhooks with other processes.

        Args:
            key: The key of all of them, which is used from now on.
            forward: Called with the path and the body of each webhook that is accepted, for ``receive_forwarded`` of
                the others.
        """
        self._signer.replace_key(key)
        self._has_shared_key = True
        self._forward = forward

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
        self._listeners.add(event, listener)
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
        """Return a new webhook URL for the creation of one session, None without webhooks."""
        return self._new_url("session")

    def relay_url(self) -> str | None:
        """Return a new webhook URL for the creation of one relay session, None without webhooks."""
        return self._new_url("relay")

    def _new_url(self, event: str) -> str | None:
        if self._url is None:
            return None
        tag = secrets.token_hex(8)
        self._creations.expect(tag)
        return self._own_url(event, tag)

    def _own_url(self, event: str, tag: GuardTag | str) -> str:
        return f"{self._url}/{self._signer.path(event, str(tag))}"

    # what the creations produce

    def expect(self, tag: GuardTag) -> None:
        """Hold the webhooks of a creation until ``bind`` names its id."""
        if self._url is not None:
            self._creations.expect(str(tag))

    def bind(self, tag: GuardTag, id: str) -> None:
        """Set the id of a creation: from now on, webhooks with any other id are refused at its URLs."""
        if self._url is not None:
            self._bind(str(tag), id)

    def bind_url(self, url: str | None, id: str) -> None:
        """Do as ``bind`` does for the creation that a URL of ``session_url`` or ``relay_url`` was made for."""
        if url is not None and (own := self._signer.parse(url)) is not None:
            self._bind(own.tag, id)

    def _bind(self, tag: str, id: str) -> None:
        for webhook in self._creations.bind(tag, id):
            if webhook.id == id:
                self._take(webhook, parse(webhook.body, operation=f"webhook {webhook.url.event}"))
            else:
                self._log_foreign(webhook.url, webhook.id)

    # what the service sends

    def accepts(self, path: str) -> bool:
        """Return whether a path is one that this client, or a process with the same key, created.

        An HTTP server calls it before it reads the body of a request. If it returns False, respond with 404.

        Args:
            path: The request's path, of which the last three segments count.
        """
        return self._own(path) is not None

    async def receive(self, path: str, body: bytes) -> int:
        """Receive a POST request, and return the status of its response before any listener is called.

        Args:
            path: The request's path, of which the last three segments count.
            body: The request's body.

        Returns:
            204; 404 for a URL that this client did not create, 413 for a body that is too large, 400 for a body that
            is not a webhook, 409 for a webhook that is about something else than the creation that the URL belongs to.
        """
        status = self._receive(path, body, is_forwarded=False)
        if status == 204 and self._forward is not None:
            self._forward(path, body)
        return status

    def receive_forwarded(self, path: str, body: bytes) -> None:
        """Pass on a webhook that another process received and called its listeners for: only to waits.

        Args:
            path: The path of its request.
            body: The body of its request.
        """
        self._receive(path, body, is_forwarded=True)

    def _receive(self, path: str, body: bytes, *, is_forwarded: bool) -> int:
        url = self._own(path)
        if url is None:
            return 404
        if len(body) > MAX_BODY_BYTES:
            return 413
        try:
            content = parse(body, operation=f"webhook {url.event}")
        except DecodeError:
            return 400
        id = content.get(_SUBJECTS[url.event].id_field) if isinstance(content, dict) else None
        if not isinstance(content, dict) or not isinstance(id, str) or not _ID.fullmatch(id):
            return 400
        if self._creations.is_foreign(url, id, content):
            self._log_foreign(url, id)
            return 409
        webhook = HeldWebhook(url, id, bytes(body), is_forwarded)
        if self._creations.is_pending(url.tag):
            self._creations.hold(webhook)
        else:
            self._take(webhook, content)
        return 204

    async def receive_chunks(self, path: str, chunks: AsyncIterable[bytes]) -> int:
        """Receive a POST request whose body is still to be read, and return the status of its response.

        Args:
            path: The request's path, of which the last three segments count.
            chunks: The request's body. It is read only for a path that ``accepts``, up to the limit of ``receive``.

        Returns:
            What ``receive`` returns; 408 for a body that takes more than 10 s to arrive.
        """
        if not self.accepts(path):
            return 404
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for chunk in chunks:
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        break
        except TimeoutError:
            return 408
        return await self.receive(path, bytes(body))

    def _own(self, path: str) -> WebhookURL | None:
        url = self._signer.parse(path)
        if url is None or url.is_own:
            return url
        advice = (
            "if another process serves the same webhook_url, its webhook_key is not the one of this process"
            if self._has_shared_key
            else "if several processes serve the same webhook_url, set the same webhook_key in all of them"
        )
        self._warnings.log("signature", f"a webhook with an unknown signature was refused: {advice}")
        return None

    def _log_foreign(self, url: WebhookURL, id: str) -> None:
        self._warnings.log(
            "foreign", f"a webhook about {id} was refused at the {url.event} URL of {url.tag}: another creation's"
        )

    def _take(self, webhook: HeldWebhook, content: JSON) -> None:
        """Pass a webhook on to waits and listeners, unless it arrived before, or was overtaken."""
        event, id = webhook.url.event, webhook.id
        model = _SUBJECTS[event].model
        try:
            snapshot = structure(content, model, operation=f"webhook {event}")
        except DecodeError as error:
            logger.warning("a webhook of %s cannot be decoded, so it is polled instead: %s", id, error)
            self._poll_now(model, id)
            return
        rank, latest = _rank(_state(snapshot)), self._ranks.get(id, 0)
        self._ranks[id] = max(rank, latest)
        if rank <= latest:
            return
        if isinstance(snapshot, Deployment):
            self._watchers.deployments.on_webhook(id, snapshot, EarlyWebhook(webhook.body, _decode_deployment))
            event = _EVENTS[rank] if _EVENTS[rank] != _EVENTS[latest] else ""
        else:
            self._poll_now(model, id)
        if not webhook.is_forwarded:
            self._listeners.call(event, id, snapshot)

    def _poll_now(self, model: type[Deployment | SessionRow | RelaySession], id: str) -> None:
        if issubclass(model, Deployment):
            self._watchers.deployments.poll_now(id)
        elif issubclass(model, SessionRow):
            self._watchers.sessions.poll_now(id)
        else:
            self._watchers.relays.poll_now(id)

    def may_be_caller(self) -> AbstractContextManager[None]:
        """Have ``close`` not wait for the current task during a block: it may be a listener that closes the client."""
        return self._listeners.may_be_caller()

    async def close(self) -> None:
        """Wait at most 10 s for the listeners that are running; those that remain are cancelled."""
        await self._listeners.close()


def _decode_deployment(body: bytes) -> Deployment:
    return decode(body, Deployment, operation="webhook")


def _state(snapshot: Deployment | SessionRow | RelaySession) -> State | None:
    if isinstance(snapshot, SessionRow):
        return State.READY if snapshot.ready else snapshot.status
    return snapshot.state
