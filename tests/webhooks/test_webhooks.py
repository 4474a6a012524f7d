"""Webhooks: they end waits at once, listeners are called once, and polls replace lost webhooks."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from edgegap_async import EdgegapClient, State
from edgegap_async.errors import (
    ConfigurationError,
    DeploymentError,
    DeploymentFailed,
    DeploymentTerminated,
    WaitFailed,
)
from edgegap_async.json_codec import dumps
from edgegap_async.models.deployments import Deployment
from edgegap_async.models.relays import RelaySession
from edgegap_async.models.sessions import SessionRow
from edgegap_async.ownership.tag import GuardTags
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.waiting.watcher import STATUS_CALLS_UNDER_WAY
from edgegap_async.webhooks import MAX_BODY_BYTES, ASGIApplication, aiohttp_handler

USERS = ["203.0.113.7"]


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def client_with_webhooks(local: LocalEdgegap, **settings: Any) -> AsyncIterator[EdgegapClient]:
    """A client whose webhooks are served on this machine."""
    clients: list[EdgegapClient] = []

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        return await aiohttp_handler(clients[0].webhooks)(request)  # type: ignore[arg-type]

    runner = web.ServerRunner(web.Server(serve), shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with local.client(webhook_url=f"http://{host}:{port}/edgegap/", **settings) as edgegap:
            clients.append(edgegap)
            yield edgegap
    finally:
        await runner.cleanup()


async def noticed_after(edgegap: EdgegapClient, local: LocalEdgegap) -> float:
    """Deploy a server; return the seconds between its READY and the end of the deploy."""
    server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
    ready_at = local.history[server.request_id].ready_at
    assert ready_at is not None
    return now() - ready_at


@pytest.mark.looptime
async def test_a_webhook_ends_a_wait_at_once(local: LocalEdgegap) -> None:
    async with client_with_webhooks(local) as edgegap:
        assert max(await asyncio.gather(*(noticed_after(edgegap, local) for _ in range(30)))) < 0.1
        assert Counter(request.operation_id for request in local.requests)["v2-deployment-create"] == 30
        assert len(local.requests) < 1.6 * 30
    assert {hook.status for hook in local.hooks} == {204}


@pytest.mark.looptime
async def test_polls_replace_lost_webhooks(local: LocalEdgegap) -> None:
    local.faults.add("webhook", "lost", times=None)
    async with client_with_webhooks(local) as edgegap:
        assert max(await asyncio.gather(*(noticed_after(edgegap, local) for _ in range(30)))) < 1.5
    assert {hook.status for hook in local.hooks} == {None}


@pytest.mark.looptime
async def test_a_webhook_before_the_create_response_is_kept(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "early")
    async with client_with_webhooks(local) as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        assert [request.operation_id for request in local.requests] == ["v2-deployment-create"]
        assert server.ports["gameport"].external


@pytest.mark.looptime
async def test_a_failure_webhook_ends_the_wait_with_its_reason(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "errored", detail="out of memory")
    async with client_with_webhooks(local) as edgegap:
        with pytest.raises(DeploymentFailed, match="out of memory"):
            await edgegap.deployments.deploy("kart", "v1", users=USERS)
        (failed,) = local.history
        (hook,) = (hook for hook in local.hooks if hook.event == "error")
        assert local.requests[-1].operation_id == "deployment-delete"
        assert local.requests[-1].at - hook.at < 0.1
        assert failed.stop_requested_at is not None


@pytest.mark.looptime
async def test_listeners_are_called_once_for_each_event(local: LocalEdgegap) -> None:
    local.faults.add("webhook", "duplicate", times=None)
    calls: list[tuple[str, str]] = []
    async with client_with_webhooks(local) as edgegap:

        @edgegap.webhooks.on_ready
        async def ready(deployment: Deployment) -> None:
            await asyncio.sleep(1)
            calls.append(("ready", deployment.request_id))

        @edgegap.webhooks.on_error
        def broken(deployment: Deployment) -> None:
            raise RuntimeError("a listener that fails")

        edgegap.webhooks.on_terminated(lambda deployment: calls.append(("terminated", deployment.request_id)))
        async with edgegap.deployments.running("kart", "v1", users=USERS) as server:
            await asyncio.sleep(2)
        local.faults.add("v2-deployment-create", "errored")
        with pytest.raises(DeploymentFailed):
            await edgegap.deployments.deploy("kart", "v1", users=USERS)
        await asyncio.sleep(2)
    assert calls[:2] == [("ready", server.request_id), ("terminated", server.request_id)]
    assert {hook.status for hook in local.hooks} == {204}


@pytest.mark.looptime
async def test_a_webhook_that_arrives_too_late_is_ignored(local: LocalEdgegap) -> None:
    local.faults.add("webhook", "late", seconds=20)
    calls: list[str] = []
    async with client_with_webhooks(local) as edgegap:
        edgegap.webhooks.on_ready(lambda deployment: calls.append("ready"))
        edgegap.webhooks.on_terminated(lambda deployment: calls.append("terminated"))
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            pass
        await asyncio.sleep(30)
    assert calls == ["terminated"]


@pytest.mark.looptime
async def test_create_v1_has_one_webhook_for_all_events(local: LocalEdgegap) -> None:
    async with client_with_webhooks(local) as edgegap:
        request = await edgegap.deployments.create_v1("kart", "v1", users=USERS)
        await edgegap.deployments.wait_until_ready(request.request_id)
        await asyncio.sleep(1)
        assert [(hook.event, hook.status) for hook in local.hooks] == [("ready", 204)]
        assert Counter(request.operation_id for request in local.requests)["deployment-get"] <= 7  # one a second


# sessions and relays


@pytest.mark.looptime
async def test_a_webhook_ends_a_wait_for_a_session_or_relay_at_once(local: LocalEdgegap) -> None:
    async with client_with_webhooks(local) as edgegap:
        players = ["203.0.113.7", "198.51.100.9"]
        session = await edgegap.sessions.create("kart", "v1", users=players)
        relay = await edgegap.relays.create(users=players)
        await asyncio.gather(
            edgegap.relays.wait_until_ready(relay.session_id), edgegap.sessions.wait_until_ready(session.session_id)
        )
        for hook in local.hooks:
            polls = [
                request.at
                for request in local.requests
                if request.at >= hook.at and request.path.endswith(hook.request_id)
            ]
            assert polls[0] - hook.at < 0.05
        assert sorted((hook.event, hook.request_id, hook.status) for hook in local.hooks) == [
            ("relay", relay.session_id, 204),
            ("session", session.session_id, 204),
        ]
        polls = [request.at for request in local.requests if request.method == "GET"]
        assert len(polls) <= 2 * 8


@pytest.mark.looptime
async def test_polls_replace_lost_webhooks_of_sessions_and_relays(local: LocalEdgegap) -> None:
    local.faults.add("webhook", "lost", times=None)
    async with client_with_webhooks(local) as edgegap:
        async with edgegap.sessions.running("kart", "v1", users=USERS) as session:
            assert session.deployment is not None
            ready_at = local.history[session.deployment.request_id].ready_at
            assert ready_at is not None
            assert now() - ready_at < 1.5
        async with edgegap.relays.running(users=USERS) as relay:
            assert now() - local.relays[relay.session_id].ready_at < 1.5


@pytest.mark.looptime
async def test_listeners_are_called_once_for_sessions_and_relays(local: LocalEdgegap) -> None:
    local.faults.add("webhook", "duplicate", times=None)
    sessions: list[SessionRow] = []
    relays: list[RelaySession] = []
    async with client_with_webhooks(local) as edgegap:
        edgegap.webhooks.on_session(sessions.append)
        edgegap.webhooks.on_relay(relays.append)
        async with (
            edgegap.sessions.running("kart", "v1", users=USERS) as session,
            edgegap.relays.running(users=USERS) as relay,
        ):
            await asyncio.sleep(1)
        (row,) = sessions
        assert (row.session_id, row.status, row.ready) == (session.session_id, State.READY, True)
        assert session.deployment is not None
        assert row.deployment_request_id == session.deployment.request_id
        assert relays == [relay]
        other = await edgegap.sessions.create("kart", "v2", users=USERS)
        waiting = asyncio.create_task(edgegap.sessions.wait_until_ready(other.session_id))
        await asyncio.sleep(1)
        local.deployments[other.deployment_request_id or ""].fail("out of memory")
        with pytest.raises(WaitFailed, match="out of memory") as caught:
            await waiting
        assert (caught.value.kind, caught.value.id) == ("session", other.session_id)
        assert not isinstance(caught.value, DeploymentError)
        await asyncio.sleep(1)
        assert [each.status for each in sessions] == [State.READY, State.ERROR]


@pytest.mark.looptime
async def test_a_session_that_waits_for_a_seat_gets_its_webhook_when_it_has_one() -> None:
    seats = {"kart": {"v1": {"session_config": {"kind": "Seat", "sockets": 2, "autodeploy": False}}}}
    async with LocalEdgegap(seed=1, applications=seats) as local, client_with_webhooks(local) as edgegap:
        session = await edgegap.sessions.create("kart", "v1", users=USERS)
        await asyncio.sleep(10)
        assert list(local.hooks) == []
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        await asyncio.sleep(1)
        assert ("session", session.session_id, 204) in [
            (hook.event, hook.request_id, hook.status) for hook in local.hooks
        ]
        assert (await edgegap.sessions.get(session.session_id)).deployment is not None
        await edgegap.deployments.stop(server.request_id)


async def test_own_webhook_urls_of_sessions_and_relays_are_not_replaced(local: LocalEdgegap) -> None:
    async with client_with_webhooks(local) as edgegap:
        await edgegap.sessions.create("kart", "v1", users=USERS, webhook_url="http://192.0.2.1/mine")
        assert local.requests[-1].body["webhook_url"] == "http://192.0.2.1/mine"
        await edgegap.relays.create(users=USERS, webhook_url="http://192.0.2.1/mine")
        assert local.requests[-1].body["webhook_url"] == "http://192.0.2.1/mine"
        await edgegap.relays.create(users=USERS)
        assert "/edgegap/relay/" in local.requests[-1].body["webhook_url"]


# what create requests send


async def test_own_webhook_urls_of_deployments_are_not_replaced(local: LocalEdgegap) -> None:
    async with client_with_webhooks(local) as edgegap:
        await edgegap.deployments.create("kart", "v1", users=USERS, webhook_on_ready="http://192.0.2.1/mine")
        body = local.requests[-1].body
        assert body["webhook_on_ready"] == {"url": "http://192.0.2.1/mine"}
        assert "/edgegap/error/" in body["webhook_on_error"]["url"]


async def test_without_a_webhook_url_no_webhooks_are_requested(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await edgegap.deployments.create("kart", "v1", users=USERS)
    assert not [field for field in local.requests[-1].body if "webhook" in field]
    with pytest.raises(ConfigurationError, match="webhook_url must be an http or https"):
        local.client(webhook_url="studio.example/hooks")


# what is received


def paths(edgegap: EdgegapClient) -> dict[str, str]:
    fields: Any = edgegap.webhooks.fields_v2(GuardTags().next())
    return {name: field["url"].removeprefix("http://127.0.0.1:9") for name, field in fields.items()}


BODY = dumps({"request_id": "0123456789ab", "current_status": "Status.READY", "running": True})


async def test_only_the_own_urls_and_valid_bodies_are_accepted(local: LocalEdgegap) -> None:
    async with local.client(webhook_url="http://127.0.0.1:9/edgegap") as edgegap:
        ready_calls: list[Deployment] = []
        edgegap.webhooks.on_ready(ready_calls.append)
        mine = paths(edgegap)
        ready = mine["webhook_on_ready"]
        assert len({path.rpartition("/")[2] for path in mine.values()}) == 3
        receive = edgegap.webhooks.receive
        assert await receive(ready[:-1] + ("0" if ready[-1] != "0" else "1"), BODY) == 404
        assert await receive(ready.replace("/ready/", "/error/"), BODY) == 404
        assert await receive("/", BODY) == 404
        assert await receive(ready.replace("/ready/", "/nothing/"), BODY) == 404
        assert await receive("", b"") == 404
        assert await receive(ready, b" " * (MAX_BODY_BYTES + 1)) == 413
        for body in (b"", b"not json", b"[]", b"{}", b'{"request_id": 7}'):
            assert await receive(ready, body) == 400
        await asyncio.sleep(0)
        assert ready_calls == []
        assert await receive(ready, BODY) == 204
        assert await receive(ready, dumps({"request_id": "ba9876543210", "ports": 7})) == 204
        await asyncio.sleep(0)
        assert [deployment.request_id for deployment in ready_calls] == ["0123456789ab"]
        ending = [
            dumps({"request_id": "0123456789ab", "current_status": state}) for state in ("TERMINATING", "TERMINATED")
        ]
        terminated_calls: list[Deployment] = []
        edgegap.webhooks.on_terminated(terminated_calls.append)
        for body in ending:
            assert await receive(mine["webhook_on_terminated"], body) == 204
        await asyncio.sleep(0)
        assert [deployment.state for deployment in terminated_calls] == [State.TERMINATING]


async def test_processes_with_the_same_key_accept_each_others_webhooks(local: LocalEdgegap) -> None:
    shared = {"webhook_url": "http://127.0.0.1:9/edgegap", "webhook_key": "a shared secret"}
    async with local.client(**shared) as first, local.client(**shared) as second:
        assert await second.webhooks.receive(paths(first)["webhook_on_ready"], BODY) == 204
    async with local.client(webhook_url="http://127.0.0.1:9/edgegap") as unrelated:
        assert await unrelated.webhooks.receive(paths(first)["webhook_on_ready"], BODY) == 404


async def test_the_asgi_application_receives_webhooks(local: LocalEdgegap) -> None:
    async with local.client(webhook_url="http://127.0.0.1:9/edgegap") as edgegap:
        application = ASGIApplication(edgegap.webhooks)
        ready = paths(edgegap)["webhook_on_ready"]

        async def respond(method: str, path: str, *chunks: bytes) -> int:
            parts = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
            messages = iter([*parts, {"type": "http.request", "body": b"", "more_body": False}])
            sent: list[Any] = []

            async def receive() -> Any:
                return next(messages)

            async def send(message: Any) -> None:
                sent.append(message)

            await application({"type": "http", "method": method, "path": path}, receive, send)
            return int(sent[0]["status"])

        assert await respond("POST", ready, BODY[:5], BODY[5:]) == 204
        assert await respond("POST", "/elsewhere", BODY) == 404
        assert await respond("GET", ready) == 405
        assert await respond("POST", ready, *[b" " * 65536] * 8) == 413


# webhooks that do not say enough


def ready_paths(local: LocalEdgegap) -> list[str]:
    """The paths of the webhooks that the create requests asked for, in their order."""
    creates = [each for each in local.requests if each.operation_id == "v2-deployment-create"]
    return [urlsplit(each.body["webhook_on_ready"]["url"]).path for each in creates]


@pytest.mark.looptime
@pytest.mark.parametrize("content", [{"ports": 7}, {"current_status": "Status.READY", "fqdn": "x.pr.edgegap.net"}])
async def test_the_status_is_polled_at_once_after_a_webhook_without_the_server(
    local: LocalEdgegap, content: dict[str, Any]
) -> None:
    """The list shows no change, and the pages under way take no room from the polls of the status."""
    local.faults.add("webhook", "lost", times=None)
    async with local.client(webhook_url="http://127.0.0.1:9/edgegap") as edgegap:
        ids = [(await edgegap.deployments.create("kart", "v1", users=USERS)).request_id for _ in range(12)]
        rows = [{"request_id": it, "status": "deploying", "ready": False} for it in ids]
        local.faults.add("deployment-list", "status", times=None, code=200, body={"data": rows})
        waits = [asyncio.create_task(edgegap.deployments.wait_until_ready(it)) for it in ids]
        await asyncio.sleep(20)
        assert not any(wait.done() for wait in waits)
        local.faults.clear()
        local.faults.add("deployment-list", "stall", times=None)
        local.faults.add("deployment-get", "delay", seconds=3, times=None)
        await asyncio.sleep(6)
        before = len(local.requests)
        for it, path in zip(ids, ready_paths(local), strict=True):
            assert await edgegap.webhooks.receive(path, dumps({"request_id": it} | content)) == 204
        await asyncio.sleep(1)
        assert [each.operation_id for each in local.requests[before:]] == ["deployment-get"] * STATUS_CALLS_UNDER_WAY
        await asyncio.sleep(6)
        assert all(wait.done() for wait in waits)
        assert [(await wait).request_id for wait in waits] == ids


@pytest.mark.looptime
async def test_after_a_webhook_that_cannot_be_decoded_the_polls_are_as_frequent_as_without(local: LocalEdgegap) -> None:
    local.faults.add("webhook", "lost", times=None)
    async with local.client(webhook_url="http://127.0.0.1:9/edgegap") as edgegap:
        for is_received in (False, True):
            request = await edgegap.deployments.create("kart", "v1", users=USERS)
            if is_received:
                body = dumps({"request_id": request.request_id, "ports": 7})
                assert await edgegap.webhooks.receive(ready_paths(local)[-1], body) == 204
            before = len(local.requests)
            waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(request))
            await asyncio.sleep(1.9)  # the server is not ready yet
            assert (len(local.requests) - before > 10) is is_received
            await waiting


@pytest.mark.looptime
async def test_a_webhook_before_the_first_wait_ends_only_this_wait(local: LocalEdgegap) -> None:
    async with client_with_webhooks(local) as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        await asyncio.sleep(10)
        await edgegap.deployments.wait_until_ready(request)
        assert [each.operation_id for each in local.requests] == ["v2-deployment-create"]
        local.faults.add("webhook", "lost", times=None)
        await edgegap.deployments.stop(request)
        await asyncio.sleep(10)
        with pytest.raises(DeploymentTerminated):
            await edgegap.deployments.wait_until_ready(request)


def test_the_fields_of_create_requests_hold_unguessable_urls() -> None:
    tag = GuardTags().next()
    edgegap = EdgegapClient("secret", webhook_url="https://studio.example/edgegap/")
    fields_v2: Any = edgegap.webhooks.fields_v2(tag)
    fields_v1: Any = edgegap.webhooks.fields_v1(tag)
    urls = {
        "ready": fields_v2["webhook_on_ready"]["url"],
        "error": fields_v2["webhook_on_error"]["url"],
        "terminated": fields_v2["webhook_on_terminated"]["url"],
        "any": fields_v1["webhook_url"],
    }
    for event, url in urls.items():
        assert re.fullmatch(rf"https://studio\.example/edgegap/{event}/{tag}/[0-9a-f]{{32}}", url)
    session, other = edgegap.webhooks.session_url(), edgegap.webhooks.session_url()
    relay = edgegap.webhooks.relay_url()
    assert session is not None
    assert relay is not None
    assert re.fullmatch(r"https://studio\.example/edgegap/session/[0-9a-f]{16}/[0-9a-f]{32}", session)
    assert re.fullmatch(r"https://studio\.example/edgegap/relay/[0-9a-f]{16}/[0-9a-f]{32}", relay)
    assert session != other
    assert edgegap.webhooks.is_enabled


def test_without_a_webhook_url_there_are_no_fields_and_urls() -> None:
    webhooks = EdgegapClient("secret").webhooks
    tag = GuardTags().next()
    assert webhooks.fields_v2(tag) == webhooks.fields_v1(tag) == {}
    assert webhooks.session_url() is webhooks.relay_url() is None
    assert not webhooks.is_enabled


async def test_a_listener_that_fails_is_logged_and_does_not_stop_the_others(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.client(webhook_url="http://127.0.0.1:9/edgegap") as edgegap:
        calls: list[str] = []

        def fail(_: Deployment) -> None:
            raise RuntimeError("a listener that fails")

        edgegap.webhooks.on_ready(fail)
        edgegap.webhooks.on_ready(lambda deployment: calls.append(deployment.request_id))
        assert await edgegap.webhooks.receive(paths(edgegap)["webhook_on_ready"], BODY) == 204
    assert calls == ["0123456789ab"]
    assert "a webhook listener failed on 0123456789ab" in caplog.text
