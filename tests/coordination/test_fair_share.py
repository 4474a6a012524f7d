"""The share of a rate that a process uses while the store is lost: every n-th slot of a grid that all know."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.coordination.fair_share import FairShare
from edgegap_async.coordination.store import Membership, SlotRequest

STORE_TIME = 1_800_000_000.0
"""Seconds since 1970, as a store's clock shows."""


def request(
    rate: float, *, count: int = 1, longest_delay: float = math.inf, horizon: float = 0.2, bucket: str = "deploy"
) -> SlotRequest:
    return SlotRequest(bucket=bucket, rate=rate, capacity=1, count=count, longest_delay=longest_delay, horizon=horizon)


class Member:
    """A process whose event loop's clock shows ``booted`` when the test begins."""

    def __init__(self, index: int, members: int, *, booted: float = 1000.0, started: float = STORE_TIME) -> None:
        self.share = FairShare()
        self.booted = booted
        self.started = started
        self.place(index, members)

    def place(self, index: int, members: int) -> None:
        self.share.update(
            Membership(time=self.started, members=members, index=index, leader="", term=1, was_known=True), self.booted
        )

    def reserve(
        self, at: float, rate: float, *, count: int = 1, after: float = -math.inf, **options: float
    ) -> list[float]:
        """Return the slots that it reserves at a time, in seconds since the test began."""
        reserved = self.share.reserve(
            request(rate, count=count, **options), self.booted + at, earliest=self.booted + after
        )
        return [at + delay for delay in reserved.delays]

    def slots(self, until: float, rate: float, *, since: float = 0.0) -> list[float]:
        """Return all slots up to a time, reserved one by one as a bucket does."""
        slots: list[float] = []
        while not slots or slots[-1] < until:
            slots += self.reserve(slots[-1] if slots else since, rate)
        return slots[:-1]


