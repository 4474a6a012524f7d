"""How a status is polled, and how a wait ends that has no snapshot."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from edgegap_async.errors import DeadlineExceeded, EdgegapError, NotFound, Outcome, ServerError, WaitTimeout
from edgegap_async.limits import Priority
from edgegap_async.models.deployments import Deployment
from edgegap_async.transport import Pipeline
from edgegap_async.waiting.conditions import WaitTarget
from edgegap_async.waiting.status_probe import POLL_SECONDS, StatusProbe
from edgegap_async.waiting.subscriptions import RequestRecord, Subscription, WatchEntry
from edgegap_async.waiting.wait import wait_until_ready

UNAVAILABLE = ServerError(503, "later", {}, "thing-get")
DEADLINE = DeadlineExceeded("no slot", outcome=Outcome.NOT_SENT, operation="thing-get")
MISSING = NotFound(404, "gone", {}, "thing-get")


async def test_a_poll_is_a_call_with_its_own_deadline_and_the_lowest_priority() -> None:
    calls: list[tuple[object, ...]] = []

    class Recorder:
        async def call(self, operation_id: str, model: object, **options: Any) -> str:
            calls.append((operation_id, model, options))
            return "the snapshot"

    probe = StatusProbe(cast("Pipeline", Recorder()), "deployment-get", Deployment)
    entry: WatchEntry[Deployment] = WatchEntry(
        id="a", path={"deployment_id": "a"}, request=RequestRecord(requested_at=0.0)
    )
    assert cast("object", await probe.poll(entry)) == "the snapshot"
    options = {"path": {"deployment_id": "a"}, "timeout": POLL_SECONDS, "priority": Priority.POLL}
    assert calls == [("deployment-get", Deployment, options)]


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("error", "ends_at", "cause"),
    [(None, 3.0, None), (UNAVAILABLE, 3.0, UNAVAILABLE), (MISSING, 3.0, None), (DEADLINE, 1.0, DEADLINE)],
)
async def test_a_timeout_is_raised_from_the_error_that_explains_it(
    error: EdgegapError | None, ends_at: float, cause: EdgegapError | None
) -> None:
    class Failing:
        entry = WatchEntry[Any](id="a", path={}, request=RequestRecord(requested_at=0.0))
        polls = 0

        async def next(self) -> Deployment:
            self.polls += 1
            await asyncio.sleep(1 if self.polls == 1 and error is not None else 1000)
            assert error is not None
            raise error

    target = WaitTarget(kind="thing", unknown_grace=10.0)
    with pytest.raises(WaitTimeout) as caught:
        await wait_until_ready(cast("Subscription[Deployment]", Failing()), target, timeout=3.0)
    assert asyncio.get_running_loop().time() == pytest.approx(ends_at)
    assert caught.value.__cause__ is cause
    assert caught.value.__suppress_context__
