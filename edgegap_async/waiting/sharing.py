"""How a watcher shares its polls with those of other processes."""

from __future__ import annotations

from typing import Final, Protocol

from edgegap_async.waiting.history import VersionKey

RECONCILE_SECONDS: Final = 10.0
"""How long after the last sign of the process that polls for it a process polls itself, and how often."""


class PollSharing(Protocol):
    """What a watcher reports to the processes that it shares its polls with."""

    @property
    def polls_here(self) -> bool:
        """Whether this process polls; otherwise another one polls for it."""
        ...

    @property
    def polls_from(self) -> float:
        """The time of the event loop from which this process polls, if it receives nothing until then."""
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
