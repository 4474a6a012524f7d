"""The simulated store and the scripts do the same; and no bucket releases more than its capacity and rate allow."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from coordination.stores import Shared, SharedSimulation, SharedValkey, slots
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.own_valkey import OwnValkey
from edgegap_async.coordination.store import CoordinationStore

Step: TypeAlias = Callable[[CoordinationStore], Awaitable[object]]

RATES = st.sampled_from([0.5, 1, 3, 10, 40.0])
REQUESTS = st.builds(
    slots,
    rate=RATES,
    capacity=st.sampled_from([1, 2.5, 4]),
    count=st.integers(0, 6),
    longest_delay=st.sampled_from([0, 0.05, 0.1, 1, 20]),
)
PAUSES = st.sampled_from([0, 0.3, 2, 10])
RESTS = st.integers(0, 1000).map(lambda tenths: (tenths / 100) ** 3 / 20)
"""Seconds between two requests: mostly short ones, up to 50."""


def reserving(request: object) -> Step:
    return lambda store: store.reserve(request)  # type: ignore[arg-type]


def slowing(request: object, pause: float, age: float) -> Step:
    return lambda store: store.slow_down(request, pause=pause, age=age)  # type: ignore[arg-type]


MEMBERS = st.sampled_from("abc")
SLOT_STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(reserving, REQUESTS),
    st.builds(reserving, REQUESTS),
    st.builds(slowing, REQUESTS, PAUSES, st.sampled_from([0, 0.2, 5])),
)
MEMBER_STEPS: st.SearchStrategy[Step] = st.one_of(
    MEMBERS.map(lambda member: lambda store: store.beat(member)),
    MEMBERS.map(lambda member: lambda store: store.beat(member)),
    MEMBERS.map(lambda member: lambda store: store.beat(member, may_lead=False)),
    MEMBERS.map(lambda member: lambda store: store.leave(member)),
    st.just(lambda store: store.living()),
    st.builds(
        lambda member, watches: lambda store: store.update(member, watches),
        MEMBERS,
        st.dictionaries(st.sampled_from("xyz"), st.none() | st.binary(max_size=2), max_size=2),
    ),
    st.sets(MEMBERS, max_size=1).map(lambda without: lambda store: store.watches(without)),
)


async def played(shared: Shared, steps: Sequence[tuple[float, Step]]) -> list[object]:
    """What each step returned, after a rest."""
    results: list[object] = []
    store = shared.process()
    for rest, step in steps:
        shared.advance(rest)
        results.append(await step(store))
    await shared.close()
    return results


async def played_by_both(server: OwnValkey, steps: Sequence[tuple[float, Step]]) -> tuple[list[object], list[object]]:
    real = await played(SharedValkey(server, secrets.token_hex(8)), steps)
    return real, await played(SharedSimulation(), steps)


@given(steps=st.lists(st.tuples(RESTS | st.just(-30.0), SLOT_STEPS), min_size=3, max_size=25))
def test_both_stores_reserve_exactly_the_same_slots(valkey: OwnValkey, steps: list[tuple[float, Step]]) -> None:
    real, simulated = asyncio.run(played_by_both(valkey, steps))
    assert real == simulated


@given(steps=st.lists(st.tuples(RESTS | st.just(-30.0), MEMBER_STEPS), min_size=3, max_size=25))
def test_both_stores_agree_on_members_leaders_and_watches(valkey: OwnValkey, steps: list[tuple[float, Step]]) -> None:
    real, simulated = asyncio.run(played_by_both(valkey, steps))
    assert real == simulated


@given(
    rate=RATES,
    capacity=st.sampled_from([1, 2.5, 4]),
    steps=st.lists(
        st.tuples(RESTS, st.integers(0, 6), st.sampled_from([0, 0.05, 1, 20]), st.none() | PAUSES),
        min_size=3,
        max_size=40,
    ),
)
def test_no_span_of_time_has_more_slots_than_capacity_and_rate_allow(
    rate: float, capacity: float, steps: list[tuple[float, int, float, float | None]]
) -> None:
    async def reserved() -> list[float]:
        shared = SharedSimulation()
        store = shared.process()
        now = 0.0
        times = []
        for rest, count, longest_delay, pause in steps:
            shared.advance(rest)
            now += round(rest, 6)
            request = slots(rate=rate, capacity=capacity, count=count, longest_delay=longest_delay)
            if pause is not None:
                await store.slow_down(request, pause=pause, age=0)
            times += [now + delay for delay in (await store.reserve(request)).delays]
        return sorted(times)

    times = asyncio.run(reserved())
    for first, begin in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= capacity + rate * (times[last] - begin) + 1e-3
