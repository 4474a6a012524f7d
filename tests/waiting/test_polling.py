"""When the watcher polls what, at exact moments of virtual time and with a service that is one object."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

import attrs
import pytest

from edgegap_async.errors import ClientStateError, DeadlineExceeded, EdgegapError, NotFound, Outcome, TransportError
from edgegap_async.models.states import Progress, State
from edgegap_async.transport import Pipeline
from edgegap_async.waiting.history import TypicalDuration
from edgegap_async.waiting.intervals import PollInterval
from edgegap_async.waiting.progress import WaitProgress
from edgegap_async.waiting.registry import EarlyWebhook
from edgegap_async.waiting.status_probe import as_transient
from edgegap_async.waiting.subscriptions import RequestRecord, WatchEntry
from edgegap_async.waiting.watcher import FEW, PAGES_UNDER_WAY, STATUS_CALLS_UNDER_WAY, Watcher
from edgegap_async.waiting.watchers import Watchers

KART = ("kart", "v1")
MANY = FEW + 1


@attrs.frozen
class Seen:
    """A snapshot."""

    progress: Progress
    state: State | None = None
    reason: str | None = None


PENDING = Seen(Progress.PENDING, State.DEPLOYING)
INCOMPLETE = Seen(Progress.INCOMPLETE, State.READY)
READY = Seen(Progress.READY, State.READY)
GONE = Seen(Progress.GONE, State.TERMINATED)

Entry: TypeAlias = WatchEntry[Seen]


class Exact(PollInterval):
    """Polls every second, and every three seconds what a webhook reports; without jitter."""

    def pause(
        self,
        age: float,
        typical: TypicalDuration | None,
        jitter: Callable[[], float] = lambda: 0.5,
        *,
        has_webhook: bool = False,
    ) -> float:
        return super().pause(age, typical, lambda: 0.5, has_webhook=has_webhook)


EVERY_SECOND = Exact(first=1.0, shortest=1.0, growth=0.0, longest=5.0, with_webhook=3.0)


def now() -> float:
    return asyncio.get_running_loop().time()


@attrs.define
class Service:
    """Responds to polls after ``seconds``, with READY from ``ready_at`` on; records each poll and each page.

    Attributes:
        polls: The id and the moment of each status call.
        pages: The ids and the moment of each page.
        error: Raised by each status call instead of a response.
        under_way: How many calls are under way, and were at most.
    """

    ready_at: float = 1000.0
    seconds: float = 0.0
    polls: list[tuple[str, float]] = attrs.field(factory=list[tuple[str, float]])
    pages: list[tuple[str, float]] = attrs.field(factory=list[tuple[str, float]])
    error: EdgegapError | None = None
    under_way: int = 0
    most_under_way: int = 0
    page_size: int = 100
    refused: bool = False
    next_slot: float = 0.0

    async def _respond(self) -> Seen:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        return attrs.evolve(READY if now() >= self.ready_at else PENDING)


@attrs.frozen
class Status:
    service: Service

    async def poll(self, entry: Entry) -> Seen:
        self.service.polls.append((entry.id, now()))
        snapshot = await self.service._respond()
        if self.service.error is not None:
            raise self.service.error
        return snapshot


@attrs.frozen
class Pages:
    service: Service

    @property
    def page_size(self) -> int:
        return self.service.page_size

    def is_refused(self, _: float) -> bool:
        return self.service.refused

    def slot_in(self) -> float:
        return max(self.service.next_slot - now(), 0.0)

    async def poll(self, entries: Sequence[Entry], publish: Callable[[Entry, Seen], None]) -> None:
        self.service.pages.append(("".join(sorted(entry.id for entry in entries)), now()))
        snapshot = await self.service._respond()
        for entry in entries:
            publish(entry, snapshot)


def watcher_of(service: Service, *, with_pages: bool = False, interval: PollInterval = EVERY_SECOND) -> Watcher[Seen]:
    pages = Pages(service) if with_pages else None
    return Watcher("thing", Status(service), pages, interval)  # type: ignore[arg-type]


async def wait(watcher: Watcher[Seen], id: str = "a") -> float:
    """Wait until something is READY, and return the moment."""
    with watcher.subscribe(id, {"id": id}) as subscription:
        while (await subscription.next()).progress is not Progress.READY:
            pass
    return now()


async def until(moment: float, *works: asyncio.Task[float]) -> None:
    """Let the tasks run until a moment, and cancel them."""
    await asyncio.sleep(moment - now())
    for work in works:
        work.cancel()
    await asyncio.gather(*works, return_exceptions=True)


def waits(watcher: Watcher[Seen], ids: str) -> list[asyncio.Task[float]]:
    return [asyncio.create_task(wait(watcher, id)) for id in ids]


# the first poll


@pytest.mark.looptime
async def test_what_was_not_requested_here_is_polled_at_once_and_then_again_and_again() -> None:
    service = Service(ready_at=2.5)
    watcher = watcher_of(service)
    assert await wait(watcher) == pytest.approx(3.0)
    assert service.polls == [("a", pytest.approx(moment)) for moment in (0.0, 1.0, 2.0, 3.0)]


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("has_webhook", "begins", "moments"),
    [(False, 0.25, [1.0, 2.0, 3.0]), (True, 0.25, [3.0]), (False, 1.5, [1.5, 2.5, 3.5]), (True, 4.0, [4.0, 7.0])],
)
async def test_the_first_poll_is_counted_from_the_request(
    has_webhook: bool, begins: float, moments: list[float]
) -> None:
    service = Service(ready_at=moments[-1] - 0.1)
    watcher = watcher_of(service)
    watcher.on_requested("a", KART, has_webhook=has_webhook)
    await asyncio.sleep(begins)
    assert await wait(watcher) == pytest.approx(moments[-1])
    assert service.polls == [("a", pytest.approx(moment)) for moment in moments]


@pytest.mark.looptime
async def test_what_has_no_version_is_polled_at_once() -> None:
    service = Service(ready_at=0.0)
    watcher = watcher_of(service)
    watcher.on_requested("a")
    assert await wait(watcher) == 0.0


@pytest.mark.looptime
async def test_a_version_whose_duration_is_typical_is_first_polled_when_it_can_be_ready() -> None:
    service = Service(ready_at=8.5)
    watcher = watcher_of(service, interval=attrs.evolve(EVERY_SECOND, longest=20.0))
    for _ in range(5):
        watcher.history.record(KART, 10.0)
    watcher.on_requested("a", KART)
    await asyncio.sleep(2)
    assert await wait(watcher) == pytest.approx(9.0)
    assert service.polls == [("a", pytest.approx(moment)) for moment in (8.0, 9.0)]


@pytest.mark.looptime
async def test_polls_follow_the_typical_duration() -> None:
    service = Service(ready_at=9.5)
    watcher = watcher_of(service)
    for _ in range(5):
        watcher.history.record(KART, 10.0)
    watcher.on_requested("a", KART)
    assert await wait(watcher) == pytest.approx(10.0)
    # none was ready before 8 s, and no pause is longer than 5 s
    assert service.polls == [("a", pytest.approx(moment)) for moment in (5.0, 8.0, 9.0, 10.0)]


# what is measured


def measured(watcher: Watcher[Seen]) -> float | None:
    """The median of the versions' durations, once one more is recorded four times."""
    for _ in range(4):
        watcher.history.record(KART, 1000.0)
    typical = watcher.history.typical_duration(KART)
    return None if typical is None else typical.earliest / 0.8


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("begins", "ready_at", "duration"),
    [
        (0.0, 0.0, 1.0),  # its first poll is in time
        (1.0, 0.0, 1.0),
        (1.5, 0.0, None),  # it may have been ready for long
        (1.5, 2.0, 2.5),  # a poll shows it pending
        (0.0, 3.5, 4.0),
    ],
)
async def test_a_duration_is_measured_if_a_poll_was_not_too_late(
    begins: float, ready_at: float, duration: float | None
) -> None:
    watcher = watcher_of(Service(ready_at=100 + ready_at))
    await asyncio.sleep(100)
    watcher.on_requested("a", KART)
    await asyncio.sleep(begins)
    with watcher.subscribe("a", {}) as subscription:
        while (await subscription.next()).progress is not Progress.READY:
            pass
        assert subscription.entry.ready_after == (None if duration is None else pytest.approx(duration))
    assert measured(watcher) == (None if duration is None else pytest.approx(duration))


