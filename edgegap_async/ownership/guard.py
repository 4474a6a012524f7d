"""Exactly one server for each creation, whatever becomes of its answer.

The service has no idempotency key. So each creation carries a tag of its own, and where its answer is lost the list
is asked for that tag: what is found is taken, what is certainly not there is asked for again, and what shows later is
stopped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal, Protocol, TypeAlias, TypeVar, Unpack, cast, get_args

import attrs

from edgegap_async.errors import (
    JSON,
    BadRequest,
    DeadlineExceeded,
    DecodeError,
    EdgegapError,
    Gone,
    NotFound,
    Outcome,
    ServerError,
    TransportError,
    Unprocessable,
)
from edgegap_async.limits import Priority
from edgegap_async.models.deployments import StopReceipt, StopResponse
from edgegap_async.models.encoding import string_values
from edgegap_async.models.query import Filter, query_text
from edgegap_async.models.states import State
from edgegap_async.ownership.background import BackgroundTasks
from edgegap_async.ownership.cleanup import Cleanup
from edgegap_async.ownership.journal import Came, Journal
from edgegap_async.ownership.tag import GuardTag, GuardTags
from edgegap_async.pagination import PageStream
from edgegap_async.transport import CallOptions, Pipeline
from edgegap_async.validation import positive, validate_choice

OnCancel: TypeAlias = Literal["stop", "keep"]
"""What becomes of a server whose creator is cancelled meanwhile."""

logger: Final = logging.getLogger("edgegap_async")

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 2.0
_TAGS_AT_ONCE: Final = 100
"""Tags in one query: a page of servers, and an address that is not too long."""

_LOOK_SECONDS: Final = 20.0
"""What one look into the list may take in the background."""


@attrs.frozen(kw_only=True)
class GuardPolicy:
    """How a creation whose answer is lost is looked into, in seconds.

    A server counts as absent when a look into the list shows none ``settle_seconds`` after its request ended; a list
    that is seen to lag by more than half of that is given twice its lag, up to ``max_settle_seconds``. It is then
    asked for again, ``max_attempts`` times in all, and for ``watch_seconds`` after that a double is looked for.
    """

    settle_seconds: float = attrs.field(default=4.0, validator=positive)
    max_settle_seconds: float = attrs.field(default=20.0, validator=positive)
    watch_seconds: float = attrs.field(default=15.0, validator=positive)
    max_attempts: int = attrs.field(default=3, validator=positive)


@attrs.frozen(kw_only=True)
class Found:
    """A row of the list as it matters here: with the tags as the service has them."""

    request_id: str
    fqdn: str | None = None
    status: State | None = None
    tags: tuple[str, ...] = ()


@attrs.define(kw_only=True)
class _Lost:
    """A request without an answer, which may have started a server; the moments are the loop's.

    No list has shown its server by ``unseen``; ``blind`` says that a list could not be had since.
    """

    at: float
    unseen: float
    blind: bool = False

    def not_shown(self, looked: float, rows: Sequence[Found] | None) -> None:
        """A look did not show it."""
        self.blind = rows is None
        if rows is not None:
            self.unseen = looked

    def lag(self, looked: float) -> float:
        """The seconds that the list was seen to be behind, for one that is shown now."""
        return (self.unseen if self.blind else looked) - self.at


class Created(Protocol):
    """What answers a creation."""

    @property
    def request_id(self) -> str:
        """The server's id."""
        ...


CreatedT = TypeVar("CreatedT", bound=Created)


