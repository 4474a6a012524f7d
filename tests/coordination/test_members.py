"""Heartbeats, the leader's lease, watches and messages: from a real store and from the simulated one."""

from __future__ import annotations

from contextlib import aclosing

import pytest
from coordination.stores import START, Shared

from edgegap_async.coordination.store import LEASE_SECONDS, LIVING_SECONDS, MEMBER_SECONDS

MARGIN = 0.001


async def test_the_first_member_leads(shared: Shared) -> None:
    membership = await shared.process().beat("b")
    assert membership.time == pytest.approx(START / 1_000_000, abs=1e-6)
    assert (membership.members, membership.index, membership.leader) == (1, 0, "b")
    assert membership.term == START // 1000
    assert not membership.was_known


async def test_members_have_an_index_in_the_order_of_their_ids(shared: Shared) -> None:
    store = shared.process()
    for member in ("b", "c", "a"):
        await store.beat(member)
    found = [await store.beat(member) for member in ("a", "b", "c")]
    assert [(each.members, each.index, each.leader, each.was_known) for each in found] == [
        (3, 0, "b", True),
        (3, 1, "b", True),
        (3, 2, "b", True),
    ]


async def test_a_leader_extends_its_lease(shared: Shared) -> None:
    store = shared.process()
    first = await store.beat("a")
    for _ in range(3):
        shared.advance(LEASE_SECONDS - MARGIN)
        await store.beat("a")
    other = await store.beat("b")
    assert (other.leader, other.term) == ("a", first.term)


async def test_another_member_leads_once_the_lease_expires(shared: Shared) -> None:
    store = shared.process()
    first = await store.beat("a")
    shared.advance(LEASE_SECONDS - MARGIN)
    assert (await store.beat("b")).leader == "a"
    shared.advance(MARGIN)
    second = await store.beat("b")
    assert (second.leader, second.term > first.term) == ("b", True)
    late = await store.beat("a")
    assert (late.leader, late.term) == ("b", second.term)


async def test_a_leader_that_may_not_lead_leads_until_another_one_may(shared: Shared) -> None:
    store = shared.process()
    first = await store.beat("a")
    for _ in range(2):
        closing = await store.beat("a", may_lead=False)
        assert (closing.leader, closing.term, closing.members) == ("a", first.term, 1)
    second = await store.beat("b")
    assert (second.leader, second.term > first.term, second.members) == ("b", True, 2)
    assert (await store.beat("a", may_lead=False)).leader == "b"
    shared.advance(LEASE_SECONDS)
    assert (await store.beat("a", may_lead=False)).leader == "b"  # it does not take over either
    assert (await store.beat("a")).leader == "a"


async def test_there_is_no_leader_if_no_member_may_lead(shared: Shared) -> None:
    store = shared.process()
    for _ in range(2):
        closing = await store.beat("a", may_lead=False)
        assert (closing.leader, closing.term, closing.index) == ("", 0, 0)
    assert (await store.beat("b")).leader == "b"


async def test_a_leader_that_is_late_leads_on_in_the_same_term_if_no_other_took_over(shared: Shared) -> None:
    store = shared.process()
    first = await store.beat("a")
    shared.advance(LEASE_SECONDS * 2)
    assert (await store.beat("a")).term == first.term
    shared.advance(LEASE_SECONDS - MARGIN)
    assert (await store.beat("b")).leader == "a"


async def test_the_term_grows_even_if_the_clock_is_behind_it(shared: Shared) -> None:
    store = shared.process()
    first = await store.beat("a")
    shared.advance(-100)
    await store.leave("a")
    assert (await store.beat("b")).term == first.term + 1


async def test_the_term_grows_after_a_loss_of_data(shared: Shared) -> None:
    store = shared.process()
    first = await store.beat("a")
    shared.advance(0.5)
    shared.flush()
    second = await store.beat("b")
    assert (second.leader, second.term > first.term, second.was_known) == ("b", True, False)
    assert not (await store.beat("a")).was_known


async def test_a_member_that_leaves_releases_its_lease_and_its_watches(shared: Shared) -> None:
    store = shared.process()
    first = await store.beat("a")
    await store.beat("b")
    await store.update("a", {"server": b"1"})
    await store.update("b", {"server": b"2"})
    await store.leave("a")
    assert await store.living() == {"b"}
    assert await store.watches() == {"b": {"server": b"2"}}
    second = await store.beat("b")
    assert (second.leader, second.members, second.term > first.term) == ("b", 1, True)
    assert not (await store.beat("a")).was_known
    assert await store.watches() == {"b": {"server": b"2"}}


async def test_a_member_that_does_not_lead_leaves_the_lease_alone(shared: Shared) -> None:
    store = shared.process()
    await store.beat("a")
    await store.beat("b")
    await store.leave("b")
    assert (await store.beat("c")).leader == "a"


