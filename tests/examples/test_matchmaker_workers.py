"""Two workers of the matchmaker in one event loop: whichever a player asks, it sees its match."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from benchmarks.own_valkey import OwnValkey
from edgegap_async.simulator import LocalEdgegap
from examples.matchmaker import settings
from examples.matchmaker.matchmaker import Matchmaker, open_matchmaker
from examples.matchmaker.store import Ticket

PLAYER = "203.0.113.7"


@pytest.fixture
async def quick() -> AsyncIterator[LocalEdgegap]:
    async with LocalEdgegap(time_to_ready=(0.1, 0.1)) as local:
        yield local


@pytest.fixture(autouse=True)
def coordination_url(valkey: Redis, valkey_server: OwnValkey, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("EDGEGAP_COORDINATION_URL", valkey_server.url)
    return


@asynccontextmanager
async def worker(local: LocalEdgegap) -> AsyncIterator[Matchmaker]:
    async with local.client() as edgegap, open_matchmaker(edgegap) as (matchmaker, _):
        yield matchmaker


async def state_of(matchmaker: Matchmaker, ticket: Ticket, *states: str) -> Ticket:
    """The ticket, once it is in one of some states."""
    async with asyncio.timeout(10):
        async for each in matchmaker.states(ticket.id):
            if each is not None and each.state in states:
                return each
    raise AssertionError(f"the ticket is never {states}")


async def until_over(matchmaker: Matchmaker, ticket: Ticket) -> None:
    async with asyncio.timeout(5):
        while (await matchmaker.store.ticket(ticket.id) or ticket).state != "over":
            await asyncio.sleep(0.01)


async def duel(one: Matchmaker, other: Matchmaker) -> tuple[Ticket, Ticket]:
    return await one.join("duel", PLAYER), await other.join("duel", PLAYER)


async def test_a_match_is_seen_and_ended_on_another_worker(quick: LocalEdgegap) -> None:
    async with worker(quick) as one, worker(quick) as other:
        mine, its = await duel(one, other)
        assert one._matches == set(), "the worker of the last ticket runs the match"
        ready = [await state_of(one, mine, "ready"), await state_of(one, its, "ready")]
        (server,) = quick.deployments
        (address,) = {ticket.address for ticket in ready}
        assert address is not None
        assert address.startswith(f"{server.fqdn}:")
        assert await one.running_servers() == 1
        await one.store.request_end(ready[0].match or "")
        await until_over(one, mine)
        assert not quick.deployments
        assert await one.running_servers() == 0
        assert await other.store.counts() == {"started": 1, "stopped": 1}


async def test_a_worker_that_ends_stops_its_servers_and_says_so(quick: LocalEdgegap) -> None:
    async with worker(quick) as one:
        async with worker(quick) as other:
            mine, _ = await duel(one, other)
            await state_of(one, mine, "ready")
            assert len(quick.deployments) == 1
        assert not quick.deployments
        assert (await one.store.ticket(mine.id) or mine).state == "over"


async def test_players_learn_that_there_is_no_server(quick: LocalEdgegap) -> None:
    quick.faults.add("deployments.create", "errored", times=2, detail="image not found")
    async with worker(quick) as one, worker(quick) as other:
        mine, its = await duel(one, other)
        failed = [await state_of(one, mine, "failed"), await state_of(other, its, "failed")]
        assert [ticket.address for ticket in failed] == [None, None]
        assert not quick.deployments


async def test_the_second_attempt_is_used(quick: LocalEdgegap) -> None:
    quick.faults.add("deployments.create", "errored", detail="image not found")
    async with worker(quick) as one, worker(quick) as other:
        mine, _ = await duel(one, other)
        assert (await state_of(one, mine, "ready", "failed")).state == "ready"


async def test_a_match_ends_after_its_time(quick: LocalEdgegap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MATCH_SECONDS", 0.0)
    async with worker(quick) as one, worker(quick) as other:
        mine, _ = await duel(one, other)
        await until_over(one, mine)
        assert not quick.deployments


async def test_a_ticket_that_is_cancelled_expires(quick: LocalEdgegap) -> None:
    async with worker(quick) as one, worker(quick) as other:
        mine = await one.join("duel", PLAYER)
        expired = asyncio.create_task(state_of(other, mine, "expired"))
        await asyncio.sleep(0.05)
        await one.store.cancel_ticket(mine.id)
        await expired
