"""What a local Edgegap keeps in memory: the newest requests, webhooks, errors and ended deployments, within bounds."""

from __future__ import annotations

from edgegap_async.simulator import LocalEdgegap
from edgegap_async.simulator.bounded_list import BoundedList
from edgegap_async.simulator.domain import world
from edgegap_async.simulator.http import request_log
from edgegap_async.simulator.http.request_log import MAX_LOGGED_BODY
from edgegap_async.simulator.webhooks import sender


def test_a_bounded_list_drops_its_oldest_items():
    kept: BoundedList[str] = BoundedList(3, max_size=10, size_of=len)
    for item in ("a", "b", "c", "d"):
        kept.append(item)
    assert kept == ["b", "c", "d"]
    assert (kept[-1], kept[:2], len(kept), [*kept]) == ("d", ["b", "c"], 3, ["b", "c", "d"])
    kept.append("123456789")
    assert kept == ["d", "123456789"]
    kept.append("larger than the whole list")
    assert kept == []
    kept.append("1234567890")
    assert kept == ["1234567890"]


def test_a_bounded_list_has_no_maximum_size_by_default():
    kept: BoundedList[int] = BoundedList(2)
    for item in range(5):
        kept.append(item)
    assert kept == [3, 4]


async def test_the_log_keeps_the_newest_requests(serve, monkeypatch):
    monkeypatch.setattr(request_log, "MAX_LOGGED_REQUESTS", 3)
    edgegap = await serve()
    for number in range(5):
        await edgegap.get("/v1/deployments", page=number + 1)
    assert [request.query["page"] for request in edgegap.local.requests] == ["3", "4", "5"]


async def test_the_log_keeps_no_large_body(serve):
    edgegap = await serve()
    largest = b'"' + b"a" * (MAX_LOGGED_BODY - 2) + b'"'
    for content in (largest, largest + b" "):
        await edgegap.call("POST", "/v1/app", data=content)
    kept, dropped = edgegap.local.requests
    assert (kept.content, kept.body) == (largest, "a" * (MAX_LOGGED_BODY - 2))
    assert (dropped.content, dropped.body, dropped.status) == (None, None, 400)


async def test_the_log_has_a_maximum_size(serve, monkeypatch):
    monkeypatch.setattr(request_log, "MAX_LOGGED_BYTES", 200_000)
    edgegap = await serve()
    for _ in range(10):
        await edgegap.call("POST", "/v1/app", data=b'"' + b"a" * 60_000 + b'"')
    assert len(edgegap.local.requests) == 3
    for number in range(200):
        await edgegap.call("GET", "/v1/deployments", params={"x": "a" * 2000}, headers={"y": f"{number:02000}"})
    assert 40 < len(edgegap.local.requests) < 50
    assert edgegap.local.requests[-1].headers["y"].endswith("199")


async def test_an_empty_body_is_kept_as_such(serve):
    edgegap = await serve()
    await edgegap.get("/v1/deployments")
    assert (edgegap.local.requests[0].content, edgegap.local.requests[0].body) == (b"", None)


async def test_the_newest_webhooks_are_kept(serve, monkeypatch):
    monkeypatch.setattr(sender, "MAX_LOGGED_WEBHOOKS", 2)
    edgegap = await serve(clock=None, time_to_ready=(0, 0))
    ids = [await edgegap.create(webhook_on_ready={"url": "http://192.0.2.1/"}) for _ in range(4)]
    running = edgegap.local._running
    for request_id in ids:
        await running.webhooks.notified(request_id)
    assert [hook.request_id for hook in edgegap.local.hooks] == ids[2:]
    assert running.webhooks._notified == {}


def test_the_newest_errors_of_the_server_are_kept():
    local = LocalEdgegap()
    for number in range(150):
        local.crashes.append(ValueError(number))
    assert [error.args[0] for error in local.crashes] == [*range(50, 150)]


async def test_the_history_forgets_the_deployments_that_ended_first(serve, monkeypatch):
    monkeypatch.setattr(world, "MAX_ENDED", 2)
    edgegap = await serve()
    running = await edgegap.ready()
    ended = [await edgegap.ready() for _ in range(4)]
    for deployment in ended:
        deployment.stop()
        edgegap.clock.advance(0.1)
    edgegap.clock.advance(world.RETENTION)
    assert await edgegap.rows() == [running.request_id]
    assert len(edgegap.local.history) == 5, "a deployment is kept for as long as it can be found by its id"
    edgegap.clock.advance(1)
    assert await edgegap.rows() == [running.request_id]
    assert [*edgegap.local.history] == [running, *ended[2:]]
    newest = await edgegap.ready()
    assert newest.number == 5
    assert [*edgegap.local.deployments] == [running, newest]
