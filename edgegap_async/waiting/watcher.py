"""One background task polls everything that is waited for: few things one by one, many with one page of the list."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Generic, Protocol

from edgegap_async.errors import ClientStateError, EdgegapError
from edgegap_async.models.states import Progress, SnapshotT
from edgegap_async.waiting.history import ReadinessHistory, VersionKey
from edgegap_async.waiting.intervals import PollInterval
from edgegap_async.waiting.progress import WaitProgress
from edgegap_async.waiting.registry import EarlyWebhook, WatchRegistry
from edgegap_async.waiting.schedule import PollSchedule
from edgegap_async.waiting.sharing import RECONCILE_SECONDS, PollSharing
from edgegap_async.waiting.status_probe import SingleProbe, as_transient
from edgegap_async.waiting.subscriptions import RequestRecord, Subscription, WatchEntry
from edgegap_async.wake_up import WakeUp

logger: Final = logging.getLogger("edgegap_async")

FEW: Final = 2
"""Up to so many are polled one by one: the list has half the rate of the status, and shows all others too."""

PAGES_UNDER_WAY: Final = 2
STATUS_CALLS_UNDER_WAY: Final = 8

_TIMER_TOLERANCE: Final = 0.001
"""Seconds by which a timer may be early."""


class PageProbe(Protocol[SnapshotT]):
    """Polls many entries with one request."""

    page_size: int

    def is_refused(self, now: float) -> bool:
        """Whether it cannot be used now."""
        ...

    def slot_in(self) -> float:
        """Return the seconds until its rate limit has a slot."""
        ...

    async def poll(
        self,
        entries: Sequence[WatchEntry[SnapshotT]],
        publish: Callable[[WatchEntry[SnapshotT], SnapshotT], None],
    ) -> bool:
        """Poll and publish; errors go to the subscriptions of the entries. Return whether there is a page."""
        ...


class Watcher(Generic[SnapshotT]):
    """Polls what has subscriptions, and publishes the snapshots of polls and webhooks alike."""

    def __init__(
        self,
        kind: str,
        status_probe: SingleProbe[SnapshotT],
        page_probe: PageProbe[SnapshotT] | None = None,
        interval: PollInterval | None = None,
    ) -> None:
        """Start nothing: the background task runs while there are subscriptions.

        Args:
            kind: What is watched, for error messages.
            status_probe: Polls a single entry.
            page_probe: Polls many entries at once, None if no operation does.
            interval: How often to poll.
        """
        self.history: ReadinessHistory = ReadinessHistory()
        self.responded_at: float = -math.inf
        """When a poll was last responded to, in the event loop's time."""
        self._kind = kind
        self._status_probe = status_probe
        self._page_probe = page_probe
        self._interval = interval or PollInterval()
        self._registry: WatchRegistry[SnapshotT] = WatchRegistry()
        self._schedule: PollSchedule[SnapshotT] = PollSchedule()
        self._wake_up = WakeUp()
        self._task: asyncio.Task[None] | None = None
        self._polls: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._pages = 0
        self._sharing: PollSharing | None = None

    # subscribing

    def on_requested(self, id: str, version: VersionKey | None = None, *, has_webhook: bool = False) -> None:
        """Remember that something was requested now.

        Args:
            id: Its id.
            version: Its application and version, None for what has no typical duration.
            has_webhook: Whether a webhook reports it.
        """
        self._registry.remember_request(id, version, has_webhook=has_webhook)

    @contextmanager
    def subscribe(
        self, id: str, path: Mapping[str, str], *, every_snapshot: bool = False
    ) -> Generator[Subscription[SnapshotT]]:
        """Poll something for the length of a block.

        Args:
            id: Its id.
            path: The path parameters of the status operation.
            every_snapshot: Whether to publish snapshots that show nothing new, too.
        """
        if self._is_closed:
            raise ClientStateError("this EdgegapClient is closed, nothing was sent")
        entry = self._registry.get(id) or self._new_entry(id, path)
        self._registry.subscribe(entry, every_snapshot=every_snapshot)
        try:
            if self._sharing is not None:
                self._sharing.on_subscribed(id)
            typical = self.history.typical_duration(entry.request.version)
            yield Subscription(entry, typical.median if typical is not None else None)
        finally:
            self._registry.unsubscribe(entry, every_snapshot=every_snapshot)
            self._wake_up.set()
            if self._sharing is not None:
                self._sharing.on_unsubscribed(id)

    def _new_entry(
        self, id: str, path: Mapping[str, str], request: RequestRecord | None = None
    ) -> WatchEntry[SnapshotT]:
        entry, now = self._registry.add(id, path, request), asyncio.get_running_loop().time()
        first_poll = self._first_poll(entry, now)
        entry.measures = entry.request.version is not None and now <= first_poll
        self._poll_at(entry, max(first_poll, now) if self._polls_here else now + RECONCILE_SECONDS)
        if (snapshot := self._registry.take_early_snapshot(id)) is not None:
            self._publish(entry, snapshot)
        return entry

    def _first_poll(self, entry: WatchEntry[SnapshotT], now: float) -> float:
        request = entry.request
        if request.version is None:
            return now
        typical = self.history.typical_duration(request.version)
        return request.requested_at + self._interval.first_poll(typical, has_webhook=request.has_webhook)

    def progress(self, subscription: Subscription[SnapshotT]) -> WaitProgress:
        """Return how far the wait of a subscription is."""
        entry = subscription.entry
        return WaitProgress(
            request_id=entry.id,
            state=entry.snapshot.state if entry.snapshot is not None else None,
            seconds=asyncio.get_running_loop().time() - entry.request.requested_at,
            typical=subscription.typical_seconds,
        )

    # sharing polls with other processes

    def share(self, sharing: PollSharing) -> None:
        """Report from now on what is watched here, and poll only if ``sharing`` says so."""
        self._sharing = sharing

    @property
    def _polls_here(self) -> bool:
        return self._sharing is None or self._sharing.polls_here

    def watch_for_others(
        self, id: str, path: Mapping[str, str], request: RequestRecord, relay: Callable[[SnapshotT | Exception], None]
    ) -> None:
        """Poll something that other processes wait for; ``unwatch_for_others`` ends it.

        Args:
            id: Its id.
            path: The path parameters of the status operation.
            request: When and how it was requested.
            relay: Called with every snapshot that is published, beginning with the latest one, and with every error.
        """
        if self._is_closed:
            return
        entry = self._registry.get(id) or self._new_entry(id, path, request)
        if entry.relay is None:
            self._registry.subscribe(entry, every_snapshot=False)
        entry.relay = relay
        if entry.snapshot is not None:
            relay(entry.snapshot)

    def unwatch_for_others(self, id: str) -> None:
        """End ``watch_for_others``."""
        entry = self._registry.get(id)
        if entry is not None and entry.relay is not None:
            entry.relay = None
            self._registry.unsubscribe(entry, every_snapshot=False)
            self._wake_up.set()

    def entry(self, id: str) -> WatchEntry[SnapshotT] | None:
        """Return what is watched by its id."""
        return self._registry.get(id)

    def entries(self) -> list[WatchEntry[SnapshotT]]:
        """Return what is watched now."""
        return list(self._registry)

    def publish(self, id: str, snapshot: SnapshotT) -> None:
        """Publish what another process polled."""
        entry = self._registry.get(id)
        if entry is not None:
            self._publish(entry, snapshot)

    def poll_here(self, id: str) -> None:
        """Poll something from now on, although another process polls for this one."""
        entry = self._registry.get(id)
        if entry is not None:
            entry.polled_here = True
            self.poll_now(id)

    def poll_soon(self) -> None:
        """Poll everything as soon as it can plausibly be ready: no other process polls it any more."""
        now = asyncio.get_running_loop().time()
        for entry in self._registry:
            self._poll_at(entry, max(self._first_poll(entry, now), now))

    # webhooks

    def on_webhook(self, id: str, snapshot: SnapshotT, early: EarlyWebhook[SnapshotT]) -> None:
        """Publish the snapshot that a webhook carries; without subscriptions the webhook is kept for the first.

        The last webhook of what no longer exists is not kept: nothing will wait for that.

        Args:
            id: The id of what it is about.
            snapshot: What it carries.
            early: What is kept of it.
        """
        entry = self._registry.get(id)
        if entry is None and snapshot.progress is Progress.GONE:
            self._registry.forget_webhook(id)
        elif entry is None:
            self._registry.remember_webhook(id, early)
        elif snapshot.progress is Progress.INCOMPLETE:
            self.poll_now(id)
        else:
            self._publish(entry, snapshot)

    def poll_now(self, id: str) -> None:
        """Poll something at once, because a webhook reported a change of it; no other webhook will follow."""
        entry = self._registry.get(id)
        if entry is None:
            self._registry.remember_webhook(id)
        else:
            entry.needs_status = True
            self._poll_at(entry, asyncio.get_running_loop().time())

    # the background task

    async def close(self) -> None:
        """Stop polling; the waits that remain raise ClientStateError, and so does a new one."""
        self._is_closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for entry in self._registry:
            entry.fail(ClientStateError(f"the client was closed during a wait for the {self._kind} {entry.id}"))

    def _poll_at(self, entry: WatchEntry[SnapshotT], moment: float) -> None:
        """Poll an entry at a moment, unless it is due sooner anyway; nothing is polled once the watcher is closed."""
        if self._is_closed or entry.due <= moment:
            return
        entry.due = moment
        self._schedule.add(entry)
        self._wake_up.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"edgegap {self._kind} watcher")

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._registry:
                await self._wake_up.sleep(self._start_due_polls(loop.time()))
        except Exception as error:  # a bug here must not keep a wait from ending
            logger.exception("the %s watcher failed", self._kind)
            for entry in self._registry:
                entry.fail(error)
        finally:
            self._task = None
            for poll in self._polls:
                poll.cancel()
            await asyncio.gather(*self._polls, return_exceptions=True)

    def _start_due_polls(self, now: float) -> float | None:
        """Start the polls that are due and have room; return the seconds to the next, None until one ends.

        The entries of a page are chosen once it has a rate slot, not before, so that they are those that are due then.
        """
        pages = self._page_probe
        limit = pages.page_size if pages is not None else len(self._registry)
        due = self._postpone(self._schedule.take(limit, lambda entry: entry.due <= now + _TIMER_TOLERANCE), now)
        if pages is None or pages.is_refused(now) or len(self._registry) <= FEW:
            by_status, by_page = due, list[WatchEntry[SnapshotT]]()
        else:
            by_status = [entry for entry in due if entry.needs_status]
            by_page = [entry for entry in due if not entry.needs_status]
        pause = math.inf
        if pages is not None and by_page:
            by_page, pause = self._start_page(pages, by_page, now)
        room = max(STATUS_CALLS_UNDER_WAY - (len(self._polls) - self._pages), 0)
        for entry in by_status[:room]:
            self._start(self._poll_status(entry), [entry])
        for entry in (*by_page, *by_status[room:]):
            self._schedule.add(entry)
        if (next_due := self._schedule.next_due) is not None and next_due > now + _TIMER_TOLERANCE:
            pause = min(pause, next_due - now)
        return None if math.isinf(pause) else pause

    def _postpone(self, due: list[WatchEntry[SnapshotT]], now: float) -> list[WatchEntry[SnapshotT]]:
        """Postpone what another process polls; return the others."""
        if self._sharing is None or (later := self._sharing.polls_from) <= now + _TIMER_TOLERANCE:
            return due
        for entry in due:
            if not (entry.needs_status or entry.polled_here):
                entry.due = later
                self._schedule.add(entry)
        return [entry for entry in due if entry.needs_status or entry.polled_here]

    def _start_page(
        self, pages: PageProbe[SnapshotT], entries: list[WatchEntry[SnapshotT]], now: float
    ) -> tuple[list[WatchEntry[SnapshotT]], float]:
        """Start the poll of a page if there is room; return the entries that remain and the seconds until a slot."""
        pause = pages.slot_in()
        if pause > _TIMER_TOLERANCE:
            return entries, pause
        if self._pages >= PAGES_UNDER_WAY:
            return entries, math.inf  # a page that ends wakes the task
        # what is nearly due costs nothing on a page that is requested anyway
        entries += self._schedule.take(pages.page_size - len(entries), lambda entry: self._is_nearly_due(entry, now))
        self._pages += 1
        self._start(self._poll_page(pages, entries), entries)
        return [], math.inf

    def _is_nearly_due(self, entry: WatchEntry[SnapshotT], now: float) -> bool:
        half = self._interval.minimum(has_webhook=entry.request.has_webhook) / 2
        return not entry.needs_status and entry.due - now <= half

    def _start(self, poll: Coroutine[Any, Any, None], entries: Sequence[WatchEntry[SnapshotT]]) -> None:
        for entry in entries:
            entry.due = math.inf
        task = asyncio.create_task(poll, name=f"edgegap {self._kind} poll")
        self._polls.add(task)
        task.add_done_callback(self._on_poll_done)

    def _on_poll_done(self, poll: asyncio.Task[None]) -> None:
        self._polls.discard(poll)
        self._wake_up.set()

    async def _poll_status(self, entry: WatchEntry[SnapshotT]) -> None:
        try:
            snapshot = await self._status_probe.poll(entry)
        except EdgegapError as error:
            entry.fail(as_transient(error))
        else:
            entry.needs_status = False
            self.responded_at = asyncio.get_running_loop().time()
            self._publish(entry, snapshot)
        finally:
            self._reschedule(entry)

    async def _poll_page(self, pages: PageProbe[SnapshotT], entries: Sequence[WatchEntry[SnapshotT]]) -> None:
        try:
            if await pages.poll(entries, self._publish):
                self.responded_at = asyncio.get_running_loop().time()
        finally:
            self._pages -= 1
            for entry in entries:
                self._reschedule(entry)

    def _publish(self, entry: WatchEntry[SnapshotT], snapshot: SnapshotT) -> None:
        version = entry.request.version if entry.relay is None else None  # the process that waits for it measures
        if version is not None and (entry.snapshot is None or entry.snapshot.progress is Progress.PENDING):
            if snapshot.progress is Progress.PENDING:
                entry.measures = True
            elif snapshot.progress is Progress.READY and entry.measures:
                entry.ready_after = asyncio.get_running_loop().time() - entry.request.requested_at
                self.history.record(version, entry.ready_after)
                if self._sharing is not None:
                    self._sharing.on_measured(version, entry.ready_after)
        entry.publish(snapshot)

    def _reschedule(self, entry: WatchEntry[SnapshotT]) -> None:
        if entry.subscriptions:
            now = asyncio.get_running_loop().time()
            typical = self.history.typical_duration(entry.request.version)
            age = now - entry.request.requested_at
            pause = self._interval.pause(age, typical, has_webhook=entry.request.has_webhook)
            if not (self._polls_here or entry.polled_here):
                pause = max(pause, RECONCILE_SECONDS)
            self._poll_at(entry, now + pause)
