"""One poll of many deployments: what is requested, and what the rows mean for each of them."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import attrs
import orjson
import pytest

from edgegap_async.decoding.decoder import decode
from edgegap_async.errors import BadRequest, DeadlineExceeded, DecodeError, EdgegapError, Outcome, TransportError
from edgegap_async.limits import Priority
from edgegap_async.models.deployments import DeploymentSnapshot
from edgegap_async.models.states import State
from edgegap_async.transport import Pipeline
from edgegap_async.waiting.list_probe import PAGE_SIZE, REFUSED_SECONDS, STATUSLESS_ROWS, ListProbe
from edgegap_async.waiting.status_probe import POLL_SECONDS
from edgegap_async.waiting.subscriptions import RequestRecord, WatchEntry

REFUSED = BadRequest(400, "no query", {}, "deployment-list")
READY = {"status": "Status.READY", "ready": True, "fqdn": "x.pr.edgegap.net", "ports": {"g": {"external": 30000}}}

Entry = WatchEntry[DeploymentSnapshot]


@attrs.define
class List:
    """The list's responses: rows, or an error; records what was requested."""

    rows: list[Any] = attrs.field(factory=list[Any])
    has_next: bool | None = None
    error: EdgegapError | None = None
    requests: list[tuple[str, dict[str, Any]]] = attrs.field(factory=list[tuple[str, dict[str, Any]]])
    published: list[tuple[str, State | None]] = attrs.field(factory=list[tuple[str, State | None]])

    async def call(self, operation_id: str, model: type[Any], **options: Any) -> Any:
        self.requests.append((operation_id, options))
        if self.error is not None:
            raise self.error
        pagination = None if self.has_next is None else {"has_next": self.has_next}
        body = orjson.dumps({"data": self.rows, "pagination": pagination})
        return decode(body, model, operation=operation_id)

    def slot_in(self, bucket: str, priority: Priority) -> float:
        return {("list", Priority.POLL): 1.5}[bucket, priority]

    def publish(self, entry: Entry, snapshot: DeploymentSnapshot) -> None:
        self.published.append((entry.id, snapshot.state))

    async def poll(self, probe: ListProbe, *entries: Entry) -> list[tuple[str, State | None]]:
        self.published.clear()
        await probe.poll(entries, self.publish)
        return [*self.published]


def probe_of(service: List) -> ListProbe:
    return ListProbe(cast("Pipeline", service))


def entries(ids: str, *, requested_at: float = 0.0) -> list[Entry]:
    request = RequestRecord(requested_at=requested_at)
    return [WatchEntry(id=id, path={}, request=request, subscriptions=1) for id in ids]


def row(id: str, status: str | None = "Status.DEPLOYING", **fields: Any) -> dict[str, Any]:
    return {"request_id": id, "status": status, "ready": False, **fields}


@pytest.mark.looptime
async def test_a_poll_requests_one_page_with_the_ids() -> None:
    service = List([row("b"), row("a"), row("other")])
    probe = probe_of(service)
    assert probe.page_size == PAGE_SIZE
    assert probe.slot_in() == 1.5
    assert await service.poll(probe, *entries("ab")) == [("a", State.DEPLOYING), ("b", State.DEPLOYING)]
    ((operation_id, options),) = service.requests
    query = options["query"]
    filters = orjson.loads(query["query"])["filters"]
    assert (operation_id, query["page"], query["limit"]) == ("deployment-list", "1", "100")
    assert [(each["field"], each["value"]) for each in filters] == [("request_id", ["a", "b"])]
    assert (options["timeout"], options["priority"]) == (POLL_SECONDS, Priority.POLL)


@pytest.mark.looptime(start=1000)
async def test_a_refused_query_is_not_sent_again_for_ten_minutes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="edgegap_async")
    service = List(error=REFUSED)
    probe = probe_of(service)
    assert not probe.is_refused(1000.0)
    assert await service.poll(probe, *entries("a")) == []
    assert REFUSED_SECONDS == 600
    assert probe.is_refused(1599.9)
    assert not probe.is_refused(1600.0)
    await service.poll(probe, *entries("a"))
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.DEBUG]


@pytest.mark.looptime
@pytest.mark.parametrize(
    "error",
    [
        TransportError("broken", outcome=Outcome.UNKNOWN, operation="deployment-list"),
        DeadlineExceeded("broken", outcome=Outcome.UNKNOWN, operation="deployment-list"),
    ],
)
async def test_an_error_is_raised_in_the_waits_and_is_no_deadline_of_theirs(error: EdgegapError) -> None:
    service = List(error=error)
    (entry,) = entries("a")
    entry.waiters = (asyncio.get_running_loop().create_future(),)
    (waiter,) = entry.waiters
    assert await service.poll(probe_of(service), entry) == []
    failure = waiter.exception()
    assert type(failure) is TransportError
    assert str(failure) == "broken"
    assert not entry.needs_status