@pytest.mark.looptime
async def test_a_duration_is_measured_once() -> None:
    watcher = watcher_of(Service(ready_at=2.0))
    watcher.on_requested("a", KART)
    with watcher.subscribe("a", {}, every_snapshot=True) as subscription:
        for _ in range(8):
            await subscription.next()
            await asyncio.sleep(0.5)
    assert subscription.entry.ready_after == pytest.approx(2.0)
    assert measured(watcher) == pytest.approx(2.0)
    assert watcher.history.typical_duration(KART) is not None
    assert [len(durations) for durations in watcher.history._durations.values()] == [5]


@pytest.mark.looptime
async def test_progress_is_the_state_the_age_and_the_typical_duration() -> None:
    watcher = watcher_of(Service(ready_at=2.5))
    for _ in range(5):
        watcher.history.record(KART, 4.0)
    watcher.on_requested("a", KART)
    await asyncio.sleep(0.5)
    with watcher.subscribe("a", {}) as subscription, watcher.subscribe("b", {}) as other:
        assert watcher.progress(subscription) == WaitProgress(request_id="a", state=None, seconds=0.5, typical=4.0)
        await asyncio.sleep(1.5)
        assert watcher.progress(other) == WaitProgress(request_id="b", state=State.DEPLOYING, seconds=1.5, typical=None)