class DeployGuard:
    """Creates and stops the deployments of one client, and knows which of them it has to see the end of."""

    def __init__(
        self, pipeline: Pipeline, chores: BackgroundTasks, policy: GuardPolicy, journal: Journal | None
    ) -> None:
        self.policy: GuardPolicy = policy
        self.removal: Cleanup = Cleanup(
            chores=chores, remove=self._remove, what="deployment", verb="stop", done="stopped"
        )
        self.tags: GuardTags = GuardTags()
        self._pipeline = pipeline
        self._chores = chores
        self._journal = journal
        self._settle = policy.settle_seconds
        self._query_refused = False
        self._alive: dict[str, GuardTag] = {}

    # creating

    async def create(
        self,
        operation_id: str,
        model: type[CreatedT],
        body: dict[str, JSON],
        *,
        name: str,
        adopt: Callable[[Found], CreatedT],
        seconds: float,
        guarded: bool,
        on_cancel: OnCancel,
        hooks: Callable[[GuardTag], dict[str, JSON]],
    ) -> CreatedT:
        """One server, or an error and none; a caller who is cancelled meanwhile leaves at once.

        ``adopt`` makes of a row what the lost answer would have been, ``name`` is what the server is called in the log,
        ``hooks`` are the webhooks of a creation, beside or instead of which the body may have its own.
        """
        validate_choice(on_cancel, get_args(OnCancel), "on_cancel")
        tag = self.tags.next()

        async def ask(left: float) -> CreatedT:
            tags = [*cast("list[JSON]", body.get("tags", [])), str(tag)]
            whole: dict[str, JSON] = {**hooks(tag), **body, **({"tags": tags} if guarded else {})}
            return await self._pipeline.call(operation_id, model, body=whole, timeout=left, priority=Priority.URGENT)

        what = f"deployment of {name}"
        work = self._exactly_one(ask, adopt, tag, seconds, guarded=guarded, name=name)
        fate = self._chores.start(work, name=f"create a {what}", id=str(tag))
        try:
            return await asyncio.shield(fate)
        except asyncio.CancelledError:
            if on_cancel == "stop":
                self.removal.undo(fate, lambda created: created.request_id, name=what, id=str(tag))
            else:
                fate.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody asks any more
            raise

    async def _exactly_one(
        self,
        ask: Callable[[float], Awaitable[CreatedT]],
        adopt: Callable[[Found], CreatedT],
        tag: GuardTag,
        seconds: float,
        *,
        guarded: bool,
        name: str,
    ) -> CreatedT:
        """Ask until there is an answer, a server that is found without one, or no more hope."""
        loop = asyncio.get_running_loop()
        ends, left, asked = loop.time() + seconds, seconds, 0
        lost: list[_Lost] = []
        await self._note(tag, "asked", name=name)
        while True:
            asked += 1
            try:
                created = await ask(left)
                break
            except EdgegapError as error:
                if not may_have_been_created(error) or not guarded:
                    await self._give_up(tag, error, lost)
                    raise
                lost.append(_Lost(at=loop.time(), unseen=loop.time()))
                if found := await self._look_up(tag, lost[-1], ends):
                    logger.info("%s: its answer was lost, it was found by its tag %s (%s)", name, tag, error)
                    created = adopt(found[0])
                    lost.pop()
                    break
                if found is None or asked >= self.policy.max_attempts or loop.time() >= ends:
                    await self._give_up(tag, error, lost)
                    raise
                left = ends - loop.time()
        id = created.request_id
        await self._came(tag, id)
        if lost:
            self._chores.leave(self._sweep(tag, lost, keep=id), name=f"look for doubles of {id} by {tag}", id=str(tag))
        return created

    async def _give_up(self, tag: GuardTag, error: EdgegapError, lost: Sequence[_Lost]) -> None:
        """See to what a creation that failed may have left behind."""
        if isinstance(error, Unprocessable) and error.request_id is not None:
            await self._came(tag, error.request_id)
            await self.removal.after(error, error.request_id)
        if lost:
            error.add_note(f"it may have started a server: one with the tag {tag} is looked for, and stopped")
            self._chores.leave(self._sweep(tag, lost), name=f"stop what has the tag {tag}", id=str(tag))
        elif not may_have_been_created(error):
            await self._note(tag, "gone")

    # what the list knows

    async def _look_up(self, tag: GuardTag, lost: _Lost, ends: float) -> Sequence[Found] | None:
        """The servers with a tag; empty once a look showed none after the settle time, None if that is not known."""
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE
        while True:
            looked, rows = loop.time(), await self._rows(tag, ends - loop.time())
            if rows:
                self._learn(lost.lag(looked))
                return rows
            lost.not_shown(looked, rows)
            if rows is not None and looked >= lost.at + self._settle:
                return rows
            if loop.time() + pause >= ends:
                return None
            await asyncio.sleep(pause)
            pause = min(2 * pause, max(lost.at + self._settle - loop.time(), _FIRST_PAUSE), _LONGEST_PAUSE)

    def _learn(self, lag: float) -> None:
        """The list was seen to lag by so much: from now on it is given twice that."""
        self._settle = min(max(self._settle, 2 * lag), self.policy.max_settle_seconds)

    async def _sweep(self, tag: GuardTag, lost: Sequence[_Lost], *, keep: str | None = None) -> None:
        """Stop the servers that lost requests may have started: as many, or all that show while they are watched for.

        Goes on while the list cannot be had: whoever closes the client ends it, and hears of it.
        """
        loop = asyncio.get_running_loop()
        ends, pause = loop.time() + max(self.policy.watch_seconds, self._settle), _FIRST_PAUSE
        stopped: set[str] = set()
        while len(stopped) < len(lost):
            looked, rows = loop.time(), await self._rows(tag, _LOOK_SECONDS)
            doubles = [row.request_id for row in rows or () if row.request_id not in {keep, *stopped}]
            if doubles:
                self._learn(lost[0].lag(looked))
            else:
                lost[0].not_shown(looked, rows)
            for request_id in doubles:
                logger.warning("deployment %s was started by a request whose answer was lost", request_id)
                await self.removal.surely(request_id)
                stopped.add(request_id)
            if rows is not None and looked >= ends:
                break
            await asyncio.sleep(pause)
            pause = min(2 * pause, max(ends - loop.time(), _FIRST_PAUSE), _LONGEST_PAUSE)
        if keep is None:
            await self._note(tag, "gone")

    async def settled(self, tags: Collection[GuardTag]) -> list[tuple[Found, GuardTag]]:
        """The servers with some tags, once each tag was asked for longer ago than the settle time."""
        last = max(tag.asked_at for tag in tags)
        await asyncio.sleep(max((last - datetime.now(UTC)).total_seconds() + self._settle, 0))
        return [
            found
            for some in _batches([*tags], _TAGS_AT_ONCE)
            for found in await self._listed({str(tag): tag for tag in some}, _LOOK_SECONDS)
        ]

    async def tagged(self) -> list[tuple[Found, GuardTag]]:
        """The servers that any client has asked for in this way, and that are not on their way out."""
        rows = [row for row in await self._walk(None, _LOOK_SECONDS) if row.status is None or not row.status.gone]
        return [(row, tag) for row in rows for text in row.tags if (tag := GuardTag.parse(text)) is not None]

    async def _rows(self, tag: GuardTag, seconds: float) -> Sequence[Found] | None:
        """What the list shows with a tag now, None if it does not answer."""
        try:
            return [row for row, _ in await self._listed({str(tag): tag}, seconds)]
        except EdgegapError as error:
            logger.info("the list could not be asked for the tag %s: %s", tag, error)
            return None

    async def _listed(self, tags: Mapping[str, GuardTag], seconds: float) -> list[tuple[Found, GuardTag]]:
        """What the list shows with some tags now; one that takes no query is walked from its start to its end."""
        rows: Sequence[Found] | None = None
        if not self._query_refused:
            wanted = Filter(tags=[*tags] if len(tags) > 1 else next(iter(tags)))
            try:
                rows = await self._walk(query_text(wanted, None), seconds)
            except BadRequest as error:
                self._query_refused = True
                logger.warning("the list takes no query, and is walked instead: %s", error)
        if rows is None:
            rows = await self._walk(None, seconds)
        # whatever a service does with a query: only what has the tag is ours
        return [(row, tags[text]) for row in rows for text in row.tags if text in tags]

    async def _walk(self, query: str | None, seconds: float) -> list[Found]:
        rows = PageStream(
            self._pipeline,
            "deployment-list",
            Found,
            key=lambda row: row.request_id,
            query=string_values(query=query),
            prefetch=0,
            timeout=max(seconds, 0.001),
            live=True,
        )
        return await rows.collect()

    # stopping

    async def stop(self, operation_id: str, request_id: str, **parts: Unpack[CallOptions]) -> StopReceipt:
        """Stop a deployment; one that is gone, on its way or unknown to the service is no error."""
        try:
            answer = await self._pipeline.call(operation_id, StopResponse, **parts)
        except (Gone, NotFound, BadRequest) as error:
            # 404 is the document's word for an unknown id, this 400 the service's.
            if isinstance(error, BadRequest) and "request id" not in error.message.lower():
                raise
            receipt = StopReceipt(request_id=request_id, message=error.message, already_gone=True)
        else:
            summary = answer.deployment_summary
            receipt = StopReceipt(request_id=request_id, message=answer.message or "", deployment_summary=summary)
        await self.gone(request_id)
        return receipt

    async def _remove(self, request_id: str) -> StopReceipt:
        path = {"deployment_id": request_id}
        return await self.stop("deployment-delete", request_id, path=path, priority=Priority.URGENT)

    def leave(self, request_id: str) -> None:
        """Stop a deployment in the background: nobody wants it."""
        self._chores.leave(self.removal.surely(request_id), name=f"stop deployment {request_id}", id=request_id)

    # what the journal is told

    async def gone(self, request_id: str) -> None:
        """Take note that a deployment is stopped, or on its way."""
        if (tag := self._alive.pop(request_id, None)) is not None:
            await self._note(tag, "gone")

    async def release(self, request_id: str) -> None:
        """Take note that somebody else sees the end of a deployment."""
        if (tag := self._alive.pop(request_id, None)) is not None:
            await self._note(tag, "released")

    async def _came(self, tag: GuardTag, request_id: str) -> None:
        if self._journal is not None:
            self._alive[request_id] = tag
            await self._journal.note(tag, "came", request_id=request_id)

    async def _note(self, tag: GuardTag, came: Came, *, name: str | None = None) -> None:
        if self._journal is not None:
            await self._journal.note(tag, came, name=name)


def _batches(tags: list[GuardTag], size: int) -> Iterator[list[GuardTag]]:
    for start in range(0, len(tags), size):
        yield tags[start : start + size]


def may_have_been_created(error: EdgegapError) -> bool:
    """Whether a creation that failed so can have started a server all the same, whose id is not known."""
    match error:
        case TransportError(outcome=outcome) | DeadlineExceeded(outcome=outcome):
            return outcome is Outcome.UNKNOWN
        case ServerError() | DecodeError():
            return True
        case _:
            return False
