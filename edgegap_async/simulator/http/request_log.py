"""The log of the requests that reached a local Edgegap: the newest ones, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from edgegap_async.json_codec import loads
from edgegap_async.simulator.bounded_list import BoundedList

MAX_LOGGED_REQUESTS: Final = 20_000
"""The maximum number of requests in the log."""

MAX_LOGGED_BYTES: Final = 32 * 2**20
"""The maximum size of the log in bytes: bodies, headers, paths and queries."""

MAX_LOGGED_BODY: Final = 64 * 2**10
"""The size in bytes of the largest body that the log keeps."""


@attrs.define(kw_only=True, on_setattr=attrs.setters.frozen)
class LoggedRequest:
    """A request that reached the local Edgegap."""

    at: float
    """The clock's moment at which the request was counted, in seconds."""
    method: str
    path: str
    """The path as received, percent-encoded."""
    operation_id: str | None
    """The operation's id; None for a path or a method that no operation has."""
    query: Mapping[str, str]
    content: bytes | None = None
    """The body as received; None for a body of more than 64 KiB, which is not kept."""
    headers: Mapping[str, str]
    """The headers by lower-case name, without ``authorization``: a log must not hold the token."""
    # the one field that is not known when the request arrives
    status: int | None = attrs.field(default=None, on_setattr=attrs.setters.NO_OP)
    """The status of the response; None before the response, and when the connection was dropped instead."""

    @property
    def body(self) -> Any:
        """The JSON body, decoded; None for an empty body, one that is not JSON, and one that is not kept."""
        # decoded on each access: decoded JSON takes many times the memory of its text
        try:
            return loads(self.content or b"")
        except ValueError:
            return None


def kept_content(content: bytes) -> bytes | None:
    """Return what the log keeps of a body: the body itself, or None if it is too large."""
    return content if len(content) <= MAX_LOGGED_BODY else None


def request_log() -> BoundedList[LoggedRequest]:
    """Return an empty log."""
    return BoundedList(MAX_LOGGED_REQUESTS, max_size=MAX_LOGGED_BYTES, size_of=_size)


def _size(request: LoggedRequest) -> int:
    texts = sum(len(name) + len(value) for pairs in (request.headers, request.query) for name, value in pairs.items())
    return len(request.content or b"") + len(request.path) + texts
