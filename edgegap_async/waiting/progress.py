"""How far a wait is, for a progress bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from edgegap_async.models.states import State


@attrs.frozen(kw_only=True)
class WaitProgress:
    """How far the wait for one server is.

    Attributes:
        request_id: The deployment's id.
        state: The state of the latest snapshot, None before the first.
        seconds: Seconds since this client requested the server, or began to wait for it.
        typical: Seconds after which half of its version's latest servers were ready, None while this client has seen
            fewer than five.
    """

    request_id: str
    state: State | None
    seconds: float
    typical: float | None

    @property
    def share(self) -> float | None:
        """From 0 to 1, where 1 means READY; None if the typical duration is unknown."""
        if self.state is State.READY:
            return 1.0
        return None if self.typical is None else min(self.seconds / self.typical, 0.99)


OnWaitProgress: TypeAlias = Callable[[WaitProgress], object]
"""Called in the event loop after each poll of a server; an exception that it raises ends the wait."""


@attrs.frozen(kw_only=True)
class ManyProgress:
    """How far ``deploy_many`` is.

    Attributes:
        total: The number of servers requested.
        under_way: How many are being created or waited for.
        ready: How many are ready.
        failed: How many failed.
    """

    total: int
    under_way: int = 0
    ready: int = 0
    failed: int = 0

    @property
    def share(self) -> float:
        """The share of the servers that are ready or failed, from 0 to 1."""
        return (self.ready + self.failed) / self.total if self.total else 1.0


OnManyProgress: TypeAlias = Callable[[ManyProgress], object]
"""Called in the event loop when a server is started, is ready or fails; an exception that it raises ends the loop."""
