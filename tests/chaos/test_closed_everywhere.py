"""A client closed at every single await of what its callers do: no server is left, and no error has no cause."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from cancellation import MAX_STEPS, StepCounter, counting

from edgegap_async import EdgegapClient
from edgegap_async.errors import ClientStateError
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]


class ClosingCounter(StepCounter):
    """Closes a client at one of the resumptions that it counts."""

    def __init__(self, close_at: int, edgegap: EdgegapClient) -> None:
        super().__init__(close_at)
        self.edgegap = edgegap
        self.closing: asyncio.Future[None] | None = None

    def step(self) -> None:
        self.count += 1
        if self.count == self.cancel_at:
            self.closing = asyncio.ensure_future(self.edgegap.aclose())


async def deploy(edgegap: EdgegapClient) -> Any:
    return await edgegap.deployments.deploy("kart", "v1", users=USERS)


async def run(edgegap: EdgegapClient) -> None:
    async with edgegap.deployments.running("kart", "v1", users=USERS):
        await asyncio.sleep(0.1)


@pytest.mark.looptime
@pytest.mark.parametrize("work", [deploy, run])
@pytest.mark.parametrize("is_lost", [False, True])
async def test_a_client_closed_at_any_await_leaves_nothing(work: Any, is_lost: bool) -> None:
    for step in range(1, MAX_STEPS):
        async with LocalEdgegap(seed=1, time_to_ready=(0.3, 0.3)) as local:
            if is_lost:
                local.faults.add("deployments.create", "drop_after_commit")
            edgegap = local.client()
            await edgegap.__aenter__()
            counter = ClosingCounter(step, edgegap)
            async with counting(counter):
                [result] = await asyncio.gather(work(edgegap), return_exceptions=True)
            if counter.closing is None:  # it ended before
                await edgegap.aclose()
                return
            await counter.closing
            if isinstance(result, BaseException):
                assert isinstance(result, ClientStateError), step
                assert len(local.deployments) == 0, step
            else:
                assert len(local.deployments) == (result is not None), step
    pytest.fail("it does not end")
