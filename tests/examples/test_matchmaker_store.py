"""The tickets of the matchmaker in a real Valkey: no ticket is in two matches, and none is lost."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from examples.matchmaker.changes import Changes
from examples.matchmaker.store import PREFIX, Match, Store


@pytest.fixture
def store(valkey: Redis) -> Store:
    return Store(valkey)


async def test_each_ticket_is_in_one_match(store: Store) -> None:
    results = await asyncio.gather(*(store.add_ticket("race", f"203.0.113.{number}", 4) for number in range(40)))
    matches = [match for _, match in results if match is not None]
    assert [len(match.tickets) for match in matches] == [4] * 10
    assert sorted(id for match in matches for id in match.tickets) == sorted(ticket.id for ticket, _ in results)
    assert sorted(player for match in matches for player in match.players) == sorted(
        f"203.0.113.{number}" for number in range(40)
    )
    ticket = await store.ticket(results[0][0].id)
    assert ticket is not None
    assert (ticket.state, ticket.match in {match.id for match in matches}) == ("matched", True)


async def test_modes_have_queues_of_their_own(store: Store) -> None:
    assert (await store.add_ticket("race", "203.0.113.1", 2))[1] is None
    assert (await store.add_ticket("duel", "203.0.113.2", 2))[1] is None
    match = (await store.add_ticket("duel", "203.0.113.3", 2))[1]
    assert match is not None
    assert match.players == ("203.0.113.2", "203.0.113.3")


async def test_a_ticket_that_was_cancelled_is_passed_over_and_the_others_keep_their_order(store: Store) -> None:
    first, second, third = [(await store.add_ticket("race", "203.0.113.1", 4))[0] for _ in range(3)]
    await store.cancel_ticket(second.id)
    fourth, none = await store.add_ticket("race", "203.0.113.1", 4)
    assert none is None, "three tickets are left"
    fifth, match = await store.add_ticket("race", "203.0.113.1", 4)
    assert match is not None
    assert match.tickets == (first.id, third.id, fourth.id, fifth.id)


async def test_everything_expires_except_the_queues_and_the_counts(store: Store, valkey: Redis) -> None:
    match = (await store.add_ticket("race", "203.0.113.1", 1))[1]
    assert match is not None
    await store.update(match, "ready", address="a:1")
    await store.request_end(match.id)
    await store.count("started")
    waiting, _ = await store.add_ticket("duel", "203.0.113.1", 2)
    assert await valkey.ttl(f"{PREFIX}ticket:{waiting.id}") > 0
    lasting = {key for key in await valkey.keys(f"{PREFIX}*") if await valkey.ttl(key) < 0}
    assert lasting == {f"{PREFIX}counts", f"{PREFIX}queue:duel"}
    assert await store.counts() == {"started": 1}


async def test_a_change_wakes_what_waits_for_it_in_another_worker(store: Store, valkey: Redis) -> None:
    changes = Changes(valkey)
    receiving = asyncio.create_task(changes.receive())
    match = Match(id="m", mode="race", tickets=("t",), players=("203.0.113.1",))
    with changes.of("m") as of_match, changes.of("t") as of_ticket, changes.of("other") as of_other:
        await asyncio.wait_for(changes.wait(of_other), 3)  # the subscription wakes all: they may have missed something
        await changes.wait(of_match)
        await changes.wait(of_ticket)
        await store.update(match, "ready", address="a:1")
        async with asyncio.timeout(3):
            await changes.wait(of_match)
            await changes.wait(of_ticket)
        assert not of_other.is_set()
        changes.close()
        assert of_other.is_set()
    assert not changes._waiting
    receiving.cancel()
    await asyncio.wait({receiving})


async def test_a_wait_ends_without_a_message_after_a_while(valkey: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("examples.matchmaker.changes._RECHECK_SECONDS", 0.05)
    changes = Changes(valkey)
    with changes.of("t") as changed:
        await asyncio.wait_for(changes.wait(changed), 3)
