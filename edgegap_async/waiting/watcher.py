"""One task that looks at all deployments somebody waits for: a few by their status, many in one page of the list."""

from __future__ import annotations

import asyncio
import copy
import functools
import heapq
import logging
import math
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeAlias, cast

import attrs

from edgegap_async.decoding.decoder import structure
from edgegap_async.errors import (
    JSON,
    BadRequest,
    ClientStateError,
    DeadlineExceeded,
    DecodeError,
    EdgegapError,
    TransportError,
)
from edgegap_async.limits import Priority
from edgegap_async.models.deployments import Deployment, DeploymentRow, DeploymentSnapshot
from edgegap_async.models.encoding import string_values
from edgegap_async.models.query import Filter, query_text
from edgegap_async.models.states import Progress
from edgegap_async.transport import Pipeline
from edgegap_async.waiting.history import ReadinessHistory, Version
from edgegap_async.waiting.intervals import Pace
from edgegap_async.waiting.progress import WaitProgress

logger: Final = logging.getLogger("edgegap_async")

FEW: Final = 2
"""So many are looked at one by one: the list may be asked half as often as the status, and shows all the others too."""

AT_ONCE: Final = 100
"""Rows on a page, and ids in one query: about 1.6 KB of an address that may have 8."""

_HEARD: Final = 20_000
"""Deployments that were told of before anybody waited for them."""

_LOOK_SECONDS: Final = 10.0
"""What one look may take, its repetitions included."""

_HAIR: Final = 0.001
"""Seconds that two moments may differ and still be one."""

_REFUSED_SECONDS: Final = 600.0
"""For so long a list that took no query is asked for none: what stood between may have refused it."""

_LISTS_UNDER_WAY: Final = 2
_STATUSES_UNDER_WAY: Final = 8


_Said: TypeAlias = tuple[str, JSON]
"""The status of a row, and whether it is ready: its state."""


@functools.lru_cache(maxsize=64)
def _shared(said: _Said) -> _Said:
    """The same object for the same state, however many wait in it."""
    return said


@attrs.define(eq=False)
class Watched:
    """One deployment that somebody waits for; ``seen`` is the last sight of it that said something new."""

    request_id: str
    asked_at: float
    version: Version | None
    hooked: bool = False
    learns: bool = False
    """Whether the first sight of it READY tells what its version takes: somebody looked before, or not too late."""
    due: float = math.inf
    """When it is looked at next; not known while somebody looks."""
    waiters: int = 0
    onlookers: int = 0
    """Waiters who want to hear of every look."""
    looks: int = 0
    seen: DeploymentSnapshot | None = None
    said: _Said | None = None
    """What its row said last, while the same again is nothing new."""
    listed: bool = False
    by_status: bool = False
    hopes: tuple[asyncio.Future[None], ...] = ()
    """Of those who wait for something new; a tuple, since it is nearly always one."""

    def tell(self, seen: DeploymentSnapshot) -> None:
        """Somebody has looked; who waits hears of it if it is new, a matter of time, or wanted in any case."""
        if (
            self.onlookers
            or self.seen is None
            or self.seen.state != seen.state
            or seen.progress is not Progress.PENDING
        ):
            self.seen = seen
            hopes, self.hopes = self.hopes, ()
            for hope in hopes:
                if not hope.done():
                    hope.set_result(None)

    def complain(self, error: Exception) -> None:
        """Somebody has looked in vain; each who waits gets an error of their own, to which theirs is noted."""
        hopes, self.hopes = self.hopes, ()
        for hope in hopes:
            if not hope.done():
                hope.set_exception(copy.copy(error) if isinstance(error, EdgegapError) else error)


@attrs.define(eq=False)
class Sights:
    """What one who waits sees of a deployment, each sight once."""

    watched: Watched
    usual: float | None = None
    """What half of its version's servers took before; it stays for the wait, so that no bar goes back."""
    _last: DeploymentSnapshot | None = None

    async def look(self, _: str, __: float) -> DeploymentSnapshot:
        """The next sight that says something new; raises what went wrong with a look."""
        while (seen := self.watched.seen) is None or seen is self._last:
            hope = asyncio.get_running_loop().create_future()
            self.watched.hopes += (hope,)
            await hope
        self._last = seen
        return seen


_Due: TypeAlias = tuple[float, int, Watched]
"""When to look, a number that orders what is due at once, and at what."""


