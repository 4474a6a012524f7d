"""Waiting for a deployment to be ready, by looking at its status."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

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
from edgegap_async.models.deployments import Deployment, StateChange
from edgegap_async.models.fields import State

OnStatus: TypeAlias = Callable[[StateChange], object]
"""Called in the event loop when a deployment is seen in another state; what it raises ends the wait."""

Look: TypeAlias = Callable[[str, float], Awaitable[Deployment]]
"""One look at a deployment, within so many seconds."""

_MISSING: Final = (NotFound, Gone, BadRequest)
"""How the service says that it does not know a deployment; 400 is what it really answers."""

_FINAL: Final = (AuthenticationError, PermissionDenied, DecodeError, ConfigurationError, DeadlineExceeded)
"""What will not be different at the next look."""


@attrs.frozen(kw_only=True)
class Schedule:
    """When to look, in seconds: servers are ready 2 to 6 s after the request, 20 s and more with a cold image.

    Looks are ``share`` of the time waited so far apart, between ``shortest`` and ``longest``, 10 % more or less.
    A deployment that the service does not know is given ``unknown_grace`` (it may be too new), one that is READY and
    has no address or ports ``incomplete_grace``.
    """

    shortest: float = 0.25
    longest: float = 5.0
    share: float = 0.15
    unknown_grace: float = 10.0
    incomplete_grace: float = 10.0

    def pause(self, waited: float, jitter: Callable[[], float] = random.random) -> float:
        """Seconds to the next look, ``waited`` seconds after the first."""
        return min(max(waited * self.share, self.shortest), self.longest) * (0.9 + 0.2 * jitter())


@attrs.define(kw_only=True)
class _Wait:
    request_id: str
    began: float
    on_status: OnStatus | None
    seen: Deployment | None = None
    ready_since: float | None = None
    trouble: EdgegapError | None = None

    @property
    def state(self) -> State | None:
        return self.seen.state if self.seen is not None else None

    def note(self, seen: Deployment) -> None:
        old, self.seen, self.trouble = self.state, seen, None
        if self.on_status is not None and seen.state != old:
            self.on_status(StateChange(request_id=self.request_id, old=old, new=seen.state, seen=seen))


async def wait_until_ready(
    look: Look,
    request_id: str,
    *,
    timeout: float,
    on_status: OnStatus | None = None,
    schedule: Schedule = Schedule(),
) -> Deployment:
    """Look at a deployment until it is ready and its address and ports are known.

    ``timeout`` is in seconds. Raises DeploymentFailed, DeploymentTerminated or ReadyTimeout with the last state, and at
    once what no further look can change (401, 403, an answer that cannot be read). Other failures of a look are
    waited through.
    """
    loop = asyncio.get_running_loop()
    wait = _Wait(request_id=request_id, began=loop.time(), on_status=on_status)
    try:
        async with asyncio.timeout(timeout):
            while True:
                left = wait.began + timeout - loop.time()
                try:
                    wait.note(await look(request_id, left))
                except _FINAL:
                    raise
                except _MISSING as error:
                    if wait.seen is not None or loop.time() - wait.began > schedule.unknown_grace:
                        raise _terminated(wait, "the service does not know it (any more)") from error
                except EdgegapError as error:
                    wait.trouble = error
                else:
                    if (ready := _judged(wait, loop.time(), schedule)) is not None:
                        return ready
                await asyncio.sleep(schedule.pause(loop.time() - wait.began))
    except DeploymentTerminated:
        raise
    except TimeoutError as error:
        raise _too_late(wait, timeout) from (wait.trouble or (error if isinstance(error, EdgegapError) else None))


def _judged(wait: _Wait, now: float, schedule: Schedule) -> Deployment | None:
    """The deployment if it is ready, None if it has to be waited for; raises where that is pointless."""
    seen = wait.seen
    if seen is None or seen.state is None:
        return None
    if seen.state is State.ERROR:
        reason = cleaned(seen.error_detail or "") or None
        raise DeploymentFailed(
            f"deployment {wait.request_id} failed: {reason or 'the service gives no reason'}. "
            "It still exists, and is billed, until it is stopped",
            request_id=wait.request_id,
            last_state=seen.state,
            reason=reason,
        )
    if seen.state.gone:
        raise _terminated(wait, "it was stopped before it was ready")
    if seen.is_reachable:
        return seen
    if seen.is_ready:
        wait.ready_since = now if wait.ready_since is None else wait.ready_since
        if now - wait.ready_since > schedule.incomplete_grace:
            raise DeploymentFailed(
                f"deployment {wait.request_id} is ready but has no {'ports' if not seen.ports else 'address'} "
                f"{schedule.incomplete_grace:.3g} s later: does its version declare a port?",
                request_id=wait.request_id,
                last_state=seen.state,
                reason="ready without ports or address",
            )
    return None


def _terminated(wait: _Wait, why: str) -> DeploymentTerminated:
    return DeploymentTerminated(
        f"deployment {wait.request_id} is gone: {why} (last seen {wait.state or 'never'})",
        request_id=wait.request_id,
        last_state=wait.state,
        reason=why,
    )


def _too_late(wait: _Wait, timeout: float) -> ReadyTimeout:
    trouble = f"; the last look failed: {wait.trouble}" if wait.trouble is not None else ""
    return ReadyTimeout(
        f"deployment {wait.request_id} was not ready within {timeout:.3g} s (last seen {wait.state or 'never'})"
        f"{trouble}. It may still become ready: stop it if it is not wanted",
        request_id=wait.request_id,
        last_state=wait.state,
        reason=str(wait.trouble) if wait.trouble is not None else None,
    )
