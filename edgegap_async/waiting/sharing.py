"""How a watcher shares its polls with those of other processes."""

from __future__ import annotations

from typing import Final, Protocol

from edgegap_async.waiting.history import VersionKey

RECONCILE_SECONDS: Final = 10.0
"""How often a process polls what another process polls for it, in case it receives nothing."""


class PollSharing(Protocol):
    """What a watcher reports to the processes that it shares its polls with."""

    @property
    def polls_here(self) -> bool:
        """Whether this process polls; otherwise another one polls for it."""
        ...

    def on_subscribed(self, id: str) -> None:
        """Something is watched here from now on, or with every snapshot from now on."""
        ...

    def on_unsubscribed(self, id: str) -> None:
        """Something is not watched here any more."""
        ...

    def on_measured(self, version: VersionKey, seconds: float) -> None:
        """A server of a version was ready after so many seconds."""
        ...