class Watcher:
    """Looks at what is waited for, as long as anything is."""

    def __init__(self, pipeline: Pipeline, pace: Pace | None = None) -> None:
        self.experience: ReadinessHistory = ReadinessHistory()
        self._pace = pace or Pace()
        self._pipeline = pipeline
        self._watched: dict[str, Watched] = {}
        self._asked: dict[str, tuple[float, Version, bool]] = {}
        self._heard: dict[str, DeploymentSnapshot] = {}
        self._due: list[_Due] = []
        self._page = AT_ONCE
        self._order = 0
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._looks: set[asyncio.Task[None]] = set()
        self._lists = 0
        self._refused_until = 0.0

    # who waits

    def asked(self, request_id: str, version: Version, *, hooked: bool = False) -> None:
        """A deployment was asked for now: it is known from when its time counts, and whether a webhook will tell."""
        self._asked[request_id] = (asyncio.get_running_loop().time(), version, hooked)
        if len(self._asked) > 20_000:  # created, and never waited for
            del self._asked[next(iter(self._asked))]

    @contextmanager
    def watching(self, request_id: str, *, every_look: bool = False) -> Generator[Sights]:
        """Have a deployment looked at during a block; ``every_look`` shows those too that say nothing new."""
        watched = self._watched.get(request_id)
        if watched is None:
            now = asyncio.get_running_loop().time()
            asked_at, version, hooked = self._asked.pop(request_id, (now, None, False))
            usual = self.experience.of(version)
            first = asked_at + self._pace.first_look(usual, hooked=hooked) if version is not None else now
            learns = version is not None and now <= first
            watched = self._watched[request_id] = Watched(request_id, asked_at, version, hooked, learns)
            self._schedule(watched, max(first, now))
            if (early := self._heard.pop(request_id, None)) is not None:
                self._saw(watched, early)
        watched.waiters += 1
        watched.onlookers += every_look
        try:
            usual = self.experience.of(watched.version)
            yield Sights(watched, usual.half if usual is not None else None)
        finally:
            watched.waiters -= 1
            watched.onlookers -= every_look
            if not watched.waiters:
                self._watched.pop(request_id, None)
                self._news.set()

    def progress(self, sights: Sights) -> WaitProgress:
        """How far the wait is that has these sights."""
        watched = sights.watched
        return WaitProgress(
            request_id=watched.request_id,
            state=watched.seen.state if watched.seen is not None else None,
            seconds=asyncio.get_running_loop().time() - watched.asked_at,
            usual=sights.usual,
        )

    def hear(self, seen: DeploymentSnapshot) -> None:
        """A webhook told of a deployment; one that nobody waits for yet is kept for who will."""
        watched = self._watched.get(seen.request_id)
        if watched is None:
            self._heard[seen.request_id] = seen
            if len(self._heard) > _HEARD:
                del self._heard[next(iter(self._heard))]
        elif seen.progress is Progress.INCOMPLETE:
            self.wake(seen.request_id)
        else:
            self._saw(watched, seen)

    def wake(self, request_id: str) -> None:
        """Something has become of a deployment: look at it now."""
        if (watched := self._watched.get(request_id)) is not None:
            watched.by_status = True
            self._schedule(watched, asyncio.get_running_loop().time())

    def _schedule(self, watched: Watched, moment: float) -> None:
        """Look at something then, unless that is done sooner anyway."""
        if watched.due <= moment:
            return
        watched.due = moment
        self._push(watched)
        self._news.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="edgegap watcher")

    # who looks

    async def close(self) -> None:
        """Look no more; who waits still is told."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for watched in self._watched.values():
            watched.complain(ClientStateError("the client was closed while a deployment was waited for"))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._watched:
                self._news.clear()
                pause = self._look(loop.time())
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._news.wait()
        except Exception as error:  # a mistake here must leave nobody waiting for ever
            logger.exception("the watcher failed")
            for watched in self._watched.values():
                watched.complain(error)
        finally:
            self._task = None
            for look in self._looks:
                look.cancel()
            await asyncio.gather(*self._looks, return_exceptions=True)

    def _look(self, now: float) -> float | None:
        """Begin the looks that are due and that there is room for; seconds to the next, None where one has to end.

        What a page is asked for is chosen when there is a slot for it, not before: so those are in it that are due.
        """
        due = self._take(self._page, lambda moment, _: moment <= now + _HAIR)
        one_by_one = now < self._refused_until
        single = [each for each in due if one_by_one or each.by_status]
        many = [each for each in due if not (one_by_one or each.by_status)]
        if len(self._watched) <= FEW:
            single, many = [*single, *many], []
        later = math.inf
        if many:
            later = self._pipeline.slot_in("list", Priority.POLL)
            if later <= _HAIR and self._lists < _LISTS_UNDER_WAY:
                self._lists += 1
                # what is nearly due: on a page that is asked for anyway there is room for it
                many += self._take(
                    self._page - len(many), lambda moment, watched: self._is_nearly(watched, moment, now)
                )
                self._start(self._list(many), many)
                many, later = [], math.inf
            elif later <= _HAIR:
                later = math.inf  # one that ends wakes the one who looks
        room = _STATUSES_UNDER_WAY - (len(self._looks) - self._lists)
        for watched in single[:room]:
            self._start(self._status(watched), [watched])
        for watched in (*many, *single[max(room, 0) :]):
            self._push(watched)
        if self._due and self._due[0][0] > now + _HAIR:
            later = min(later, self._due[0][0] - now)
        return None if math.isinf(later) else later

    def _push(self, watched: Watched) -> None:
        self._order += 1
        heapq.heappush(self._due, (watched.due, self._order, watched))

    def _take(self, most: int, wanted: Callable[[float, Watched], bool]) -> list[Watched]:
        """The first that are due, as long as they are wanted; what nobody waits for any more, or is due at another
        moment by now, is dropped.
        """
        taken: list[Watched] = []
        while self._due and len(taken) < most:
            moment, _, watched = self._due[0]
            valid = bool(watched.waiters) and watched.due == moment
            if valid and not wanted(moment, watched):
                break
            heapq.heappop(self._due)
            if valid:
                taken.append(watched)
        return taken

    def _is_nearly(self, watched: Watched, moment: float, now: float) -> bool:
        return not watched.by_status and moment - now <= self._pace.distance(hooked=watched.hooked) / 2

    def _start(self, look: Coroutine[Any, Any, None], at: Sequence[Watched]) -> None:
        for watched in at:
            watched.due = math.inf
        task = asyncio.create_task(look, name="edgegap look")
        self._looks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, look: asyncio.Task[None]) -> None:
        self._looks.discard(look)
        self._news.set()

    async def _status(self, watched: Watched) -> None:
        try:
            path = {"deployment_id": watched.request_id}
            seen = await self._pipeline.call(
                "deployment-get", Deployment, path=path, timeout=_LOOK_SECONDS, priority=Priority.POLL
            )
        except EdgegapError as error:
            watched.complain(_passing(error))
        else:
            watched.by_status = False
            self._saw(watched, seen)
        finally:
            self._again(watched)

    async def _list(self, many: Sequence[Watched]) -> None:
        try:
            answer = await self._rows([each.request_id for each in many])
        except BadRequest as error:
            level = logging.DEBUG if self._refused_until else logging.WARNING
            logger.log(level, "the list takes no query: deployments are waited for one by one (%s)", error)
            self._refused_until = asyncio.get_running_loop().time() + _REFUSED_SECONDS
        except EdgegapError as error:
            for watched in many:
                watched.complain(_passing(error))
        else:
            rows = {row.get("request_id"): row for row in answer.data}
            if capped := answer.pagination is not None and answer.pagination.has_next:
                self._page = max(len(rows), 1)  # the service gives smaller pages than it was asked for
            for watched in many:
                if (row := rows.get(watched.request_id)) is not None or not capped:
                    self._read(watched, row)
        finally:
            self._lists -= 1
            for watched in many:
                self._again(watched)

    async def _rows(self, request_ids: list[str]) -> _Rows:
        query = query_text(Filter(request_id=request_ids), None)
        return await self._pipeline.call(
            "deployment-list",
            _Rows,
            query=string_values(query=query) | {"page": "1", "limit": str(AT_ONCE)},
            timeout=_LOOK_SECONDS,
            priority=Priority.POLL,
        )

    def _read(self, watched: Watched, fields: Mapping[str, JSON] | None) -> None:
        """What a row says, or that there is none; where it does not say enough, the status decides."""
        if fields is None:
            age = asyncio.get_running_loop().time() - watched.asked_at
            watched.by_status = watched.listed or age > _LISTED_WITHIN
            return
        watched.listed = True
        watched.looks += 1
        status = fields.get("status")
        said = (status, fields.get("ready")) if isinstance(status, str) else None
        if said is not None and said == watched.said and not watched.onlookers:
            return  # thousands wait like this: the row is not read any further
        try:
            row = structure(cast("JSON", fields), DeploymentRow, operation="deployment-list")
        except DecodeError as error:
            watched.complain(error)
            return
        settled = row.progress in {Progress.PENDING, Progress.READY}
        watched.said = _shared(said) if said is not None and settled else None
        if row.progress is Progress.FAILED:
            watched.by_status = True  # it says why
            return
        watched.by_status = row.progress is Progress.INCOMPLETE or (
            row.status is None and watched.looks % _SILENT_LOOKS == 0
        )
        self._saw(watched, row)

    def _saw(self, watched: Watched, seen: DeploymentSnapshot) -> None:
        if watched.version is not None and (watched.seen is None or watched.seen.progress is Progress.PENDING):
            if seen.progress is Progress.PENDING:
                watched.learns = True
            elif seen.progress is Progress.READY and watched.learns:
                took = asyncio.get_running_loop().time() - watched.asked_at
                self.experience.note(watched.version, took)
        watched.tell(seen)

    def _again(self, watched: Watched) -> None:
        if watched.waiters:
            now = asyncio.get_running_loop().time()
            usual = self.experience.of(watched.version)
            pause = self._pace.pause(now - watched.asked_at, usual, hooked=watched.hooked)
            self._schedule(watched, now + pause)


_LISTED_WITHIN: Final = 3.0
"""Seconds after which a deployment that no list has shown is asked for by itself."""

_SILENT_LOOKS: Final = 20
"""Every so many looks at a row without a status, the status is asked for: the row would not tell of an error."""


def _passing(error: EdgegapError) -> EdgegapError:
    """A look that took too long says nothing of the wait that it was for."""
    if isinstance(error, DeadlineExceeded):
        return TransportError(str(error), outcome=error.outcome, operation=error.operation)
    return error


@attrs.frozen(kw_only=True)
class _Pagination:
    has_next: bool = False


@attrs.frozen(kw_only=True)
class _Rows:
    data: tuple[Mapping[str, JSON], ...] = ()
    pagination: _Pagination | None = None
