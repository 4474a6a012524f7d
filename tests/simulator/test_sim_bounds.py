"""What a local Edgegap keeps in memory: the newest requests, webhooks, errors and ended deployments, within bounds."""

from __future__ import annotations

import asyncio

import pytest

from edgegap_async.simulator import LocalEdgegap
from edgegap_async.simulator.bounded_list import BoundedList
from edgegap_async.simulator.domain import session, telemetry, world
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


async def test_the_ends_of_stopped_deployments_are_forgotten_before_they_are_due(serve, monkeypatch):
    monkeypatch.setattr(world, "_MAX_STALE_ENDS", 3)
    edgegap = await serve()
    running = await edgegap.ready()
    for _ in range(20):
        (await edgegap.ready()).stop()
        edgegap.clock.advance(1)
    await edgegap.rows()
    assert len(edgegap.local._running.world._end_heap) <= 5
    assert [*edgegap.local.deployments] == [running]
    edgegap.clock.advance(1440 * 60)
    assert running.state == "TERMINATED"
    assert await edgegap.rows() == []


# sessions, relays and what follows them

IP_LIST = ["203.0.113.7"]
NOBODY = "http://127.0.0.1:9/hooks"
VERSIONS = {"own": {}, "seat": {"session_config": {"kind": "Seat", "sockets": 10}}}
VERSIONS |= {"waiting": {"session_config": {"kind": "Seat", "sockets": 10, "autodeploy": False}}}


@pytest.fixture
def post_session(serve):
    """Starts a local Edgegap; returns it, and a function that creates a session and returns its id."""

    async def start(**settings):
        edgegap = await serve(applications={"kart": VERSIONS}, **settings)

        async def post(version, **fields):
            body = {"app_name": "kart", "version_name": version, "ip_list": IP_LIST, **fields}
            reply = await edgegap.call("POST", "/v1/session", json=body)
            assert reply.status == 200, reply
            return reply.body["session_id"]

        return edgegap, post

    return start


async def delete(edgegap, path):
    assert (await edgegap.call("DELETE", path)).status < 300


async def test_the_sessions_that_ended_first_are_forgotten(post_session, monkeypatch):
    monkeypatch.setattr(session, "MAX_ENDED_SESSIONS", 2)
    edgegap, post = await post_session()
    existing, *ended = [await post("seat") for _ in range(6)]
    unlinked = await post("waiting")
    for session_id in ended[::-1]:
        await delete(edgegap, f"/v1/session/{session_id}")
    sessions = edgegap.local._running.world.sessions
    assert [*sessions.history] == [existing, *ended[:2], unlinked]
    gone, never = [await edgegap.call("GET", f"/v1/session/{each}") for each in (ended[-1], "0123456789ab-S")]
    assert gone.body["message"].replace(ended[-1], "0123456789ab-S") == never.body["message"]
    assert (await edgegap.call("GET", f"/v1/session/{ended[0]}")).status in {400, 410}
    assert [each.session_id for each in edgegap.local.sessions] == [existing, unlinked]
    newest = await post("seat")
    assert [*sessions.history] == [existing, *ended[:2], unlinked, newest]


async def test_the_sessions_of_terminated_deployments_are_forgotten(post_session, monkeypatch):
    monkeypatch.setattr(session, "MAX_ENDED_SESSIONS", 2)
    edgegap, post = await post_session()
    created = [await post("own") for _ in range(4)]
    edgegap.clock.advance(10)
    running, *stopped = edgegap.local.deployments
    for deployment in stopped:
        deployment.stop()
        edgegap.clock.advance(1)
        await edgegap.rows()
    sessions = edgegap.local._running.world.sessions
    assert [*sessions.history] == [created[0], *created[2:]]
    assert [[*each.socket_holders] for each in stopped] == [[], created[2:3], created[3:]]
    assert [*running.socket_holders] == created[:1]
    assert (await edgegap.get(f"/v1/status/{stopped[0].request_id}"))["current_status"] == "Status.TERMINATED"