# webhooks


def early(snapshot: Seen) -> EarlyWebhook[Seen]:
    return EarlyWebhook(b"the body", {b"the body": snapshot}.__getitem__)


@pytest.mark.looptime
async def test_a_webhook_ends_a_wait_without_a_poll() -> None:
    service = Service()
    watcher = watcher_of(service)
    watcher.on_requested("a", KART, has_webhook=True)
    (waiting,) = waits(watcher, "a")
    await asyncio.sleep(2.25)
    watcher.on_webhook("b", READY, early(READY))
    watcher.on_webhook("a", READY, early(PENDING))
    assert await waiting == 2.25
    assert service.polls == []
    assert measured(watcher) == 2.25


@pytest.mark.looptime
async def test_a_webhook_before_the_wait_is_kept_for_the_first() -> None:
    service = Service()
    watcher = watcher_of(service)
    watcher.on_requested("a", KART, has_webhook=True)
    watcher.on_webhook("a", PENDING, early(READY))
    await asyncio.sleep(1)
    assert await wait(watcher) == 1.0
    assert service.polls == []
    (again,) = waits(watcher, "a")
    await until(1.5, again)
    assert service.polls == [("a", 1.0)], "it is kept once"


@pytest.mark.looptime
async def test_the_last_webhook_of_what_no_longer_exists_ends_a_wait() -> None:
    service = Service()
    watcher = watcher_of(service)
    watcher.on_requested("a", KART, has_webhook=True)
    with watcher.subscribe("a", {}) as subscription:
        watcher.on_webhook("a", GONE, early(GONE))
        assert await subscription.next() is GONE
    assert service.polls == []


@pytest.mark.looptime
async def test_the_last_webhook_of_what_no_longer_exists_is_not_kept_nor_those_before_it() -> None:
    service = Service()
    watcher = watcher_of(service)
    for snapshot in (READY, GONE):
        watcher.on_webhook("a", snapshot, early(snapshot))
    with watcher.subscribe("a", {}) as subscription:
        assert (await subscription.next()).progress is Progress.PENDING
    assert service.polls == [("a", 0.0)]


