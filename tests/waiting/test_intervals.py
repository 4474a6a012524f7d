"""When to poll, and how long versions typically take to become ready."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.waiting.history import ReadinessHistory, TypicalDuration
from edgegap_async.waiting.intervals import SPARSE, PollInterval

KART = ("kart", "v1")


def middle() -> float:
    """A jitter that changes nothing."""
    return 0.5


def test_polls_are_dense_around_the_typical_duration_and_become_rarer_after_it() -> None:
    interval = PollInterval(first=0.1, shortest=0.1, growth=0.03, longest=5, with_webhook=1.0)
    typical = TypicalDuration(earliest=2.0, median=4.0, latest=6.0)
    assert interval.first_poll(None) == 0.1
    assert interval.first_poll(None, has_webhook=True) == 1.0
    assert interval.first_poll(typical) == 2.0
    assert interval.pause(0.5, typical, middle) == 1.5
    assert interval.pause(5.0, typical, middle) == pytest.approx(0.1)
    assert interval.pause(5.0, typical, middle, has_webhook=True) == pytest.approx(1.0)
    assert interval.pause(16.0, typical, middle) == pytest.approx(0.3)
    assert interval.pause(1000.0, typical, middle) == pytest.approx(5.0)
    assert interval.pause(10.0, None, middle) == pytest.approx(0.3)
    assert interval.minimum(has_webhook=False) == 0.1
    assert interval.minimum(has_webhook=True) == 1.0


def test_a_slow_version_is_polled_at_least_every_longest_pause() -> None:
    interval = PollInterval()
    typical = TypicalDuration(earliest=60.0, median=70.0, latest=80.0)
    assert interval.first_poll(typical) == interval.longest
    assert interval.pause(5.0, typical) == interval.longest


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("age", "pause"), [(0, 0.25), (3, 0.45), (10, 1.5), (20, 3), (100, 5), (1e9, 5)])
def test_the_pause_of_sparse_polls_grows_with_the_age(age: float, pause: float, jitter: float) -> None:
    assert SPARSE.first_poll(None) == 0
    assert SPARSE.pause(age, None, lambda: jitter) == pytest.approx(pause * (0.9 + 0.2 * jitter))


@given(
    durations=st.lists(st.floats(0.1, 300), max_size=60),
    ready_at=st.floats(0.1, 300),
    has_webhook=st.booleans(),
)
def test_ready_is_noticed_within_the_longest_pause_and_with_few_polls(
    durations: list[float], ready_at: float, has_webhook: bool
) -> None:
    interval, history = PollInterval(), ReadinessHistory()
    for seconds in durations:
        history.record(KART, seconds)
    typical = history.typical_duration(KART)
    age = interval.first_poll(typical, has_webhook=has_webhook)
    polls = 1
    while age < ready_at:
        age += interval.pause(age, typical, has_webhook=has_webhook)
        polls += 1
    assert age - ready_at <= 1.1 * interval.longest
    if typical is not None and ready_at <= typical.latest:
        dense = (typical.latest - typical.earliest) / (0.9 * interval.minimum(has_webhook=has_webhook))
        assert polls <= 2 + typical.earliest / interval.longest + dense + 1


@pytest.mark.parametrize("slow_starts", [5, 50])
def test_a_version_that_becomes_faster_is_soon_polled_earlier(slow_starts: int) -> None:
    interval, history = PollInterval(), ReadinessHistory()
    for _ in range(slow_starts):
        history.record(KART, 25.0)
    delays: list[float] = []
    for _ in range(8):
        typical = history.typical_duration(KART)
        age = interval.first_poll(typical)
        while age < 2.5:
            age += interval.pause(age, typical)
        history.record(KART, age)
        delays.append(age - 2.5)
    assert delays[0] <= interval.longest
    assert delays[-1] <= 0.2


def test_the_typical_duration_is_of_one_version_and_of_its_latest_servers() -> None:
    history = ReadinessHistory()
    for seconds in (2.0, 4.0, 3.0, 5.0):
        history.record(KART, seconds)
    assert history.typical_duration(KART) is None, "four durations are too few"
    history.record(KART, 4.0)
    assert history.typical_duration(KART) == TypicalDuration(
        earliest=pytest.approx(1.6), median=4.0, latest=pytest.approx(5.5)
    )
    assert history.typical_duration(("kart", "v2")) is None
    assert history.typical_duration(None) is None
    for _ in range(50):
        history.record(KART, 10.0)
    assert history.typical_duration(KART) == TypicalDuration(
        earliest=pytest.approx(8.0), median=10.0, latest=pytest.approx(11.0)
    )


def test_the_least_recently_used_versions_are_forgotten() -> None:
    history = ReadinessHistory()
    for _ in range(5):
        history.record(KART, 4.0)
    assert history.typical_duration(KART) is not None
    for number in range(300):
        history.record(("kart", f"w{number}"), 1.0)
    assert history.typical_duration(KART) is None


def test_the_pause_is_spread_from_the_earliest_ready_on() -> None:
    typical = TypicalDuration(earliest=2.0, median=4.0, latest=6.0)
    assert PollInterval().pause(2.0, typical, lambda: 0.0) == pytest.approx(0.09)
    assert PollInterval().pause(2.0, typical, lambda: 1.0) == pytest.approx(0.11)
