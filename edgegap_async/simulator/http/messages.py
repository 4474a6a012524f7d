"""What passes between the server and the handlers: a call that was understood, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from edgegap_async.codec import dumps
from edgegap_async.operations import Operation
from edgegap_async.simulator.domain.deployment import PlannedFailure
from edgegap_async.simulator.domain.rejection import Rejection


@attrs.frozen(kw_only=True)
class IncomingRequest:
    """A request as it came, with the operation it is for."""

    operation: Operation
    path: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes
    authorization: str | None
    sender: str
    host: str


@attrs.frozen(kw_only=True)
class ValidatedRequest:
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
    planned_failure: PlannedFailure | None = None


@attrs.frozen
class Reply:
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


def rejection_reply(rejection: Rejection) -> Reply:
    """Return the reply for a refused request."""
    body: dict[str, Any] = {"message": rejection.message}
    return Reply(rejection.status, body | {"details": dict(rejection.details)} if rejection.details else body)
