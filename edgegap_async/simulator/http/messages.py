"""Requests and replies as the local Edgegap passes them between its HTTP side and its handlers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

from edgegap_async.json_codec import dumps
from edgegap_async.operations import Operation
from edgegap_async.simulator.domain.deployment import PlannedFailure
from edgegap_async.simulator.domain.world import World


@attrs.frozen(kw_only=True)
class IncomingRequest:
    """A request that was routed to its operation, not yet validated."""

    operation: Operation
    path: Mapping[str, str]
    """The path parameters, decoded."""
    query: Mapping[str, str]
    content: bytes
    """The body as received."""
    authorization: str | None
    """The value of the ``Authorization`` header."""
    remote_address: str
    """The client's IP address."""
    host: str
    """The ``Host`` header: the name and port by which the client addressed this server."""


@attrs.frozen(kw_only=True)
class ValidatedRequest:
    """A request that passed authorization, rate limits and validation: what a handler receives."""

    operation: Operation
    path: Mapping[str, str]
    """The path parameters, decoded."""
    query: Mapping[str, Any]
    """The query parameters that the operation has, converted to their types."""
    body: Any
    """The JSON body; None for an operation without one."""
    authorization: str | None
    """The value of the ``Authorization`` header."""
    remote_address: str = "127.0.0.1"
    """The client's IP address."""
    host: str = "127.0.0.1"
    """The ``Host`` header: the name and port by which the client addressed this server."""
    planned_failure: PlannedFailure | None = None
    """How the deployment that this request creates will fail; None if it will not."""


@attrs.frozen
class Reply:
    """An HTTP response of the local Edgegap."""

    status: int
    body: Any = None
    """Bytes are sent unchanged, None sends no body, anything else is sent as JSON."""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])

    @property
    def content(self) -> bytes:
        """The encoded body."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else dumps(self.body)

    @property
    def content_type(self) -> str | None:
        """The media type of the body, for a reply without a ``Content-Type`` header; None without a body."""
        if self.body is None:
            return None
        return "text/plain" if isinstance(self.body, bytes) else "application/json"


@attrs.frozen
class DroppedConnection:
    """A connection that is closed instead of a complete response."""

    partial: Reply | None = None
    """The response of which half the body is sent first; None closes the connection without a byte."""
    reset: bool = False
    """Whether to close it with a TCP reset instead of an orderly end."""


RequestResult: TypeAlias = Reply | DroppedConnection
"""How the local Edgegap finishes a request."""

Handler: TypeAlias = Callable[[World, ValidatedRequest], Reply]
"""Performs one operation. It never awaits, so no other request is handled in between; it raises ``Rejection``."""
