"""How many connections a client opens: as many as its rates allow, and a bounded number without rates."""

from __future__ import annotations

import asyncio

import pytest

from edgegap_async.limits import RateLimits
from edgegap_async.simulator import LocalEdgegap


@pytest.mark.looptime
@pytest.mark.parametrize(("rate_limits", "at_once"), [({"status": 1000}, 120), (None, 100)])
async def test_only_a_client_without_rates_limits_its_connections(rate_limits: RateLimits, at_once: int) -> None:
    async with LocalEdgegap(seed=1, rate_limits=None) as local, local.client(rate_limits=rate_limits) as edgegap:
        server = await edgegap.deployments.create("kart", "v1", users=["203.0.113.7"])
        local.faults.add("deployment-get", "delay", times=None, seconds=5)
        began = asyncio.get_running_loop().time()
        calls = [asyncio.create_task(edgegap.deployments.get(server)) for _ in range(120)]
        await asyncio.sleep(4)
        arrived = [each for each in local.requests if each.operation_id == "deployment-get"]
        assert (len(arrived), any(call.done() for call in calls)) == (at_once, False)
        await asyncio.gather(*calls)
        assert asyncio.get_running_loop().time() - began < (6 if at_once == 120 else 11)
