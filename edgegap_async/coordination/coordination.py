"""Joins the clients of several processes through a store, and lets each go on alone while the store is lost."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import random
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from edgegap_async.config import Settings
from edgegap_async.coordination.messages import (
    BucketPaused,
    Joined,
    Message,
    ServerStopped,
    WebhookReceived,
    decode_message,
)
from edgegap_async.coordination.outbox import LATER, SOON, Outbox
from edgegap_async.coordination.shared_bucket import AnnouncingBucket, SharedBucket
from edgegap_async.coordination.shared_slots import SharedSlots
from edgegap_async.coordination.shared_watching import SharedWatching
from edgegap_async.coordination.store import CoordinationStore, Membership, StoreError
from edgegap_async.errors import CoordinationError
from edgegap_async.limits import LONGEST_PAUSES, RateBucket, TokenBucket
from edgegap_async.operations import Bucket
from edgegap_async.ownership.guard import DeployGuard
from edgegap_async.rare_warnings import RareWarnings
from edgegap_async.waiting.watchers import Watchers
from edgegap_async.webhooks.receiver import Webhooks

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger: Final = logging.getLogger("edgegap_async")

CoordinationState: TypeAlias = Literal["not open", "shared", "lost", "closed"]

_HEARTBEAT_SECONDS: Final = 0.4
_FEW_MEMBERS: Final = 8
"""With more than this, each member sends fewer heartbeats, but the leader."""

_LONGEST_PAUSE: Final = 4.0
"""Of heartbeats: a member counts for three seconds after one."""

_RECONNECT_SECONDS: Final = 0.25

_RELOAD_SECONDS: Final = 30.0
"""How often the leader reads what all processes wait for, in case a message was lost."""

_WARNING_LENGTH: Final = 200

_WEBHOOK_KEY: Final = "webhook key"


class Coordination:
    """Acts as one client together with the other processes that use the same store and the same token.

    They share the rate limits, the polling of deployments, and the webhooks. While the store is lost, each process uses
    its share of the limits and polls what it waits for; it joins the others again when the store is back.
    """

    def __init__(self, store: str | Redis | CoordinationStore, settings: Settings, *, required: bool) -> None:
        """Connect to nothing yet.

        Args:
            store: The URL of a Valkey or Redis server, a client of the package ``redis``, or any CoordinationStore.
            settings: The token and the address of the service.
            required: Whether ``open`` fails without the store, instead of going on alone with a warning.

        Raises:
            ConfigurationError: The URL cannot be used, or the package ``redis`` is not installed.
        """
        self._store: CoordinationStore = _store_of(store, organisation_digest(settings))
        self._required = required
        self._state: CoordinationState = "not open"
        self._membership: Membership | None = None
        self._outbox = Outbox(self._store)
        self._buckets: dict[str, SharedBucket | AnnouncingBucket] = {}
        self._shared_buckets: list[SharedBucket] = []
        self._watching: SharedWatching | None = None
        self._webhooks: Webhooks | None = None
        self._guard: DeployGuard | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure: asyncio.Future[None] | None = None
        self._slots = SharedSlots(self._store, self._lose)
        self._warnings = RareWarnings()
        self._is_retiring = False

    def __repr__(self) -> str:
        return f"<Coordination, {self._state}, members={self.members}>"

    @property
    def state(self) -> CoordinationState:
        """``"shared"`` together with the other processes; ``"lost"`` alone, because the store does not respond."""
        return self._state

    @property
    def members(self) -> int:
        """How many processes share the limits, this one included, as of the last heartbeat."""
        return self._membership.members if self._membership is not None else 1

    @property
    def is_leader(self) -> bool:
        """Whether this process polls for all."""
        return self._state == "shared" and self._membership is not None and self._leads(self._membership)

    @property
    def round_trips(self) -> int:
        """How many requests this process has sent to the store."""
        return self._store.round_trips

    # what it joins

    def share_buckets(
        self, buckets: Mapping[Bucket, TokenBucket], shared: Collection[str]
    ) -> Mapping[Bucket, RateBucket]:
        """Return the buckets of this process, of which some are shared with the others.

        Args:
            buckets: The limits of one client.
            shared: The buckets to share. The others have no documented number, so each process has its own; all of
                them pause after a 429.
        """
        joined: dict[Bucket, RateBucket] = dict(buckets)
        for name, bucket in buckets.items():
            if math.isinf(bucket.rate):
                continue
            if name in shared:
                of_all = SharedBucket(name, bucket, self._slots, self._announce_pause)
                self._shared_buckets.append(of_all)
                joined[name] = self._buckets[name] = of_all
            else:
                joined[name] = self._buckets[name] = AnnouncingBucket(name, bucket, self._announce_pause)
        return joined

    def share_waits(self, watchers: Watchers, webhooks: Webhooks) -> None:
        """Share the polls of deployments and the webhooks."""
        self._watching = SharedWatching(watchers.deployments, self._outbox, self._slots.store_time)
        self._webhooks = webhooks

    def share_stops(self, guard: DeployGuard) -> None:
        """Let the process that is responsible for a server write down that another one has stopped it."""
        self._guard = guard
        guard.announce_stop = self._announce_stop

    # opening and closing

    async def open(self, member: str) -> None:
        """Join the other processes.

        Args:
            member: The id of this process.

        Raises:
            CoordinationError: The store does not respond, and is required.
        """
        self._outbox.member = member
        joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(joined), name="edgegap coordination")
        self._task.add_done_callback(lambda _: joined.cancel())  # it may be cancelled first
        try:
            await asyncio.shield(joined)
        except StoreError as error:
            if self._required:
                await self.close()
                raise CoordinationError(
                    f"the coordination store cannot be used: {error}. Check coordination= and that the store runs, or "
                    "pass coordination_required=False to start without it"
                ) from None
        except BaseException:
            await self.close()
            raise

    def retire(self) -> None:
        """Let another process poll for all from now on, because this one is closing; it stays a member meanwhile."""
        self._is_retiring = True

    async def close(self) -> None:
        """Leave the other processes, and disconnect."""
        was_shared, self._state = self._state == "shared", "closed"
        if self._task is not None:
            self._task.cancel()
            buckets = (bucket.close() for bucket in self._shared_buckets)
            await asyncio.gather(self._task, self._slots.close(), *buckets, return_exceptions=True)
        try:
            if was_shared:
                await self._outbox.flush()
                await self._store.leave(self._outbox.member)
        except StoreError as error:
            logger.debug("the coordination store does not know that this process has ended: %s", error)
        finally:
            await self._store.close()

    # ownership

    async def living(self) -> set[str]:
        """Return the ids of all processes that are open, or were within the last minute.

        Raises:
            CoordinationError: The store is lost, so that they are not known.
        """
        try:
            return await self._store.living()
        except StoreError as error:
            raise CoordinationError(f"the coordination store does not say which processes live: {error}") from None

    # what the others learn

    def _announce_pause(self, bucket: str, seconds: float) -> None:
        self._announce(BucketPaused(bucket=bucket, seconds=seconds))

    def _announce_stop(self, id: str) -> None:
        self._announce(ServerStopped(id=id), within=LATER)

    def _announce_webhook(self, path: str, body: bytes) -> None:
        self._announce(WebhookReceived(path=path, body=body))

    def _announce(self, message: Message, *, within: float = SOON) -> None:
        if self._state == "shared":
            self._outbox.send(message, within=within)

    # the store

    def _drop_slots(self) -> None:
        for bucket in self._shared_buckets:
            bucket.drop_slots()

    def _lose(self, error: Exception) -> None:
        """Go on alone until the store is back."""
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)
            self._failure.exception()  # it is retrieved here: nothing waits for it while the connection ends
        if self._state in {"shared", "not open"}:
            if self._state == "shared":
                message = "the coordination store is lost: %s. Until it is back, this process uses 1/%d of the limits"
                logger.warning(message, error, self.members)
            self._state = "lost"
            self._slots.disconnect()
            self._drop_slots()
            self._outbox.clear()
            if self._watching is not None:
                self._watching.disconnect()

    async def _run(self, joined: asyncio.Future[None]) -> None:
        """Keep the connection to the store, and connect again when it is lost."""
        task = asyncio.current_task()
        # before Python 3.13, a task group that is ending with an error loses a cancellation
        while self._state != "closed" and not (task is not None and task.cancelling()):
            try:
                await self._stay_joined(joined)
            except* StoreError as errors:
                self._on_lost(errors.exceptions[0], joined)
            except* Exception as errors:  # a bug here must not keep a process from its work
                logger.exception("the coordination failed")
                self._on_lost(StoreError(f"the coordination failed ({errors.exceptions[0]!r})"), joined)
            await asyncio.sleep(_RECONNECT_SECONDS * (0.5 + random.random()))

    def _on_lost(self, error: Exception, joined: asyncio.Future[None]) -> None:
        self._lose(error)
        if not joined.done():
            joined.set_exception(StoreError(str(error)))
            joined.exception()  # it is retrieved here: the client may be cancelled while it opens
            if not self._required:
                logger.warning(
                    "the coordination store cannot be used, so this process starts alone, with all of the limits: %s",
                    error,
                )
        self._failure = None

    async def _stay_joined(self, joined: asyncio.Future[None]) -> None:
        """Join the other processes, and act as one with them; raises when the store is lost."""
        await self._store.open()
        async with aclosing(self._store.messages(self._outbox.member)) as messages, asyncio.TaskGroup() as tasks:
            await anext(messages)
            self._failure = asyncio.get_running_loop().create_future()
            await self._join(is_first=not joined.done())
            if not joined.done():
                joined.set_result(None)
            tasks.create_task(self._receive(messages))
            tasks.create_task(self._keep_beating())
            tasks.create_task(self._outbox.run())
            await self._failure

    async def _join(self, *, is_first: bool) -> None:
        """Send the first heartbeat, and share what this process has from now on."""
        await self._share_webhooks()
        sent_at = asyncio.get_running_loop().time()
        membership = await self._beat()
        self._slots.connect()
        self._drop_slots()
        self._state = "shared"
        if not is_first:
            logger.info("the coordination store is back: the limits are shared again")
        self._membership = None
        await self._take_role(membership, sent_at)
        self._outbox.send(Joined())

    async def _share_webhooks(self) -> None:
        if self._webhooks is not None and self._webhooks.is_enabled:
            key = await self._store.shared_value(_WEBHOOK_KEY, self._webhooks.key)
            self._webhooks.share(key, self._announce_webhook)

    async def _keep_beating(self) -> None:
        loaded_at = asyncio.get_running_loop().time()
        while True:
            # one of many takes over soon enough even if each of them sends few heartbeats
            pause = 1.0 if self.is_leader else min(max(self.members / _FEW_MEMBERS, 1.0), _LONGEST_PAUSE)
            await asyncio.sleep(_HEARTBEAT_SECONDS * pause * (0.9 + 0.2 * random.random()))
            sent_at = asyncio.get_running_loop().time()
            membership = await self._beat()
            await self._take_role(membership, sent_at)
            if self._watching is None or not self._leads(membership):
                continue
            self._watching.on_heartbeat()
            is_polling = membership.watched > 0 or self._watching.polls_for_others
            if is_polling and asyncio.get_running_loop().time() - loaded_at >= _RELOAD_SECONDS:
                loaded_at = asyncio.get_running_loop().time()
                await self._load()

    async def _beat(self) -> Membership:
        return await self._store.beat(self._outbox.member, may_lead=not self._is_retiring)

    async def _take_role(self, now: Membership, sent_at: float) -> None:
        before, self._membership = self._membership, now
        half = (asyncio.get_running_loop().time() - sent_at) / 2
        self._slots.update(now, sent_at + half, doubt=half)
        if before is not None and not now.was_known:  # the store has lost its data
            await self._share_webhooks()
        if self._watching is None:
            return
        self._watching.term = now.term
        if self._leads(now):
            if before is None or before.term != now.term or not now.was_known:
                self._watching.lead()
                await self._load()
        elif before is None or self._leads(before) or not now.was_known:
            self._watching.follow()

    def _leads(self, membership: Membership) -> bool:
        return membership.leader == self._outbox.member

    async def _load(self) -> None:
        if self._watching is not None:
            as_of = asyncio.get_running_loop().time()
            watches = await self._store.watches(without={self._outbox.member})
            await self._watching.load(watches, as_of=as_of)

    # messages

    async def _receive(self, messages: AsyncGenerator[bytes, None]) -> None:
        async for message in messages:
            if not message:
                continue  # a heartbeat of this process: it shows that messages arrive
            try:
                self._handle(message)
            except Exception as error:  # whatever another process sends, this one goes on
                reason = str(error)[:_WARNING_LENGTH]
                self._warnings.log("message", f"a message of another process cannot be read: {reason}")
        raise StoreError("the messages ended")

    def _handle(self, encoded: bytes) -> None:
        message = decode_message(encoded)
        if message.sender == self._outbox.member or message.to not in {None, self._outbox.member}:
            return
        match message:
            case BucketPaused():
                if (bucket := self._buckets.get(message.bucket)) is not None and message.seconds > 0:
                    bucket.pause(min(message.seconds, LONGEST_PAUSES[cast("Bucket", message.bucket)]))
            case ServerStopped():
                if self._guard is not None:
                    self._guard.record_stopped_elsewhere(message.id)
            case WebhookReceived():
                if self._webhooks is not None:
                    self._webhooks.receive_forwarded(message.path, message.body)
            case _:
                if self._watching is not None:
                    self._watching.on_message(message)


def organisation_digest(settings: Settings) -> str:
    """Return what the keys in the store have in place of the token: processes with the same one act as one client."""
    return hashlib.sha256(f"{settings.base_url} {settings.token.reveal()}".encode()).hexdigest()[:16]


def _store_of(store: str | Redis | CoordinationStore, organisation: str) -> CoordinationStore:
    if isinstance(store, CoordinationStore):
        return store
    from edgegap_async.coordination.valkey import ValkeyStore  # noqa: PLC0415 - only here, redis has to be installed

    return ValkeyStore(store, organisation=organisation)
