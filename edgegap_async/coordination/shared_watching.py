"""One process polls the deployments that all processes wait for, and passes on what it sees."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from edgegap_async.coordination.messages import (
    AnyMessage,
    Joined,
    PollFailed,
    Polling,
    ReadyAfter,
    SnapshotShown,
    Watch,
    WatchesChanged,
    decode_watch,
)
from edgegap_async.coordination.outbox import LATER, Outbox
from edgegap_async.coordination.snapshots import snapshot_message, snapshot_of
from edgegap_async.errors import AuthenticationError, DecodeError, EdgegapError, PermissionDenied
from edgegap_async.models.deployments import DeploymentSnapshot
from edgegap_async.models.states import Progress, State
from edgegap_async.waiting.conditions import is_not_found
from edgegap_async.waiting.history import KEPT_DURATIONS, VersionKey
from edgegap_async.waiting.sharing import RECONCILE_SECONDS
from edgegap_async.waiting.subscriptions import RequestRecord, WatchEntry
from edgegap_async.waiting.watcher import Watcher

logger: Final = logging.getLogger("edgegap_async")

_POLLING_SECONDS: Final = 2.0
"""How often the leader lets the others know that it polls."""

_LOADED_TOGETHER: Final = 200

_RELAYED: Final = (AuthenticationError, PermissionDenied, DecodeError)
"""Errors of the service that a wait does not survive; others are those of the leader itself, such as its closing."""


@attrs.define
class _RemoteWatch:
    """What other processes wait for.

    Attributes:
        members: These processes.
        added_at: When the last of them was added.
        shown: What was passed on last.
    """

    members: set[str] = attrs.field(factory=set[str])
    added_at: float = 0.0
    shown: tuple[State | None, Progress] | None = None


class SharedWatching:
    """Joins the watcher of this process with those of the others.

    The leader polls its own deployments and those that the others have registered, and sends them each change. The
    others register what they wait for, and poll it themselves only after they received nothing from the leader for ten
    seconds; or as usual while the store is lost, when every process is on its own.
    """

    def __init__(
        self, watcher: Watcher[DeploymentSnapshot], outbox: Outbox, store_time: Callable[[float], float]
    ) -> None:
        """Poll as usual until ``follow`` is called.

        Args:
            watcher: The watcher of this process.
            outbox: Sends the messages.
            store_time: Returns the time of the store's clock at a time of the event loop.
        """
        self._watcher = watcher
        self._outbox = outbox
        self._store_time = store_time
        self._polls_here = True
        self._is_connected = False
        self._registered: set[str] = set()
        self._remote: dict[str, _RemoteWatch] = {}
        self._heard_at = -math.inf
        self._announced_at = -math.inf
        self.term = 0
        """The term of the last heartbeat: messages of an older one are ignored."""
        watcher.share(self)

    # roles

    @property
    def polls_from(self) -> float:
        """When this process polls itself what the leader polls for it, if it receives nothing until then."""
        return -math.inf if self._polls_here else self._heard_at + RECONCILE_SECONDS

    @property
    def polls_for_others(self) -> bool:
        """Whether others wait for something that this process polls."""
        return bool(self._remote)

    def on_heartbeat(self) -> None:
        """Let the others know every few seconds that this process polls for them."""
        now = asyncio.get_running_loop().time()
        if self._is_connected and self._remote and self._watcher.responded_at > self._announced_at + _POLLING_SECONDS:
            self._announced_at = now
            self._outbox.send(Polling(term=self.term), within=LATER)

    @property
    def polls_here(self) -> bool:
        """Whether this process polls: it leads, or it is on its own."""
        return self._polls_here

    def lead(self) -> None:
        """Poll for all processes from now on; ``load`` follows."""
        self._is_connected = True
        self._poll_here()
        for id in self._registered:
            self._outbox.watch(id, None)
        self._registered.clear()

    def follow(self) -> None:
        """Register everything with the leader, which polls it from now on."""
        self._is_connected, self._polls_here = True, False
        self._heard_at = asyncio.get_running_loop().time()
        for id in [*self._remote]:
            self._forget(id)
        watched = {entry.id: entry for entry in self._watcher.entries()}
        for id in self._registered - watched.keys():
            self._outbox.watch(id, None)
        for id, entry in watched.items():
            self._outbox.watch(id, self._watch(entry))
        self._registered = set(watched)

    def disconnect(self) -> None:
        """Poll alone: the store is lost."""
        self._is_connected = False
        for id in [*self._remote]:
            self._forget(id)
        self._poll_here()

    async def load(self, watches: Mapping[str, Mapping[str, bytes]], *, as_of: float) -> None:
        """Poll what the store has of other processes, and nothing else of them.

        Args:
            watches: What each of them waits for.
            as_of: The time of the event loop before the store was asked: what was added later stays.
        """
        current: dict[str, set[str]] = {}
        for member, described in watches.items():
            for number, (id, description) in enumerate(described.items()):
                current.setdefault(id, set()).add(member)
                if (remote := self._remote.get(id)) is None or member not in remote.members:
                    self._add_encoded(member, id, description)
                if number % _LOADED_TOGETHER == 0:
                    await asyncio.sleep(0)  # there may be tens of thousands
                    if not self._polls_here or not self._is_connected:
                        return
        for id, remote in [*self._remote.items()]:
            if remote.added_at < as_of:
                remote.members &= current.get(id, set())
                if not remote.members:
                    self._forget(id)

    def _poll_here(self) -> None:
        if not self._polls_here:
            self._polls_here = True
            self._watcher.poll_soon()

    # what the watcher of this process reports

    def on_subscribed(self, id: str) -> None:
        """Register what is watched here from now on."""
        entry = self._watcher.entry(id)
        if self._is_connected and not self._polls_here and id not in self._registered and entry is not None:
            self._registered.add(id)
            self._outbox.watch(id, self._watch(entry))

    def on_unsubscribed(self, id: str) -> None:
        """Remove what is not watched here any more."""
        if self._is_connected and id in self._registered and self._watcher.entry(id) is None:
            self._registered.discard(id)  # while the store is lost it stays: follow() and lead() remove it
            self._outbox.watch(id, None)

    def on_measured(self, version: VersionKey, seconds: float) -> None:
        """Let all processes know how long a version takes."""
        if self._is_connected:
            self._outbox.send(ReadyAfter(version=version, seconds=[seconds]), within=LATER)

    def _watch(self, entry: WatchEntry[DeploymentSnapshot]) -> Watch:
        request = entry.request
        requested_at = self._store_time(request.requested_at)
        return Watch(requested_at, request.version, request.has_webhook)

    # messages

    def on_message(self, message: AnyMessage) -> None:
        """Handle a message of another process; raises DecodeError for a snapshot that cannot be decoded."""
        match message:
            case WatchesChanged():
                if self._polls_here and self._is_connected:
                    self._change(message)
            case SnapshotShown() | PollFailed() | Polling():
                self._on_leader(message)
            case ReadyAfter():
                self._record(message)
            case Joined():
                if self._polls_here:
                    for version, durations in self._watcher.history.durations().items():
                        self._outbox.send(ReadyAfter(to=message.sender, version=version, seconds=[*durations]))
            case _:
                pass  # not about deployments

    def _record(self, message: ReadyAfter) -> None:
        for seconds in message.seconds[-KEPT_DURATIONS:]:
            if seconds >= 0:
                self._watcher.history.record(message.version, seconds)

    def _on_leader(self, message: SnapshotShown | PollFailed | Polling) -> None:
        """Handle a message of the leader.

        A leader that was paused does not know yet that another one has taken its place: its term is an older one. A
        later term than that of the last heartbeat is one of a new leader.
        """
        if message.term < self.term or self._polls_here:
            return
        self._heard_at = asyncio.get_running_loop().time()
        if isinstance(message, Polling) or self._watcher.entry(message.id) is None:
            return
        if isinstance(message, SnapshotShown):
            self._watcher.publish(message.id, snapshot_of(message))
        else:
            self._watcher.poll_here(message.id)

    def _change(self, message: WatchesChanged) -> None:
        for id, watch in message.watches.items():
            remote = self._remote.get(id)
            if remote is not None:
                remote.members.discard(message.sender)
            if watch is not None:
                self._add(message.sender, id, watch)  # also if it was known: that process may have missed what it shows
            elif remote is not None and not remote.members:
                self._forget(id)

    def _add(self, member: str, id: str, watch: Watch) -> None:
        remote = self._remote.setdefault(id, _RemoteWatch())
        if member in remote.members:
            return
        now = asyncio.get_running_loop().time()
        remote.members.add(member)
        remote.added_at, remote.shown = now, None
        request = RequestRecord(
            requested_at=min(watch.requested_at - self._store_time(0.0), now),
            version=watch.version,
            has_webhook=watch.has_webhook,
        )
        self._watcher.watch_for_others(id, {"deployment_id": id}, request, lambda shown: self._relay(id, shown))

    def _add_encoded(self, member: str, id: str, description: bytes) -> None:
        try:
            self._add(member, id, decode_watch(description))
        except ValueError:  # that process polls it itself, though not often
            logger.warning("what another process waits for cannot be read: %s", id)

    def _forget(self, id: str) -> None:
        del self._remote[id]
        self._watcher.unwatch_for_others(id)

    def _relay(self, id: str, shown: DeploymentSnapshot | Exception) -> None:
        remote = self._remote.get(id)
        if remote is None or not self._is_connected:
            return
        if isinstance(shown, EdgegapError):
            if isinstance(shown, _RELAYED) or is_not_found(shown):  # each process handles the error itself
                self._outbox.send(PollFailed(id=id, term=self.term))
                self._forget(id)
        elif not isinstance(shown, Exception) and remote.shown != (shown.state, shown.progress):
            remote.shown = (shown.state, shown.progress)
            self._outbox.send(snapshot_message(id, self.term, shown))
            if shown.state is State.TERMINATED:
                self._forget(id)  # nothing follows