@pytest.mark.looptime
async def test_a_webhook_without_the_ports_polls_at_once() -> None:
    service = Service(ready_at=0.0)
    watcher = watcher_of(service)
    watcher.on_requested("a", KART, has_webhook=True)
    (waiting,) = waits(watcher, "a")
    await asyncio.sleep(0.5)
    watcher.on_webhook("a", INCOMPLETE, early(INCOMPLETE))
    assert await waiting == 0.5
    assert service.polls == [("a", 0.5)]


@pytest.mark.looptime
async def test_what_a_webhook_reported_is_polled_by_its_status_at_once_and_once() -> None:
    service = Service()
    watcher = watcher_of(service, with_pages=True)
    waiting = waits(watcher, "abcd")
    await asyncio.sleep(0.5)
    watcher.poll_now("b")
    await until(1.75, *waiting)
    assert service.polls == [("b", 0.5)]
    assert service.pages == [("abcd", 0.0), ("abcd", pytest.approx(1.0))]


@pytest.mark.looptime
async def test_after_a_webhook_without_a_body_no_other_is_expected() -> None:
    service = Service(ready_at=0.0)
    watcher = watcher_of(service)
    watcher.on_requested("a", KART, has_webhook=True)
    watcher.poll_now("a")
    assert await wait(watcher) == 1.0


@pytest.mark.looptime
async def test_two_webhooks_at_the_same_moment_poll_once() -> None:
    service = Service()
    watcher = watcher_of(service)
    waiting = waits(watcher, "ab")
    await asyncio.sleep(0.5)
    watcher.poll_now("a")
    watcher.poll_now("a")
    await until(0.75, *waiting)
    assert service.polls == [("a", 0.0), ("b", 0.0), ("a", 0.5)]


# one by one, or by pages


@pytest.mark.looptime
async def test_few_are_polled_one_by_one_and_many_by_pages() -> None:
    service = Service()
    watcher = watcher_of(service, with_pages=True)
    waiting = waits(watcher, "ab")
    await asyncio.sleep(0.5)
    assert [id for id, _ in service.polls] == ["a", "b"]
    waiting += waits(watcher, "c")
    await until(1.75, *waiting)
    assert [id for id, _ in service.polls] == ["a", "b"]
    assert service.pages == [("abc", 0.5), ("abc", 1.5)]


@pytest.mark.looptime
async def test_a_refused_list_is_not_requested() -> None:
    service = Service(refused=True)
    waiting = waits(watcher_of(service, with_pages=True), "abcd")
    await until(0.5, *waiting)
    assert [id for id, _ in service.polls] == ["a", "b", "c", "d"]
    assert service.pages == []


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("begins", "pages"),
    [
        (0.4, [("abc", 0.0), ("d", 0.4), ("abcd", 1.0)]),  # 0.6 s early is too early, 0.4 s is not
        (0.5, [("abc", 0.0), ("abcd", 0.5), ("abcd", 1.5)]),  # half a second early, as is allowed at most
        (0.75, [("abc", 0.0), ("abcd", 0.75), ("abcd", 1.75)]),
    ],
)
async def test_what_is_nearly_due_is_on_the_page_that_is_requested_anyway(
    begins: float, pages: list[tuple[str, float]]
) -> None:
    service = Service()
    watcher = watcher_of(service, with_pages=True)
    waiting = waits(watcher, "abc")
    await asyncio.sleep(begins)
    waiting += waits(watcher, "d")
    await until(1.8, *waiting)
    assert service.pages == [(ids, pytest.approx(moment)) for ids, moment in pages]


@pytest.mark.looptime
async def test_a_page_has_no_more_entries_than_its_size() -> None:
    service = Service(page_size=3)
    waiting = waits(watcher_of(service, with_pages=True), "abcdefgh")
    await until(0.5, *waiting)
    assert service.pages == [("abc", 0.0), ("def", 0.0), ("gh", 0.0)]


