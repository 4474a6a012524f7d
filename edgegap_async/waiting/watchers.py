"""The watchers of one client, one for each kind of resource."""

from __future__ import annotations

import asyncio
from typing import Any

from edgegap_async.models.deployments import Deployment, DeploymentSnapshot
from edgegap_async.models.relays import RelaySession
from edgegap_async.models.sessions import Session
from edgegap_async.models.states import SnapshotT
from edgegap_async.transport import Pipeline
from edgegap_async.waiting.intervals import SPARSE, PollInterval
from edgegap_async.waiting.list_probe import ListProbe
from edgegap_async.waiting.status_probe import SingleProbe, StatusProbe
from edgegap_async.waiting.watcher import Watcher


class Watchers:
    """The watchers of one client."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._all: list[Watcher[Any]] = []
        self.deployments: Watcher[DeploymentSnapshot] = Watcher(
            "deployment",
            StatusProbe[DeploymentSnapshot](pipeline, "deployment-get", Deployment),
            ListProbe(pipeline),
        )
        self._all.append(self.deployments)
        self.sessions: Watcher[Session] = self.add("session", StatusProbe(pipeline, "get-session", Session))
        self.relays: Watcher[RelaySession] = self.add(
            "relay session", StatusProbe(pipeline, "relay-session-get", RelaySession)
        )

    def add(self, kind: str, probe: SingleProbe[SnapshotT], interval: PollInterval = SPARSE) -> Watcher[SnapshotT]:
        """Return a new watcher, which is closed with the others.

        Args:
            kind: What it watches, for error messages.
            probe: Polls one entry.
            interval: How often to poll.
        """
        watcher = Watcher(kind, probe, interval=interval)
        self._all.append(watcher)
        return watcher

    async def close(self) -> None:
        """Close all of them; the waits that remain raise ClientStateError."""
        await asyncio.gather(*(watcher.close() for watcher in self._all))