def most_within(moments: list[float], span: float) -> int:
    """Return the largest number of moments in any span of that length."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] > span:
            first += 1
        most = max(most, last - first + 1)
    return most


@given(
    members=st.integers(1, 200),
    rate=st.floats(0.5, 1000),
    booted=st.lists(st.sampled_from([0.0, 3.7, 1000.0, 5e6, -1e5]), min_size=200, max_size=200),
    started=st.sampled_from([0.0, 12.5, STORE_TIME, 1_799_999_999.123_456]),
    span=st.floats(0.05, 5),
)
def test_the_slots_of_all_processes_are_a_grid_at_the_rate(
    members: int, rate: float, booted: list[float], started: float, span: float
) -> None:
    each_has = 3
    times: list[float] = []
    for index in range(members):
        member = Member(index, members, booted=booted[index], started=started)
        own = member.slots(each_has * members / rate, rate)
        assert len(own) == pytest.approx(each_has, abs=1)
        times += own
    times.sort()
    gaps = [later - earlier for earlier, later in pairwise(times)]
    # the double numbers of the clocks, and not their differences, limit the precision
    assert gaps == pytest.approx([1 / rate] * len(gaps), abs=2e-6)
    assert most_within(times, span - 1e-5) <= rate * span + 1


@given(
    members=st.integers(1, 50),
    rate=st.floats(0.5, 1000),
    steps=st.lists(st.tuples(st.floats(0, 3), st.integers(0, 20), st.floats(0, 1)), min_size=1, max_size=30),
    booted=st.sampled_from([0.0, 5e6, STORE_TIME]),
)
def test_no_slot_is_used_twice_and_a_process_keeps_its_distance(
    members: int, rate: float, steps: list[tuple[float, int, float]], booted: float
) -> None:
    member, now = Member(members - 1, members, booted=booted), 0.0
    slots: list[float] = []
    for pause, count, horizon in steps:
        now += pause
        slots += member.reserve(now, rate, count=count, horizon=horizon)
    gap = min((later - earlier for earlier, later in pairwise(slots)), default=math.inf)
    assert gap >= members / rate - 2e-6


def test_one_slot_however_far_ahead_and_further_ones_within_the_horizon() -> None:
    member = Member(0, 5)
    first, *others = member.reserve(0.0, 10, count=50, horizon=1.6)
    assert 0 <= first <= 0.5
    assert others == pytest.approx([first + 0.5, first + 1.0, first + 1.5][: len(others)])
    assert others[-1] <= 1.6 < others[-1] + 0.5


def test_no_more_slots_than_requested_and_the_next_delay_is_the_one_that_follows() -> None:
    share = FairShare()
    reserved = share.reserve(request(10, count=3, horizon=5), 100.0)
    assert reserved.delays == pytest.approx((0, 0.1, 0.2), abs=1e-6)
    assert (reserved.next_delay, reserved.rate) == (pytest.approx(0.3), 10)
    assert share.reserve(request(10, count=0), 100.0).next_delay == pytest.approx(0.3)
    assert share.reserve(request(10), 100.0).delays == pytest.approx((0.3,))


def test_no_slot_is_reserved_if_the_first_is_too_late() -> None:
    share = FairShare()
    share.reserve(request(10), 100.0)
    refused = share.reserve(request(10, longest_delay=0.09), 100.0)
    assert (refused.delays, refused.next_delay) == ((), pytest.approx(0.1))
    assert share.reserve(request(10, longest_delay=0.11), 100.0).delays == pytest.approx((0.1,))


def test_no_slot_lies_before_the_earliest_time() -> None:
    share = FairShare()
    reserved = share.reserve(request(10, count=3, horizon=9), 100.0, earliest=100.35)
    assert reserved.delays == pytest.approx((0.4, 0.5, 0.6))


def test_the_rate_of_a_process_is_its_share() -> None:
    member = Member(2, 4)
    assert member.share.members == 4
    assert member.share.reserve(request(10), 1000.0).rate == 2.5


def test_slots_that_a_process_does_not_need_are_not_used_later() -> None:
    member = Member(0, 1)
    member.reserve(0.0, 10)
    assert most_within(member.reserve(30.0, 10, count=50, horizon=2), 0.95) <= 10


def test_buckets_are_independent() -> None:
    share = FairShare()
    share.reserve(request(10, count=3, horizon=9), 100.0)
    assert share.reserve(request(10, bucket="list"), 100.0).delays == pytest.approx((0,), abs=1e-6)
    share.slow_down(request(10), 100.0, pause=5, age=0)
    assert share.reserve(request(10, bucket="list"), 100.0).delays == pytest.approx((0.1,))


def test_the_grid_lies_in_the_stores_clock() -> None:
    member = Member(0, 1, booted=50.0, started=STORE_TIME + 0.03)
    assert member.share.store_time(60.0) == STORE_TIME + 10.03
    assert member.reserve(0.0, 10) == pytest.approx([0.07], abs=1e-6)


@pytest.mark.parametrize("rate", [0.5, 9.5, 40, 1000])
def test_no_slot_lies_in_a_pause_and_there_is_no_burst_at_its_end(rate: float) -> None:
    times: list[float] = []
    for index in range(7):
        member = Member(index, 7)
        member.share.slow_down(request(rate), member.booted, pause=2.5, age=0)
        times += member.slots(2.5 + 40 / rate, rate, since=0.1)
    assert min(times) >= 2.5 - 1e-6
    assert most_within(sorted(times), 7 / rate) <= 8


def test_a_longer_pause_stays() -> None:
    member = Member(0, 1)
    for seconds in (3.0, 1.0):
        member.share.slow_down(request(10), member.booted, pause=seconds, age=0)
    assert member.reserve(0.0, 10)[0] == pytest.approx(3, abs=0.15)


def test_the_rate_drops_once_for_requests_that_were_under_way_together_and_recovers() -> None:
    share = FairShare()
    share.slow_down(request(10), 100.0, pause=1, age=0.1)
    share.slow_down(request(10), 100.5, pause=1, age=0.6)
    assert share.reserve(request(10, count=0), 100.5).rate == pytest.approx(7)
    share.slow_down(request(10), 100.5, pause=1, age=0.4)
    assert share.reserve(request(10, count=0), 100.5).rate == pytest.approx(4.9)
    assert share.reserve(request(10, count=0), 116.5).rate == pytest.approx(4.9 + 5.1 / 2)
    assert share.reserve(request(10, count=0), 131.5).rate == 10


@given(members=st.integers(1, 20), rate=st.floats(1, 100), refused_at=st.lists(st.floats(0, 8), min_size=1, max_size=4))
def test_processes_that_slow_down_at_different_times_keep_below_the_rate(
    members: int, rate: float, refused_at: list[float]
) -> None:
    """A lower rate leaves slots of the grid out, and uses no others."""
    times: list[float] = []
    until = 10 + 6 * members / rate
    for index in range(members):
        member = Member(index, members)
        refusals, now = sorted(refused_at[: 1 + index % len(refused_at)]), 0.0
        own: list[float] = []
        while now < until:
            while refusals and refusals[0] <= now:
                member.share.slow_down(request(rate), member.booted + refusals.pop(0), pause=0, age=0)
            own += member.reserve(now, rate)
            now = own[-1]
        assert min(later - earlier for earlier, later in pairwise(own)) >= members / rate - 2e-6
        times += own
    span = 1.0
    assert most_within(sorted(times), span - 1e-5) <= rate * span + 1


def test_the_slowed_rate_is_used_and_not_more() -> None:
    member = Member(0, 1)
    member.share.slow_down(request(10), member.booted, pause=0, age=0)
    assert len(member.slots(10, 10)) == pytest.approx(75, abs=3), "it recovers from 7 to 8 a second meanwhile"
    assert len(member.slots(40, 10, since=30)) == pytest.approx(100, abs=3)


@given(
    before=st.integers(1, 40),
    after=st.integers(1, 40),
    changed_at=st.floats(0.2, 2),
    rate=st.floats(1, 100),
    data=st.data(),
)
def test_a_process_keeps_its_distance_when_the_members_change(
    before: int, after: int, changed_at: float, rate: float, data: st.DataObject
) -> None:
    member = Member(data.draw(st.integers(0, before - 1)), before)
    slots = member.slots(changed_at, rate)
    member.place(data.draw(st.integers(0, after - 1)), after)
    slots += member.slots(max(changed_at, slots[-1] if slots else 0.0) + 4 * after / rate, rate, since=changed_at)
    gaps = [later - earlier for earlier, later in pairwise(slots)]
    assert min(gaps, default=math.inf) >= min(before, after) / rate - 2e-6


@given(members=st.integers(2, 20), data=st.data())
def test_a_process_keeps_its_distance_from_a_slot_far_ahead(members: int, data: st.DataObject) -> None:
    places = st.integers(0, members - 1)
    member = Member(data.draw(places), members)
    first = member.reserve(0.0, 10)
    member.place(data.draw(places), members)
    assert member.reserve(0.0, 10)[0] - first[0] >= members / 10 - 2e-6


def test_a_slow_response_says_little_of_the_clock() -> None:
    member = Member(0, 1, booted=50.0)

    def place(after: float, *, clock: float, doubt: float) -> float:
        membership = Membership(time=STORE_TIME + after + clock, members=1, index=0, leader="", term=1, was_known=True)
        member.share.update(membership, 50.0 + after, doubt=doubt)
        return round(member.share.store_time(50.0) - STORE_TIME, 5)

    assert place(1.0, clock=0.2, doubt=1.0) == 0, "it may still be the same"
    assert place(2.0, clock=0.0005, doubt=0.001) == 0.0005, "a quick one is as good as the first"
    assert place(3.0, clock=0.1, doubt=0.2) == 0.0005
    assert place(303.0, clock=0.1, doubt=0.2) == 0.1, "clocks drift"
    assert place(304.0, clock=-30.0, doubt=2.0) == -30, "it was set"
    assert place(305.0, clock=-30.4, doubt=0.5) == -30.4, "and is known better"
    assert place(306.0, clock=-30.0, doubt=0.6) == -30.4


def test_processes_that_are_busy_use_the_grid_of_the_new_members() -> None:
    times: list[float] = []
    for index in range(2):
        member = Member(2 * index, 4)
        own = member.slots(2, 10)
        member.place(index, 2)
        times += member.slots(5, 10, since=own[-1])
    times = sorted(time for time in times if time > 3)
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx([0.1] * (len(times) - 1), abs=1e-6)


def test_the_seconds_since_1970_do_not_make_the_slots_inexact() -> None:
    slots = Member(0, 1).slots(3, 7)
    assert [later - earlier for earlier, later in pairwise(slots)] == pytest.approx(
        [1 / 7] * (len(slots) - 1), abs=1e-9
    )