@pytest.mark.looptime
async def test_two_pages_are_under_way_at_a_time_and_the_next_follows_at_once() -> None:
    service = Service(page_size=2, seconds=0.25)
    waiting = waits(watcher_of(service, with_pages=True), "abcdefgh")
    await until(0.5, *waiting)
    assert PAGES_UNDER_WAY == 2
    assert service.pages == [("ab", 0.0), ("cd", 0.0), ("ef", pytest.approx(0.25)), ("gh", pytest.approx(0.25))]
    assert service.most_under_way == 2


@pytest.mark.looptime
async def test_eight_status_calls_are_under_way_at_a_time_and_the_next_follow_at_once() -> None:
    service = Service(seconds=0.25)
    waiting = waits(watcher_of(service), "abcdefghijkl")
    await until(0.5, *waiting)
    assert STATUS_CALLS_UNDER_WAY == 8
    assert [moment for _, moment in service.polls] == [0.0] * 8 + [pytest.approx(0.25)] * 4
    assert "".join(id for id, _ in service.polls) == "abcdefghijkl"
    assert service.most_under_way == 8


@pytest.mark.looptime
async def test_pages_do_not_take_the_room_of_status_calls() -> None:
    service = Service(seconds=10.0)
    watcher = watcher_of(service, with_pages=True)
    waiting = waits(watcher, "abc")
    await asyncio.sleep(0.25)
    waiting += waits(watcher, "xyz")
    await asyncio.sleep(0.25)
    waiting += waits(watcher, "defghijklmno")
    await asyncio.sleep(0)
    for id in "defghijklmno":
        watcher.poll_now(id)
    await until(1.0, *waiting)
    assert service.pages == [("abc", 0.0), ("xyz", 0.25)]
    assert service.polls == [(id, 0.5) for id in "defghijk"]


@pytest.mark.looptime
async def test_a_page_waits_for_its_slot_and_has_what_is_due_then() -> None:
    service = Service(next_slot=2.0)
    watcher = watcher_of(service, with_pages=True)
    waiting = waits(watcher, "abc")
    await asyncio.sleep(1.0)
    waiting += waits(watcher, "d")
    await until(2.5, *waiting)
    assert service.pages == [("abcd", pytest.approx(2.0, abs=0.01))]
    assert service.polls == []


# errors and ends


@pytest.mark.looptime
async def test_the_error_of_a_poll_is_raised_in_each_wait_and_the_polls_go_on() -> None:
    service = Service(error=NotFound(404, "gone", {}, "thing-get"), ready_at=0.0)
    watcher = watcher_of(service)
    with watcher.subscribe("a", {}) as first, watcher.subscribe("a", {}) as second:
        failures = await asyncio.gather(first.next(), second.next(), return_exceptions=True)
        assert [type(failure) for failure in failures] == [NotFound, NotFound]
        assert failures[0] is not failures[1]
        service.error = None
        assert await first.next() == READY
        assert await second.next() == READY
    assert now() == pytest.approx(1.0)


@pytest.mark.looptime
async def test_the_deadline_of_a_poll_is_not_that_of_the_wait() -> None:
    error = as_transient(DeadlineExceeded("no response", outcome=Outcome.NOT_SENT, operation="thing-get"))
    assert type(error) is TransportError
    assert (str(error), error.outcome, error.operation) == ("no response", Outcome.NOT_SENT, "thing-get")
    missing = NotFound(404, "gone", {}, "thing-get")
    assert as_transient(missing) is missing


@pytest.mark.looptime
async def test_closing_ends_the_waits_and_their_polls_and_allows_no_other() -> None:
    service = Service(seconds=5.0)
    watcher = watcher_of(service)
    waiting = waits(watcher, "ab")
    await asyncio.sleep(1.0)
    await watcher.close()
    assert service.under_way == 0
    for id, work in zip("ab", waiting, strict=True):
        with pytest.raises(ClientStateError, match=f"during a wait for the thing {id}"):
            await work
    with pytest.raises(ClientStateError, match="closed"):
        await wait(watcher)
    assert now() == 1.0


