"""What passes between the server and the handlers: a call that was understood, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from edgegap_async.codec import dumps
from edgegap_async.operations import Operation


@attrs.frozen
class Doom:
    """That a deployment will fail: why, and whether it has failed before its creation is answered."""

    detail: str
    at_once: bool = False


@attrs.frozen(kw_only=True)
class Call:
    """One request that was let in: routed, authorised, validated."""

    operation: Operation
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    authorization: str | None
    sender: str = "127.0.0.1"
    """The address that it came from."""
    host: str = "127.0.0.1"
    """What it called this server, with the port."""
    doom: Doom | None = None


@attrs.frozen
class Answer:
    """What is answered: a ``body`` of bytes is sent as it is, None as nothing, anything else as JSON."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])

    @property
    def content(self) -> bytes:
        """The body as it goes over the wire."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else dumps(self.body)

    @property
    def content_type(self) -> str | None:
        """What the body is said to be, unless a header says otherwise."""
        if self.body is None:
            return None
        return "text/plain" if isinstance(self.body, bytes) else "application/json"


class Refusal(Exception):
    """Raised by a handler that refuses: an answer with a status and a message, and nothing has changed."""

    def __init__(self, status: int, message: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details

    def answer(self) -> Answer:
        """The answer it stands for."""
        body: dict[str, Any] = {"message": self.message}
        return Answer(self.status, body | {"details": dict(self.details)} if self.details else body)
