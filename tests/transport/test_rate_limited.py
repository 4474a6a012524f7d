"""A 429 pauses and slows its rate bucket and no other; statistics, events and log records."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import TypeAlias

import pytest

from edgegap_async import EdgegapClient, Event, EventKind, RetryPolicy
from edgegap_async.simulator import LocalEdgegap

Arrived: TypeAlias = Callable[[str], list[float]]

IP = "203.0.113.7"


async def existing(edgegap: EdgegapClient) -> str:
    return (await edgegap.deployments.create("kart", "v1", users=[IP])).request_id


@pytest.mark.looptime
async def test_one_429_pauses_its_whole_bucket_for_the_retry_after(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived
) -> None:
    it = await existing(edgegap)
    local.faults.add("deployment-get", "rate_limited", retry_after=2)
    await asyncio.gather(*(edgegap.deployments.get(it) for _ in range(10)))
    moments = arrived("deployment-get")
    assert len(moments) == 11
    refused_at = moments[0]
    assert all(moment >= refused_at + 2 for moment in moments[1:])
    assert moments[1] == pytest.approx(refused_at + 2, abs=0.01)


@pytest.mark.looptime
async def test_one_429_does_not_pause_other_buckets(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived
) -> None:
    it = await existing(edgegap)
    local.faults.add("deployment-get", "rate_limited", retry_after=30)
    polling = asyncio.create_task(edgegap.deployments.get(it))
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    await asyncio.gather(
        edgegap.deployments.list().first(),
        edgegap.deployments.tags.create(it, "match-42"),
        edgegap.deployments.create("kart", "v1", users=[IP]),
    )
    assert asyncio.get_running_loop().time() - began < 0.2
    await polling
    first, second = arrived("deployment-get")
    assert second >= first + 30


@pytest.mark.looptime
async def test_one_429_pauses_the_other_operations_of_its_bucket(local: LocalEdgegap, arrived: Arrived) -> None:
    async with local.client() as edgegap:
        it = await existing(edgegap)
        local.faults.add("deployment-tag-list", "rate_limited", retry_after=5)
        refused = asyncio.create_task(edgegap.deployments.tags.list(it).first())
        await asyncio.sleep(0.1)
        await edgegap.deployments.logs(it)
        await refused
    assert arrived("deployment-logs-get")[0] >= arrived("deployment-tag-list")[0] + 5


@pytest.mark.looptime
async def test_a_429_lowers_the_rate_which_recovers(local: LocalEdgegap) -> None:
    async with local.client(rate_limits={"list": 10}) as edgegap:
        await edgegap.deployments.list().first()
        full = edgegap.stats().buckets["list"].rate
        local.faults.add("deployment-list", "rate_limited", retry_after=1)
        await edgegap.deployments.list().first()
        slowed = edgegap.stats().buckets["list"].rate
        await asyncio.sleep(60)
        await edgegap.deployments.list().first()
        assert full is not None
        assert slowed is not None
        assert full <= 10
        assert slowed < 0.8 * full
        assert edgegap.stats().buckets["list"].rate == full


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("0.25", 0.25, 0.26),
        ("1.5", 1.5, 1.51),
        ("3", 3, 3.01),
        (None, 1, 1.01),
        ("", 1, 1.01),
        ("soon", 1, 1.01),
        ("nan", 1, 1.01),
        ("-5", 0, 0.01),
    ],
)
async def test_every_form_of_retry_after_is_respected(
    local: LocalEdgegap, arrived: Arrived, header: str | None, least: float, most: float
) -> None:
    local.faults.add("deployment-list", "rate_limited", retry_after=header)
    async with local.client(rate_limits=None) as edgegap:
        await edgegap.deployments.list().first()
    first, second = arrived("deployment-list")
    assert least <= second - first <= most


@pytest.mark.looptime
async def test_a_retry_after_date_is_respected(local: LocalEdgegap, arrived: Arrived) -> None:
    local.faults.add("deployment-list", "rate_limited", retry_after=formatdate(time.time() + 10, usegmt=True))
    async with local.client(rate_limits=None) as edgegap:
        await edgegap.deployments.list().first()
    first, second = arrived("deployment-list")
    assert 8 < second - first <= 10.01


@pytest.mark.looptime
async def test_429s_and_transient_errors_lengthen_a_wait_and_do_not_fail_it(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    it = await existing(edgegap)
    local.faults.add("deployment-get", "rate_limited", times=3, retry_after=2)
    local.faults.add("deployment-get", "status", times=12, code=503)  # more attempts than one call makes
    local.faults.add("deployment-get", "status", times=2, code=500)
    local.faults.add("deployment-get", "rate_limited", times=3, retry_after=4)
    server = await edgegap.deployments.wait_until_ready(it, timeout=120)
    assert server.request_id == it
    assert asyncio.get_running_loop().time() >= 6 + 12


# statistics


@pytest.mark.looptime
async def test_stats_count_requests_retries_and_429s_by_bucket(local: LocalEdgegap) -> None:
    async with local.client(rate_limits={"status": 1}) as edgegap:
        it = await existing(edgegap)
        local.faults.add("deployment-get", "rate_limited", retry_after=10)
        local.faults.add("deployment-list", "status", times=2, code=503, headers={"Retry-After": "1"})
        await edgegap.deployments.get(it)
        await edgegap.deployments.list().first()
        stats = edgegap.stats()

    assert (stats.requests, stats.retries, stats.rate_limited) == (6, 3, 1)
    by_bucket = {name: (it.requests, it.retries, it.rate_limited) for name, it in stats.buckets.items()}
    assert by_bucket == {
        "deploy": (1, 0, 0),
        "status": (2, 1, 1),
        "list": (3, 2, 0),
        "hosts": (0, 0, 0),
        "stop": (0, 0, 0),
        "default": (0, 0, 0),
    }
    assert stats.waited_seconds == sum(bucket.waited_seconds for bucket in stats.buckets.values())


@pytest.mark.looptime
async def test_stats_sum_the_seconds_waited_for_slots(local: LocalEdgegap) -> None:
    async with local.client(rate_limits={"list": 1}) as edgegap:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(edgegap.deployments.list().first() for _ in range(4)))
        last = loop.time() - began
        stats = edgegap.stats().buckets["list"]
    # the first call does not wait, the others wait for a third, two thirds and the whole of the time
    assert stats.waited_seconds == pytest.approx(last * (1 / 3 + 2 / 3 + 1), rel=0.05)
    assert stats.mean_wait == pytest.approx(stats.waited_seconds / 4)
    assert stats.p95_wait == stats.max_wait == pytest.approx(last, rel=0.05)


@pytest.mark.looptime
async def test_stats_of_calls_that_did_not_wait_are_zero(local: LocalEdgegap) -> None:
    async with local.client(rate_limits=None) as edgegap:
        await edgegap.deployments.list().first()
        stats = edgegap.stats().buckets
    for bucket in (stats["list"], stats["deploy"]):
        assert (bucket.waited_seconds, bucket.mean_wait, bucket.p95_wait, bucket.max_wait) == (0, 0, 0, 0)


async def test_stats_of_a_client_without_limits_have_no_rate(local: LocalEdgegap) -> None:
    async with local.client(rate_limits=None) as edgegap:
        assert {bucket.rate for bucket in edgegap.stats().buckets.values()} == {None}


# events and log records


def summaries(events: list[Event]) -> list[tuple[str, int, int | None]]:
    return [(event.kind.value, event.attempt, event.status) for event in events]


@pytest.mark.looptime
async def test_on_event_receives_each_event_in_order(local: LocalEdgegap) -> None:
    events: list[Event] = []
    local.faults.add("deployment-list", "rate_limited", retry_after=2)
    local.faults.add("deployment-list", "status", code=503, headers={"Retry-After": "1.5"})
    local.faults.add("deployment-list", "reset")
    local.faults.add("deployment-list", "delay", seconds=0.5)
    async with local.client(rate_limits=None, on_event=events.append, retry=RetryPolicy(initial_delay=1)) as edgegap:
        await edgegap.deployments.list().first()

    assert summaries(events) == [
        ("sent", 1, None),
        ("answered", 1, 429),
        ("limited", 1, 429),
        ("retried", 1, None),
        ("sent", 2, None),
        ("answered", 2, 503),
        ("retried", 2, None),
        ("sent", 3, None),
        ("failed", 3, None),
        ("retried", 3, None),
        ("sent", 4, None),
        ("answered", 4, 200),
    ]
    assert {(event.operation_id, event.bucket) for event in events} == {("deployment-list", "list")}
    seconds = {(event.kind, event.attempt): event.seconds for event in events}
    assert seconds[EventKind.LIMITED, 1] == seconds[EventKind.RETRIED, 1] == 2
    assert seconds[EventKind.RETRIED, 2] == 1.5
    assert 0 <= seconds[EventKind.RETRIED, 3] <= 2  # twice the first, as it is the second failure
    assert seconds[EventKind.ANSWERED, 4] == pytest.approx(0.5, abs=0.01)
    assert [event.reason for event in events if event.kind is EventKind.FAILED] == ["unknown"]


@pytest.mark.looptime
async def test_on_event_receives_how_long_a_call_waited_for_its_slot(local: LocalEdgegap) -> None:
    events: list[Event] = []
    async with local.client(rate_limits={"list": 1}, on_event=events.append) as edgegap:
        await edgegap.deployments.list().first()
        await edgegap.deployments.list().first()
    assert summaries(events) == [
        ("sent", 1, None),
        ("answered", 1, 200),
        ("waited", 1, None),
        ("sent", 1, None),
        ("answered", 1, 200),
    ]
    (waited,) = (event for event in events if event.kind is EventKind.WAITED)
    assert waited.seconds == pytest.approx(1, rel=0.1)


@pytest.mark.looptime
async def test_an_on_event_hook_that_raises_does_not_lose_the_response(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    def hook(event: Event) -> None:
        raise KeyError(event.kind)

    async with local.client(on_event=hook) as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=[IP])
    assert [each.request_id for each in local.deployments] == [request.request_id]
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 2  # sent, answered
    assert all("on_event raised an exception for the event: " in record.getMessage() for record in errors)
    assert all(record.exc_info is not None and record.exc_info[0] is KeyError for record in errors)


@pytest.mark.looptime
async def test_events_are_logged_as_key_value_pairs(local: LocalEdgegap, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="edgegap_async")
    local.faults.add("deployment-list", "rate_limited", retry_after=2)
    local.faults.add("deployment-list", "reset")
    async with local.client(retry=RetryPolicy(initial_delay=1e-9)) as edgegap:
        await edgegap.deployments.list().first()
    records = [(each.levelname, each.getMessage()) for each in caplog.records if each.name == "edgegap_async"]
    assert [(level, re.sub(r"seconds=[\d.e-]+", "seconds=_", message)) for level, message in records] == [
        ("DEBUG", "sent operation=deployment-list attempt=1"),
        ("DEBUG", "answered operation=deployment-list attempt=1 seconds=_ status=429"),
        ("WARNING", "limited operation=deployment-list attempt=1 seconds=_ status=429"),
        ("INFO", "retried operation=deployment-list attempt=1 seconds=_"),
        ("DEBUG", "sent operation=deployment-list attempt=2"),
        ("DEBUG", "failed operation=deployment-list attempt=2 seconds=_ reason=unknown"),
        ("INFO", "retried operation=deployment-list attempt=2 seconds=_"),
        ("DEBUG", "waited operation=deployment-list attempt=3 seconds=_"),
        ("DEBUG", "sent operation=deployment-list attempt=3"),
        ("DEBUG", "answered operation=deployment-list attempt=3 seconds=_ status=200"),
    ]
    assert "limited operation=deployment-list attempt=1 seconds=2 status=429" in caplog.messages


def test_values_with_spaces_are_quoted_in_log_records() -> None:
    event = Event(kind=EventKind.FAILED, operation_id="IP lookup", bucket="default", attempt=2, reason="not sent")
    assert str(event) == 'failed operation="IP lookup" attempt=2 seconds=0 reason="not sent"'
    retried = Event(kind=EventKind.RETRIED, operation_id="deployment-get", bucket="status", attempt=1, seconds=0.25)
    assert f"{retried}" == "retried operation=deployment-get attempt=1 seconds=0.25"
