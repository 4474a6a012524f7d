"""The client behind a network that spoils what passes: one server for each deploy all the same."""

from __future__ import annotations

import asyncio
import random

import pytest
from proxy import FaultProxy, Kind, shares

from edgegap_async import EdgegapClient, GuardPolicy, RetryPolicy
from edgegap_async.errors import DeadlineExceeded, EdgegapError, Outcome, TransportError
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]
CREATE = "/v2/deployments"
SPOILED: list[Kind] = ["refuse", "half_request", "lose_answer", "half_answer", "swallow"]
ACTED: set[Kind] = {"lose_answer", "half_answer", "swallow"}


@pytest.mark.looptime
@pytest.mark.parametrize("kind", SPOILED)
async def test_what_a_call_is_told(local: LocalEdgegap, kind: Kind) -> None:
    async with FaultProxy(local.url, lambda *_: kind) as proxy:
        once = RetryPolicy(max_attempts=1, attempt_timeout=5)
        async with EdgegapClient(local.token, base_url=proxy.url, retry=once) as edgegap:
            with pytest.raises((TransportError, DeadlineExceeded)) as caught:
                await edgegap.deployments.create("kart", "v1", users=USERS, guard=False)
            assert caught.value.outcome is Outcome.UNKNOWN
    assert [kind for _, _, kind in proxy.exchanges] == [kind]
    assert len(local.history) == (kind in ACTED)


@pytest.mark.looptime
@pytest.mark.parametrize("kind", SPOILED)
async def test_a_deploy_owns_one_server(local: LocalEdgegap, kind: Kind) -> None:
    spoiled = iter([kind])
    async with FaultProxy(
        local.url, lambda _, path: next(spoiled, "forward") if path == CREATE else "forward"
    ) as proxy:
        async with EdgegapClient(local.token, base_url=proxy.url) as edgegap:
            server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
            assert [each.request_id for each in local.deployments] == [server.request_id]
        assert len(local.history) == 1


@pytest.mark.looptime
async def test_many_deploys_through_a_bad_network() -> None:
    chance = random.Random(1)
    spoiling = shares(chance, dict.fromkeys(SPOILED, 0.08))
    async with (
        LocalEdgegap(seed=1, rate_limits=None, list_lag=0.5) as local,
        FaultProxy(local.url, spoiling) as proxy,
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
            await asyncio.wait({deploying}, timeout=chance.uniform(0, 12) if chance.random() < 0.3 else None)
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
        assert {kind for _, _, kind in proxy.exchanges} >= set(SPOILED)
