"""What a call may have done is known however it ends, also if its task is cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgegap_async import EdgegapClient, RetryPolicy
from edgegap_async.errors import EdgegapError, Outcome
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.transport import CallEffect

CREATE = "v2-deployment-create"


async def outcome(edgegap: EdgegapClient, *, cancel_after: float | None = None) -> Outcome:
    effect = CallEffect()
    calling = asyncio.create_task(edgegap._pipeline.call(CREATE, type(None), body={}, effect=effect))
    if cancel_after is not None:
        await asyncio.sleep(cancel_after)
        calling.cancel()
    with pytest.raises((EdgegapError, asyncio.CancelledError)):
        await calling
    return effect.outcome


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("status", {"code": 400}, Outcome.NOT_SENT),
        ("status", {"code": 422, "body": {"message": "no"}}, Outcome.NOT_SENT),
        ("status", {"code": 422, "body": {"message": "in error", "request_id": "0123456789ab"}}, Outcome.UNKNOWN),
        ("rate_limited", {"retry_after": 100}, Outcome.NOT_SENT),
        ("status", {"code": 500}, Outcome.UNKNOWN),
        ("reset", {}, Outcome.UNKNOWN),
    ],
)
async def test_the_effect_of_a_call_that_fails(
    local: LocalEdgegap, kind: str, options: dict[str, Any], expected: Outcome
) -> None:
    local.faults.add(CREATE, kind, times=None, **options)
    async with local.client() as edgegap:
        assert await outcome(edgegap) is expected


async def test_a_call_that_could_not_connect_had_no_effect(unused_tcp_port: int) -> None:
    once = RetryPolicy(max_attempts=1)
    async with EdgegapClient("abc", base_url=f"http://127.0.0.1:{unused_tcp_port}", retry=once) as edgegap:
        assert await outcome(edgegap) is Outcome.NOT_SENT


@pytest.mark.looptime
async def test_the_effect_of_a_call_that_is_cancelled(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "stall", times=None)
    async with local.client(rate_limits={"deploy": 0.5}) as edgegap:
        assert await outcome(edgegap, cancel_after=0.1) is Outcome.UNKNOWN
        assert await outcome(edgegap, cancel_after=0.1) is Outcome.NOT_SENT  # it waited for its slot
