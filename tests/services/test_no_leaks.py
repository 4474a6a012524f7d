"""No deploy leaks a server: neither one that was created in error nor one that was cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.errors import Unprocessable
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7", (45.5, -73.6)]


def deploy(edgegap: EdgegapClient, **options: Any) -> Any:
    return edgegap.deployments.deploy("kart", "v1", users=USERS, **options)


@pytest.mark.looptime
async def test_a_deployment_that_was_created_in_error_is_stopped(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    """A 422 names a deployment that exists, and is billed, until it is stopped."""
    local.faults.add("v2-deployment-create", "unprocessable")
    with pytest.raises(Unprocessable) as caught:
        await deploy(edgegap)
    assert caught.value.request_id is not None
    assert len(local.history) == 1
    assert list(local.deployments) == []


@pytest.mark.looptime
@pytest.mark.parametrize("after", [0.0, 0.05, 1.0, 1.9])
async def test_the_server_of_a_cancelled_deploy_is_stopped(local: LocalEdgegap, after: float) -> None:
    local.faults.add("v2-deployment-create", "delay", seconds=0.2)
    async with local.client() as edgegap:
        deploying = asyncio.create_task(deploy(edgegap))
        await asyncio.sleep(after)
        deploying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await deploying
    await asyncio.sleep(1)  # for requests that are still under way inside the service
    assert list(local.deployments) == []
