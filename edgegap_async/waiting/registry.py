"""What is watched now, and what is remembered of requests and webhooks until something waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Generic

import attrs

from edgegap_async.bounded_dict import BoundedDict, size_in_memory
from edgegap_async.models.states import SnapshotT
from edgegap_async.waiting.history import VersionKey
from edgegap_async.waiting.subscriptions import RequestRecord, WatchEntry

_REMEMBERED: Final = 20_000
"""Requests that are remembered before anything waits for them."""

_MAX_EARLY_BYTES: Final = 1 << 24
"""What the webhooks that are kept before anything waits for them take."""


@attrs.frozen
class EarlyWebhook(Generic[SnapshotT]):
    """A webhook before anything waits for it, kept as its body: what that is decoded to may take 20 times as much.

    Attributes:
        body: Its body.
        decode: Decodes it.
    """

    body: bytes = attrs.field(repr=False)
    decode: Callable[[bytes], SnapshotT]


class WatchRegistry(Generic[SnapshotT]):
    """The entries that have subscriptions, by id."""

    def __init__(self) -> None:
        self._entries: dict[str, WatchEntry[SnapshotT]] = {}
        self._requests: BoundedDict[str, RequestRecord] = BoundedDict(_REMEMBERED)
        self._early_webhooks: BoundedDict[str, EarlyWebhook[SnapshotT]] = BoundedDict(
            _MAX_EARLY_BYTES, lambda _, webhook: size_in_memory(webhook.body)
        )

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[WatchEntry[SnapshotT]]:
        return iter([*self._entries.values()])

    def get(self, id: str) -> WatchEntry[SnapshotT] | None:
        """Return the entry of an id, None without a subscription."""
        return self._entries.get(id)

    def add(self, id: str, path: Mapping[str, str], request: RequestRecord | None = None) -> WatchEntry[SnapshotT]:
        """Add an entry.

        Args:
            id: Its id.
            path: The path parameters of the operation that returns it.
            request: When and how it was requested, None for what is remembered of it.
        """
        remembered = self._requests.pop(id)
        request = request or remembered or RequestRecord(requested_at=asyncio.get_running_loop().time())
        entry = self._entries[id] = WatchEntry(id=id, path=path, request=request)
        return entry

    def subscribe(self, entry: WatchEntry[SnapshotT], *, every_snapshot: bool) -> None:
        """Count a subscription."""
        entry.subscriptions += 1
        entry.progress_subscriptions += every_snapshot

    def unsubscribe(self, entry: WatchEntry[SnapshotT], *, every_snapshot: bool) -> None:
        """Count the end of a subscription; the entry goes with its last one."""
        entry.subscriptions -= 1
        entry.progress_subscriptions -= every_snapshot
        if not entry.subscriptions:
            del self._entries[entry.id]

    def remember_request(self, id: str, version: VersionKey | None, *, has_webhook: bool) -> None:
        """Remember that something was requested now.

        Args:
            id: Its id.
            version: Its application and version, None for what has no typical duration.
            has_webhook: Whether a webhook reports it.
        """
        now = asyncio.get_running_loop().time()
        self._requests[id] = RequestRecord(requested_at=now, version=version, has_webhook=has_webhook)

    def remember_webhook(self, id: str, webhook: EarlyWebhook[SnapshotT] | None = None) -> None:
        """Remember a webhook; without one, that the webhook was sent, so that none will follow."""
        if webhook is not None:
            self._early_webhooks[id] = webhook
        elif (request := self._requests.get(id)) is not None:
            self._requests[id] = attrs.evolve(request, has_webhook=False)

    def forget_webhook(self, id: str) -> None:
        """Forget a webhook that was remembered, if there is one."""
        self._early_webhooks.pop(id)

    def take_early_snapshot(self, id: str) -> SnapshotT | None:
        """Return the snapshot of a webhook that arrived before the first subscription, and forget it."""
        webhook = self._early_webhooks.pop(id)
        return None if webhook is None else webhook.decode(webhook.body)
