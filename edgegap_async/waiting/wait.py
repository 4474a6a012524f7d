"""Waiting for something to be ready, by looking at it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeAlias

import attrs

from edgegap_async.errors import (
    AuthenticationError,
    BadRequest,
    ConfigurationError,
    DeadlineExceeded,
    DecodeError,
    DeploymentFailed,
    DeploymentTerminated,
    EdgegapError,
    Gone,
    NotFound,
    PermissionDenied,
    ReadyTimeout,
    cleaned,
)
from edgegap_async.models.states import Progress, SnapshotT, State, StateChange

OnStatus: TypeAlias = Callable[[StateChange[SnapshotT]], object]
"""Called in the event loop when something is seen in another state; what it raises ends the wait."""

OnLook: TypeAlias = Callable[[SnapshotT], object]
"""Called in the event loop with all that is seen; what it raises ends the wait."""

Look: TypeAlias = Callable[[str, float], Awaitable[SnapshotT]]
"""One look at the thing with an id, within so many seconds."""

MISSING: Final = (NotFound, Gone, BadRequest)
"""How the service says that it does not know a deployment; 400 is what it really answers."""

FINAL: Final = (AuthenticationError, PermissionDenied, DecodeError, ConfigurationError, DeadlineExceeded)
"""What will not be different at the next look."""


@attrs.frozen(kw_only=True)
class Schedule:
    """When to look, in seconds: servers are ready 2 to 6 s after the request, 20 s and more with a cold image.

    Looks are ``share`` of the time waited so far apart, between ``shortest`` and ``longest``, 10 % more or less.
    What the service does not know is given ``unknown_grace`` (it may be too new; None: that error ends the wait as it
    is), what is READY and has no address or ports ``incomplete_grace``.
    """

    shortest: float = 0.25
    longest: float = 5.0
    share: float = 0.15
    unknown_grace: float | None = 10.0
    incomplete_grace: float = 10.0

    def pause(self, waited: float, jitter: Callable[[], float] = random.random) -> float:
        """Seconds to the next look, ``waited`` seconds after the first."""
        return min(max(waited * self.share, self.shortest), self.longest) * (0.9 + 0.2 * jitter())


AS_IT_COMES: Final = Schedule(shortest=0.0, longest=0.0)
"""For looks that wait themselves until there is something to see."""


@attrs.frozen(kw_only=True)
class Kind:
    """What is waited for, in words: what it is, what to look at if it stays incomplete, what to do if it is left."""

    name: str
    hint: str = "look at it again later"
    failed: str = "It still exists until it is deleted"
    unwanted: str = "delete it if it is not wanted"


DEPLOYMENT: Final = Kind(
    name="deployment",
    hint="does its version declare a port?",
    failed="It still exists, and may be billed, until it is stopped",
    unwanted="stop it if it is not wanted",
)


@attrs.define(kw_only=True)
class _Wait(Generic[SnapshotT]):
    kind: Kind
    request_id: str
    began: float
    on_status: OnStatus[SnapshotT] | None
    on_look: OnLook[SnapshotT] | None
    seen: SnapshotT | None = None
    incomplete_since: float | None = None
    trouble: EdgegapError | None = None

    @property
    def what(self) -> str:
        return f"{self.kind.name} {self.request_id}"

    @property
    def state(self) -> State | None:
        return self.seen.state if self.seen is not None else None

    @property
    def last(self) -> str:
        """How it was seen last."""
        if self.seen is None:
            return "never"
        return self.seen.state or self.seen.reason or "in no state"

    def note(self, seen: SnapshotT) -> None:
        old, self.seen, self.trouble = self.state, seen, None
        if self.on_status is not None and seen.state != old:
            self.on_status(StateChange(id=self.request_id, old=old, new=seen.state, snapshot=seen))
        if self.on_look is not None:
            self.on_look(seen)


async def wait_until_ready(
    look: Look[SnapshotT],
    request_id: str,
    *,
    kind: Kind = DEPLOYMENT,
    timeout: float,
    on_status: OnStatus[SnapshotT] | None = None,
    on_look: OnLook[SnapshotT] | None = None,
    schedule: Schedule = Schedule(),
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> SnapshotT:
    """Look at something until it is ready and complete.

    ``kind`` has the words that errors say it in; ``timeout`` is in seconds; ``sleep`` is how to wait between two looks,
    for so many seconds or less. Raises DeploymentFailed,
    DeploymentTerminated or ReadyTimeout with the last state, and at once what no further look can change (401, 403, an
    answer that cannot be read). Other failures of a look are waited through.
    """
    loop = asyncio.get_running_loop()
    wait = _Wait(kind=kind, request_id=request_id, began=loop.time(), on_status=on_status, on_look=on_look)
    try:
        async with asyncio.timeout(timeout):
            while True:
                left = wait.began + timeout - loop.time()
                try:
                    seen = await look(request_id, left)
                except FINAL:
                    raise
                except MISSING as error:
                    if schedule.unknown_grace is None:
                        raise
                    if wait.seen is not None or loop.time() - wait.began > schedule.unknown_grace:
                        raise _terminated(wait, "the service does not know it (any more)") from error
                except EdgegapError as error:
                    wait.trouble = error
                else:
                    wait.note(seen)
                    if _is_over(wait, seen, loop.time(), schedule):
                        return seen
                await sleep(schedule.pause(loop.time() - wait.began))
    except DeploymentTerminated:
        raise
    except TimeoutError as error:
        raise _too_late(wait, timeout) from (wait.trouble or (error if isinstance(error, EdgegapError) else None))


def _is_over(wait: _Wait[SnapshotT], seen: SnapshotT, now: float, schedule: Schedule) -> bool:
    """Whether the wait has what it is for; raises where waiting on is pointless."""
    match seen.progress:
        case Progress.READY:
            return True
        case Progress.FAILED:
            reason = cleaned(seen.reason or "") or None
            raise DeploymentFailed(
                f"{wait.what} failed: {reason or 'the service gives no reason'}. {wait.kind.failed}",
                request_id=wait.request_id,
                last_state=wait.state,
                reason=reason,
            )
        case Progress.GONE:
            raise _terminated(wait, "it was stopped before it was ready")
        case Progress.INCOMPLETE:
            since = wait.incomplete_since = now if wait.incomplete_since is None else wait.incomplete_since
            if now - since > schedule.incomplete_grace:
                lacks = seen.reason or "not all it should have"
                raise DeploymentFailed(
                    f"{wait.what} is ready and has {lacks} {schedule.incomplete_grace:.3g} s later: {wait.kind.hint}",
                    request_id=wait.request_id,
                    last_state=wait.state,
                    reason=f"ready with {lacks}",
                )
        case Progress.PENDING:
            wait.incomplete_since = None
    return False


def _terminated(wait: _Wait[SnapshotT], why: str) -> DeploymentTerminated:
    return DeploymentTerminated(
        f"{wait.what} is gone: {why} (last seen {wait.last})",
        request_id=wait.request_id,
        last_state=wait.state,
        reason=why,
    )


def _too_late(wait: _Wait[SnapshotT], timeout: float) -> ReadyTimeout:
    trouble = f"; the last look failed: {wait.trouble}" if wait.trouble is not None else ""
    return ReadyTimeout(
        f"{wait.what} was not ready within {timeout:.3g} s (last seen {wait.last}){trouble}. "
        f"It may still become ready: {wait.kind.unwanted}",
        request_id=wait.request_id,
        last_state=wait.state,
        reason=str(wait.trouble) if wait.trouble is not None else None,
    )