async def test_members_count_for_a_while_after_their_last_heartbeat(shared: Shared) -> None:
    store = shared.process()
    await store.beat("a")
    shared.advance(MEMBER_SECONDS)
    assert (await store.beat("b")).members == 2
    shared.advance(MARGIN)
    counted = await store.beat("b")
    assert (counted.members, counted.index) == (1, 0)
    assert await store.living() == {"a", "b"}


async def test_members_live_for_a_minute_after_their_last_heartbeat(shared: Shared) -> None:
    store = shared.process()
    await store.beat("a")
    await store.update("a", {"server": b"1"})
    shared.advance(LIVING_SECONDS)
    assert (await store.living(), await store.watches()) == ({"a"}, {"a": {"server": b"1"}})
    shared.advance(MARGIN)
    assert (await store.living(), await store.watches()) == (set(), {})
    assert not (await store.beat("a")).was_known
    assert await store.watches() == {}


async def test_a_heartbeat_removes_what_dead_members_wait_for(shared: Shared) -> None:
    store = shared.process()
    await store.beat("a")
    await store.update("a", {"server": b"1"})
    shared.advance(LIVING_SECONDS + MARGIN)
    await store.beat("b")
    await store.beat("a")
    assert await store.watches() == {}


async def test_members_of_the_future_age_from_now_if_the_clock_went_back(shared: Shared) -> None:
    store = shared.process()
    await store.beat("a")
    shared.advance(-3600)
    assert (await store.beat("b")).leader == "a"
    shared.advance(LEASE_SECONDS)
    assert (await store.beat("b")).leader == "b"
    shared.advance(MEMBER_SECONDS)
    assert (await store.beat("b")).members == 1
    assert await store.living() == {"a", "b"}
    shared.advance(LIVING_SECONDS - MEMBER_SECONDS)
    assert await store.living() == {"b"}


async def test_watches_are_set_replaced_and_removed(shared: Shared) -> None:
    store = shared.process()
    for member in ("a", "b"):
        await store.beat(member)
    await store.update("a", {"first": b"\x00\xff", "second": b"2"})
    await store.update("b", {"first": b"3"})
    await store.update("a", {"first": None, "second": b"4", "third": b""})
    assert await store.watches() == {"a": {"second": b"4", "third": b""}, "b": {"first": b"3"}}
    assert await store.watches(without=["a", "unknown"]) == {"b": {"first": b"3"}}
    await store.update("b", {"first": None})
    assert await store.watches(without=["a"]) == {}


async def test_the_leader_is_told_how_much_all_members_wait_for(shared: Shared) -> None:
    store = shared.process()
    for member in ("a", "b"):
        assert (await store.beat(member)).watched == 0
    await store.update("a", {"first": b"1"})
    await store.update("b", {"first": b"2", "second": b"3"})
    assert [(await store.beat(member)).watched for member in ("a", "b")] == [3, 0]
    await store.leave("b")
    assert (await store.beat("a")).watched == 1


async def test_many_watches_are_registered_in_one_round_trip(shared: Shared) -> None:
    store = shared.process()
    await store.beat("a")
    await store.update("a", {str(n): b"x" for n in range(9000)})
    before = store.round_trips
    await store.update("a", {str(n): None for n in range(1, 9000)})
    assert store.round_trips == before + 1
    assert await store.watches() == {"a": {"0": b"x"}}


async def test_the_first_proposal_becomes_the_value(shared: Shared) -> None:
    first, second = shared.process(), shared.process()
    assert await first.shared_value("key", b"\x00first") == b"\x00first"
    assert await second.shared_value("key", b"second") == b"\x00first"
    assert await second.shared_value("other", b"second") == b"second"


async def test_a_heartbeat_shows_its_member_alone_that_messages_arrive(shared: Shared) -> None:
    first, second = shared.process(), shared.process()
    async with aclosing(first.messages("a")) as received, aclosing(second.messages("b")) as received_too:
        assert [await anext(received), await anext(received_too)] == [b"", b""]
        for _ in range(2):
            await first.beat("a")
        await first.update("a", {}, [b"one"])
        assert [await anext(received) for _ in range(3)] == [b"", b"", b"one"]
        assert await anext(received_too) == b"one"


async def test_a_message_reaches_every_subscribed_process_in_order(shared: Shared) -> None:
    first, second = shared.process(), shared.process()
    await first.update("a", {}, [b"before"])
    async with aclosing(first.messages("a")) as received, aclosing(second.messages("b")) as received_too:
        assert [await anext(received), await anext(received_too)] == [b"", b""]
        await first.update("a", {"server": b"1"}, [b"one", b"\x00\xff"])
        await second.update("b", {}, [b"three"])
        for messages in (received, received_too):
            assert [await anext(messages) for _ in range(3)] == [b"one", b"\x00\xff", b"three"]
