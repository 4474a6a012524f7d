"""Which entries are due for a poll, in which order, and until when they are remembered."""

from __future__ import annotations

import pytest

from edgegap_async.models.deployments import Deployment
from edgegap_async.waiting.registry import EarlyWebhook, WatchRegistry
from edgegap_async.waiting.schedule import PollSchedule
from edgegap_async.waiting.subscriptions import RequestRecord, WatchEntry


def entry(id: str, due: float) -> WatchEntry[Deployment]:
    return WatchEntry(id=id, path={}, request=RequestRecord(requested_at=0.0), due=due, subscriptions=1)


def scheduled(*entries: WatchEntry[Deployment]) -> PollSchedule[Deployment]:
    schedule: PollSchedule[Deployment] = PollSchedule()
    for each in entries:
        schedule.add(each)
    return schedule


def taken(schedule: PollSchedule[Deployment], limit: int = 10, *, until: float = 100.0) -> str:
    return "".join(each.id for each in schedule.take(limit, lambda each: each.due <= until))


def test_entries_are_taken_in_the_order_in_which_they_are_due() -> None:
    schedule = scheduled(entry("c", 3.0), entry("a", 1.0), entry("b", 2.0), entry("d", 4.0))
    assert schedule.next_due == 1.0
    assert taken(schedule, until=2.0) == "ab"
    assert schedule.next_due == 3.0
    assert taken(schedule) == "cd"
    assert schedule.next_due is None


def test_entries_that_are_due_at_the_same_moment_keep_their_order() -> None:
    schedule = scheduled(*(entry(id, 1.0) for id in "abcdefgh"))
    assert taken(schedule, 3) == "abc"
    assert taken(schedule) == "defgh"


def test_an_entry_that_is_due_at_another_moment_by_now_is_taken_once() -> None:
    moved = entry("a", 5.0)
    schedule = scheduled(moved, entry("b", 6.0))
    moved.due = 1.0
    schedule.add(moved)
    assert taken(schedule) == "ab"
    assert taken(schedule) == ""


def test_an_entry_without_a_subscription_is_dropped() -> None:
    ended, other = entry("a", 1.0), entry("b", 2.0)
    schedule = scheduled(ended, other)
    ended.subscriptions = 0
    assert taken(schedule) == "b"


def test_an_entry_that_is_dropped_does_not_hide_one_that_is_wanted_later() -> None:
    ended = entry("a", 50.0)
    schedule = scheduled(ended, entry("b", 60.0))
    ended.subscriptions = 0
    assert taken(schedule, until=10.0) == ""
    assert taken(schedule, until=60.0) == "b"


# what is remembered of requests


@pytest.mark.looptime(start=1000)
async def test_an_entry_has_what_is_remembered_of_its_request() -> None:
    registry: WatchRegistry[Deployment] = WatchRegistry()
    registry.remember_request("a", ("kart", "v1"), has_webhook=True)
    added = registry.add("a", {"deployment_id": "a"})
    assert added.request == RequestRecord(requested_at=1000.0, version=("kart", "v1"), has_webhook=True)
    assert (added.id, added.path) == ("a", {"deployment_id": "a"})
    assert registry.add("a", {}).request == RequestRecord(requested_at=1000.0), "it is remembered for one entry"


@pytest.mark.looptime(start=1000)
async def test_a_webhook_that_arrived_is_not_waited_for() -> None:
    registry: WatchRegistry[Deployment] = WatchRegistry()
    registry.remember_request("a", ("kart", "v1"), has_webhook=True)
    registry.remember_webhook("a")
    registry.remember_webhook("unknown")
    assert registry.add("a", {}).request == RequestRecord(requested_at=1000.0, version=("kart", "v1"))
    assert registry.take_early_snapshot("a") is None


@pytest.mark.looptime
async def test_an_entry_ends_with_its_last_subscription() -> None:
    registry: WatchRegistry[Deployment] = WatchRegistry()
    added = registry.add("a", {})
    registry.subscribe(added, every_snapshot=False)
    registry.subscribe(added, every_snapshot=True)
    assert (added.subscriptions, added.progress_subscriptions, len(registry)) == (2, 1, 1)
    registry.unsubscribe(added, every_snapshot=True)
    assert (added.subscriptions, added.progress_subscriptions) == (1, 0)
    assert registry.get("a") is added
    assert [*registry] == [added]
    registry.unsubscribe(added, every_snapshot=False)
    assert (added.subscriptions, registry.get("a"), len(registry)) == (0, None, 0)


@pytest.mark.looptime
async def test_an_entry_counts_each_subscription_that_wants_every_snapshot() -> None:
    registry: WatchRegistry[Deployment] = WatchRegistry()
    added = registry.add("a", {})
    for _ in range(3):
        registry.subscribe(added, every_snapshot=True)
    assert (added.subscriptions, added.progress_subscriptions) == (3, 3)
    registry.unsubscribe(added, every_snapshot=True)
    assert (added.subscriptions, added.progress_subscriptions) == (2, 2)


# webhooks before anything waits


@pytest.mark.parametrize(("number", "size"), [(40, 1 << 20), (60_000, 0)])
def test_the_oldest_of_many_early_webhooks_are_forgotten(number: int, size: int) -> None:
    registry: WatchRegistry[Deployment] = WatchRegistry()
    snapshot = Deployment(request_id="a")
    for each in range(number):
        body = bytes(size) + str(each).encode()
        registry.remember_webhook(str(each), EarlyWebhook(body, {body: snapshot}.__getitem__))
    assert registry.take_early_snapshot("0") is None
    assert registry.take_early_snapshot(str(number - 1)) is snapshot
    assert registry.take_early_snapshot(str(number - 1)) is None
