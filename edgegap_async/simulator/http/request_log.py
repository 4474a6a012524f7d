"""The log of the requests that reached a local Edgegap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs


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
    body: Any = None
    """The JSON body, decoded; None for an empty body and for one that is not JSON."""
    headers: Mapping[str, str]
    """The headers by lower-case name, without ``authorization``: a log must not hold the token."""
    # the one field that is not known when the request arrives
    status: int | None = attrs.field(default=None, on_setattr=attrs.setters.NO_OP)
    """The status of the response; None before the response, and when the connection was dropped instead."""
