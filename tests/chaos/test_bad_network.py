"""The client behind a network that damages exchanges: each deploy still owns exactly one server."""

from __future__ import annotations

import asyncio
import random

import pytest
from proxy import FaultProxy, NetworkFault, random_faults

from edgegap_async import EdgegapClient, GuardPolicy, RetryPolicy
from edgegap_async.errors import DeadlineExceeded, EdgegapError, Outcome, TransportError
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]
CREATE = "/v2/deployments"
FAULTS: list[NetworkFault] = ["reset", "half_request", "lose_response", "half_response", "no_response"]
AFTER_COMMIT: set[NetworkFault] = {"lose_response", "half_response", "no_response"}
"""The faults that happen after the server has carried out the request."""


@pytest.mark.looptime
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_damaged_exchange_raises_an_error_with_an_unknown_outcome(
    local: LocalEdgegap, fault: NetworkFault
) -> None:
    async with FaultProxy(local.url, lambda *_: fault) as proxy:
        one_attempt = RetryPolicy(max_attempts=1, attempt_timeout=5)
        async with EdgegapClient(local.token, base_url=proxy.url, retry=one_attempt) as edgegap:
            with pytest.raises((TransportError, DeadlineExceeded)) as caught:
                await edgegap.deployments.create("kart", "v1", users=USERS, guard=False)
            assert caught.value.outcome is Outcome.UNKNOWN
    assert [seen for _, _, seen in proxy.exchanges] == [fault]
    assert len(local.history) == (fault in AFTER_COMMIT)


@pytest.mark.looptime
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_deploy_whose_create_is_damaged_owns_one_server(local: LocalEdgegap, fault: NetworkFault) -> None:
    first = iter([fault])
    async with FaultProxy(local.url, lambda _, path: next(first, "forward") if path == CREATE else "forward") as proxy:
        async with EdgegapClient(local.token, base_url=proxy.url) as edgegap:
            server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
            assert [each.request_id for each in local.deployments] == [server.request_id]
        assert len(local.history) == 1


@pytest.mark.looptime
async def test_many_deploys_and_cancellations_on_a_bad_network_own_exactly_the_servers_that_run() -> None:
    rng = random.Random(1)
    faults = random_faults(rng, dict.fromkeys(FAULTS, 0.08))
    async with (
        LocalEdgegap(seed=1, rate_limits=None, list_lag=0.5) as local,
        FaultProxy(local.url, faults) as proxy,
        EdgegapClient(
            local.token,
            base_url=proxy.url,
            rate_limits=None,
            guard=GuardPolicy(settle_seconds=2, watch_seconds=5),
            retry=RetryPolicy(attempt_timeout=2),
        ) as edgegap,
    ):

        async def deploy() -> str | None:
            deploying = asyncio.create_task(edgegap.deployments.deploy("kart", "v1", users=USERS, timeout=120))
            await asyncio.wait({deploying}, timeout=rng.uniform(0, 12) if rng.random() < 0.3 else None)
            deploying.cancel()
            try:
                return (await deploying).request_id
            except (EdgegapError, asyncio.CancelledError):
                return None

        owned = {id for id in await asyncio.gather(*(deploy() for _ in range(60))) if id is not None}
        assert len(owned) > 20
        proxy.plan = lambda *_: "forward"
        await edgegap.aclose()
        assert {each.request_id for each in local.deployments} == owned
        assert {fault for _, _, fault in proxy.exchanges} >= set(FAULTS)
