"""The record of what arrived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.define(kw_only=True, on_setattr=attrs.setters.frozen)
class LoggedRequest:
    """One request that reached the local Edgegap.

    ``at`` is the clock's moment when it was counted, ``path`` is encoded as it came, ``operation_id`` is None
    for a path that no operation has. The headers' names are in lower case and the value of ``authorization``
    is left out.
    """

    at: float
    method: str
    path: str
    operation_id: str | None
    query: Mapping[str, str]
    body: Any = None
    headers: Mapping[str, str]
    # the one field that is not known when the request arrives
    status: int | None = attrs.field(default=None, on_setattr=attrs.setters.NO_OP)
    """What was answered; None while there is no answer, and when the connection was cut instead."""
