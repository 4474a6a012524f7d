"""How far a wait is, for a progress bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from edgegap_async.models.states import State


@attrs.frozen(kw_only=True)
class WaitProgress:
    """How far the wait for one server is.

    ``seconds`` have passed since this client asked for it, or began to wait. ``usual`` is what half of its version's
    last servers took, None where this client had seen fewer than five before.
    """

    request_id: str
    state: State | None
    seconds: float
    usual: float | None

    @property
    def share(self) -> float | None:
        """From 0 to 1, which is READY alone; None where it cannot be told."""
        if self.state is State.READY:
            return 1.0
        return None if self.usual is None else min(self.seconds / self.usual, 0.99)


OnWaitProgress: TypeAlias = Callable[[WaitProgress], object]
"""Called in the event loop after each look at a server; what it raises ends the wait."""


@attrs.frozen(kw_only=True)
class ManyProgress:
    """How far ``deploy_many`` is: how many servers of ``total`` are under way, ready, or failed."""

    total: int
    under_way: int = 0
    ready: int = 0
    failed: int = 0

    @property
    def share(self) -> float:
        """What is decided, from 0 to 1."""
        return (self.ready + self.failed) / self.total if self.total else 1.0


OnManyProgress: TypeAlias = Callable[[ManyProgress], object]
"""Called in the event loop as servers are begun, ready, or failed; what it raises ends ``deploy_many``."""
