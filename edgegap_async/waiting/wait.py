"""The loop of every wait: the next snapshot, what it means, and the deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from edgegap_async.errors import EdgegapError
from edgegap_async.models.states import SnapshotT, StateChange
from edgegap_async.waiting.conditions import PERMANENT, WaitState, WaitTarget, is_not_found
from edgegap_async.waiting.subscriptions import Subscription

OnStatus: TypeAlias = Callable[[StateChange[SnapshotT]], object]
"""Called in the event loop when a snapshot shows another state; an exception that it raises ends the wait."""

OnSnapshot: TypeAlias = Callable[[SnapshotT], object]
"""Called in the event loop with each snapshot; an exception that it raises ends the wait."""


async def wait_until_ready(
    subscription: Subscription[SnapshotT],
    target: WaitTarget,
    *,
    timeout: float,
    on_status: OnStatus[SnapshotT] | None = None,
    on_snapshot: OnSnapshot[SnapshotT] | None = None,
) -> SnapshotT:
    """Wait until something is ready and complete. Transient errors of polls do not end the wait.

    Args:
        subscription: Where its snapshots come from.
        target: What it is, for the errors.
        timeout: In seconds.
        on_status: Called with each change of its state.
        on_snapshot: Called with each snapshot.

    Returns:
        The snapshot that shows it ready.

    Raises:
        WaitFailed: It is in error.
        WaitTerminated: It was stopped or deleted, or the service does not know it.
        WaitTimeout: It was not ready in time.
        EdgegapError: A poll failed permanently: 401, 403, or a response that cannot be decoded.
    """
    loop = asyncio.get_running_loop()
    wait: WaitState[SnapshotT] = WaitState(target=target, id=subscription.entry.id, began_at=loop.time())
    try:
        async with asyncio.timeout(timeout):
            while True:
                try:
                    snapshot = await subscription.next()
                except PERMANENT:
                    raise
                except EdgegapError as error:
                    if is_not_found(error):
                        wait.not_found(error, loop.time())
                    else:
                        wait.last_error = error
                else:
                    old = wait.state
                    if on_status is not None and snapshot.state != old:
                        on_status(StateChange(id=wait.id, old=old, new=snapshot.state, snapshot=snapshot))
                    if on_snapshot is not None:
                        on_snapshot(snapshot)
                    if wait.record(snapshot, loop.time()):
                        return snapshot
    except TimeoutError as error:
        raise wait.timed_out(timeout) from (wait.last_error or (error if isinstance(error, EdgegapError) else None))