async def test_a_session_ends_once(post_session, monkeypatch):
    monkeypatch.setattr(session, "MAX_ENDED_SESSIONS", 2)
    edgegap, post = await post_session()
    first, second, terminated = [await post(version) for version in ("seat", "seat", "own")]
    kept = {each.session_id: each for each in edgegap.local.sessions}
    edgegap.clock.advance(10)
    kept[terminated].deployment.stop()
    edgegap.clock.advance(1)
    await edgegap.rows()
    for _ in range(3):
        kept[first].delete()
        kept[terminated].delete()
    assert [*edgegap.local._running.world.sessions.history] == [first, second, terminated]


async def follow_one_each(edgegap, post):
    """Create a deployment for each event, sessions and relays, with webhooks that are sent and others that are not."""
    events = ("ready", "error", "terminated")
    ids = [await edgegap.create(version="own", **{f"webhook_on_{each}": {"url": NOBODY}}) for each in events]
    sessions = [await post(version, webhook_url=NOBODY) for version in ("seat", "waiting")]
    relays = [{"users": [{"ip": IP_LIST[0]}], "webhook_url": NOBODY} for _ in range(2)]
    created = [(await edgegap.call("POST", "/v1/relays/sessions", json=each)).body for each in relays]
    return ids, sessions, [each["session_id"] for each in created]


def following() -> int:
    return sum(task.get_name() == "local Edgegap webhook" for task in asyncio.all_tasks())


async def settle(edgegap):
    """Let the webhooks that are due be sent."""
    for _ in range(50):
        await edgegap.rows()
        await asyncio.sleep(0.005)


async def test_the_webhooks_of_what_has_ended_are_forgotten(post_session):
    edgegap, post = await post_session()
    ids, sessions, relays = await follow_one_each(edgegap, post)
    webhooks = edgegap.local._running.webhooks
    existing = {*ids, *sessions, *relays}
    assert webhooks._wake_ups.keys() == webhooks._notified.keys() == existing
    await delete(edgegap, f"/v1/relays/sessions/{relays[1]}")
    edgegap.clock.advance(10)
    await settle(edgegap)
    assert {hook.request_id for hook in edgegap.local.hooks} == {ids[0], sessions[0], relays[0]}
    assert webhooks._wake_ups.keys() == existing - {relays[1]}
    assert webhooks._notified.keys() == {*ids[1:], sessions[1]}
    for request_id in ids:
        await delete(edgegap, f"/v1/stop/{request_id}")
    for session_id in sessions:
        await delete(edgegap, f"/v1/session/{session_id}")
    await delete(edgegap, f"/v1/relays/sessions/{relays[0]}")
    await settle(edgegap)
    assert webhooks._wake_ups.keys() == {*ids}, "the deployments are TERMINATING"
    edgegap.clock.advance(1)
    await settle(edgegap)
    assert (webhooks._wake_ups, webhooks._notified, following()) == ({}, {}, 0)
    sent = [hook.request_id for hook in edgegap.local.hooks]
    assert sorted(sent) == sorted([ids[0], ids[2], sessions[0], relays[0]]), "each webhook is sent once"


async def test_nobody_waits_for_a_webhook_that_is_never_sent(post_session):
    edgegap, post = await post_session()
    waiting = await post("waiting", webhook_url=NOBODY)
    wait = asyncio.create_task(edgegap.local._running.webhooks.notified(waiting))
    await asyncio.sleep(0.01)
    assert not wait.done()
    await delete(edgegap, f"/v1/session/{waiting}")
    await asyncio.wait_for(wait, 5)


async def test_an_expired_measurement_is_forgotten(edgegap_server):
    body = {"deployments": [], "ips": []}
    for _ in range(3):
        await edgegap_server.call("POST", "/v1/telemetry/active-deployments", json=body)
        edgegap_server.clock.advance(telemetry.RETENTION / 2)
    assert len(edgegap_server.local._running.world.measurements._by_key) == 2