@pytest.mark.looptime
async def test_the_watcher_ends_with_its_last_wait_and_begins_again_with_the_next() -> None:
    service = Service(seconds=0.5)
    watcher = watcher_of(service)
    before = asyncio.all_tasks()
    (first,) = waits(watcher, "a")
    await until(0.25, first)
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == before
    assert service.under_way == 0
    service.ready_at = 0.0
    assert await wait(watcher) == pytest.approx(0.76)


@pytest.mark.looptime
async def test_a_new_wait_shares_the_polls_of_one_that_is_under_way() -> None:
    service = Service(ready_at=2.5)
    watcher = watcher_of(service)
    (first,) = waits(watcher, "a")
    await asyncio.sleep(0.5)
    (second,) = waits(watcher, "a")
    assert await asyncio.gather(first, second) == [pytest.approx(3.0)] * 2
    assert len(service.polls) == 4


@pytest.mark.looptime
async def test_only_a_wait_that_wants_it_receives_snapshots_that_show_nothing_new() -> None:
    watcher = watcher_of(Service())
    received: dict[bool, int] = {False: 0, True: 0}

    async def count(id: str, every_snapshot: bool) -> float:
        with watcher.subscribe(id, {}, every_snapshot=every_snapshot) as subscription:
            while True:
                await subscription.next()
                received[every_snapshot] += 1

    await until(4.5, *(asyncio.create_task(count(str(every), every)) for every in received))
    assert received == {False: 1, True: 5}


@pytest.mark.looptime
async def test_an_incomplete_snapshot_is_received_again_and_again() -> None:
    watcher = watcher_of(Service())
    with watcher.subscribe("a", {}) as subscription:
        assert await subscription.next() == PENDING
        for _ in range(3):
            watcher._publish(subscription.entry, attrs.evolve(INCOMPLETE))
            assert (await subscription.next()).progress is Progress.INCOMPLETE


@attrs.define
class SlowToEnd:
    """Polls that never end, and take one round of the event loop more to be cancelled with each poll."""

    polls: int = 0
    under_way: int = 0

    async def poll(self, _: Entry) -> Seen:
        self.polls += 1
        rounds = self.polls * 3
        self.under_way += 1
        try:
            await asyncio.sleep(1000)
        finally:
            for _ in range(rounds):
                await asyncio.sleep(0)
            self.under_way -= 1
        return PENDING


@pytest.mark.looptime
async def test_closing_waits_until_each_poll_has_ended() -> None:
    probe = SlowToEnd()
    watcher: Watcher[Seen] = Watcher("thing", probe, None, EVERY_SECOND)  # type: ignore[arg-type]
    waiting = waits(watcher, "abc")
    await asyncio.sleep(0.5)
    assert probe.under_way == 3
    await watcher.close()
    assert probe.under_way == 0
    assert all(isinstance(each, ClientStateError) for each in await asyncio.gather(*waiting, return_exceptions=True))


@pytest.mark.looptime
async def test_the_exception_of_a_defect_is_raised_itself_in_each_wait() -> None:
    entry: Entry = WatchEntry(id="a", path={}, request=RequestRecord(requested_at=0.0))
    first, second = entry.waiters = tuple(asyncio.get_running_loop().create_future() for _ in range(2))
    defect = RuntimeError("a defect")
    entry.fail(defect)
    assert first.exception() is second.exception() is defect


@pytest.mark.looptime
async def test_what_has_no_typical_duration_is_polled_sparsely() -> None:
    service = Service()
    sessions = Watchers(cast("Pipeline", None)).add("session", Status(service))  # type: ignore[arg-type]
    await until(3.05, *waits(cast("Watcher[Seen]", sessions), "a"))
    moments = [moment for _, moment in service.polls]
    # every 0.25 s, and from 1.7 s on 15 % of its age later; each pause is 10 % longer or shorter
    assert 9 <= len(moments) <= 13
    assert moments[0] == 0.0
    assert moments[1] == pytest.approx(0.25, rel=0.11)