@pytest.mark.looptime
@pytest.mark.parametrize(("has_next", "page_size"), [(True, 2), (False, PAGE_SIZE), (None, PAGE_SIZE)])
async def test_a_page_that_the_service_caps_lowers_the_page_size(has_next: bool | None, page_size: int) -> None:
    service = List([row("a"), row("b")], has_next)
    probe = probe_of(service)
    await asyncio.sleep(100)
    a, b, c = entries("abc")
    await service.poll(probe, a, b, c)
    assert probe.page_size == page_size
    assert c.needs_status is (has_next is not True), "if the page is capped, the next one may show it"
    assert not a.needs_status


@pytest.mark.looptime
async def test_a_capped_page_without_rows_keeps_a_page_size_of_one() -> None:
    service = List([], has_next=True)
    probe = probe_of(service)
    await service.poll(probe, *entries("a"))
    assert probe.page_size == 1


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("age", "rows_seen", "needs_status"),
    [(0.5, 0, False), (3.0, 0, False), (3.1, 0, True), (0.5, 1, True)],
)
async def test_what_the_list_does_not_show_is_polled_by_its_status_after_three_seconds_or_if_it_was_shown(
    age: float, rows_seen: int, needs_status: bool
) -> None:
    service = List([row("other")])
    await asyncio.sleep(age)
    (entry,) = entries("a")
    entry.rows_seen = rows_seen
    assert await service.poll(probe_of(service), entry) == []
    assert entry.needs_status is needs_status


@pytest.mark.looptime
async def test_the_same_state_again_is_published_only_for_progress() -> None:
    service = List([row("a")])
    probe, (entry,) = probe_of(service), entries("a")
    seeking, deploying = State.SEEKING, State.DEPLOYING
    assert await service.poll(probe, entry) == [("a", deploying)]
    assert await service.poll(probe, entry) == []
    entry.progress_subscriptions = 1
    assert await service.poll(probe, entry) == [("a", deploying)]
    entry.progress_subscriptions = 0
    service.rows = [row("a", "Status.SEEKING")]
    assert await service.poll(probe, entry) == [("a", seeking)]
    service.rows = [row("a", "Status.SEEKING", ready=True)]
    assert await service.poll(probe, entry) == [("a", seeking)], "another flag is another state"
    service.rows = [row("a") | READY]
    assert await service.poll(probe, entry) == [("a", State.READY)]
    assert await service.poll(probe, entry) == []
    assert entry.rows_seen == 7
    assert not entry.needs_status


@pytest.mark.looptime
async def test_rows_without_a_status_are_published_and_every_twentieth_is_followed_by_a_status_call() -> None:
    service = List([{"request_id": "a"}])
    probe, (entry,) = probe_of(service), entries("a")
    followed: list[int] = []
    for number in range(1, 2 * STATUSLESS_ROWS + 1):
        assert await service.poll(probe, entry) == [("a", None)]
        if entry.needs_status:
            followed.append(number)
    assert followed == [20, 40]


@pytest.mark.looptime
async def test_a_ready_row_without_ports_is_published_again_and_followed_by_a_status_call() -> None:
    service = List([row("a") | READY | {"ports": None}])
    probe, (entry,) = probe_of(service), entries("a")
    for _ in range(2):
        assert await service.poll(probe, entry) == [("a", State.READY)]
        assert entry.needs_status
        entry.needs_status = False
    service.rows = [row("a") | READY]
    entry.needs_status = True
    assert await service.poll(probe, entry) == [("a", State.READY)]
    assert not entry.needs_status


@pytest.mark.looptime
async def test_a_row_in_error_is_followed_by_a_status_call_which_has_the_reason() -> None:
    service = List([row("a", "Status.ERROR"), row("b")])
    probe, (a, b) = probe_of(service), entries("ab")
    for _ in range(2):
        assert ("a", State.ERROR) not in await service.poll(probe, a, b)
        assert (a.needs_status, b.needs_status) == (True, False)
        a.needs_status = False


@pytest.mark.looptime
async def test_a_row_of_a_stopped_deployment_is_published_each_time() -> None:
    service = List([row("a", "Status.TERMINATED")])
    probe, (entry,) = probe_of(service), entries("a")
    for _ in range(2):
        assert await service.poll(probe, entry) == [("a", State.TERMINATED)]


@pytest.mark.looptime
async def test_a_row_that_cannot_be_decoded_fails_its_own_wait_alone() -> None:
    service = List([row("a", ports="30000"), row("b")])
    a, b = entries("ab")
    a.waiters = (asyncio.get_running_loop().create_future(),)
    b.waiters = (asyncio.get_running_loop().create_future(),)
    (waiter,), (other,) = a.waiters, b.waiters
    assert await service.poll(probe_of(service), a, b) == [("b", State.DEPLOYING)]
    failure = waiter.exception()
    assert isinstance(failure, DecodeError)
    assert failure.operation == "deployment-list"
    assert not other.done()


@pytest.mark.looptime
@pytest.mark.parametrize("odd", [None, 7, "a", ["a"], {}, {"request_id": None}, {"request_id": 7}, {"id": "a"}])
async def test_a_row_without_an_id_is_ignored(odd: Any) -> None:
    service = List([odd, row("b")])
    a, b = entries("ab")
    assert await service.poll(probe_of(service), a, b) == [("b", State.DEPLOYING)]
    assert a.rows_seen == 0
