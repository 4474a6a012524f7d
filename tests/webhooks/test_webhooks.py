"""Webhooks: who waits is woken, who listens hears once, and what is lost is found all the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from edgegap_async import EdgegapClient, State
from edgegap_async.codec import dumps
from edgegap_async.errors import ConfigurationError, DeploymentFailed
from edgegap_async.models.deployments import Deployment
from edgegap_async.models.relays import RelaySession
from edgegap_async.models.sessions import SessionRow
from edgegap_async.ownership.tag import GuardTags
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.webhooks import LARGEST_BODY, ASGIApplication, aiohttp_handler

USERS = ["203.0.113.7"]


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def hooked(local: LocalEdgegap, **settings: Any) -> AsyncIterator[EdgegapClient]:
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


async def late(edgegap: EdgegapClient, local: LocalEdgegap) -> float:
    server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
    ready_at = local.history[server.request_id].ready_at
    assert ready_at is not None
    return now() - ready_at


@pytest.mark.looptime
async def test_who_waits_is_woken_at_once(local: LocalEdgegap) -> None:
    async with hooked(local) as edgegap:
        assert max(await asyncio.gather(*(late(edgegap, local) for _ in range(30)))) < 0.1
        assert Counter(request.operation_id for request in local.requests)["v2-deployment-create"] == 30
        assert len(local.requests) < 1.6 * 30
    assert {hook.status for hook in local.hooks} == {204}


@pytest.mark.looptime
async def test_what_is_lost_is_found_by_looking(local: LocalEdgegap) -> None:
    local.faults.add("webhook", "lost", times=None)
    async with hooked(local) as edgegap:
        assert max(await asyncio.gather(*(late(edgegap, local) for _ in range(30)))) < 1.5
    assert {hook.status for hook in local.hooks} == {None}


@pytest.mark.looptime
async def test_one_that_comes_before_the_creations_answer_is_kept(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "early")
    async with hooked(local) as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        assert [request.operation_id for request in local.requests] == ["v2-deployment-create"]
        assert server.ports["gameport"].external


@pytest.mark.looptime
async def test_a_failure_is_told_with_its_reason(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "errored", detail="out of memory")
    async with hooked(local) as edgegap:
        with pytest.raises(DeploymentFailed, match="out of memory"):
            await edgegap.deployments.deploy("kart", "v1", users=USERS)
        (failed,) = local.history
        (hook,) = (hook for hook in local.hooks if hook.event == "error")
        assert local.requests[-1].operation_id == "deployment-delete"
        assert local.requests[-1].at - hook.at < 0.1
        assert failed.stop_requested_at is not None


@pytest.mark.looptime
async def test_who_listens_hears_of_each_once(local: LocalEdgegap) -> None:
    local.faults.add("webhook", "duplicate", times=None)
    heard: list[tuple[str, str]] = []
    async with hooked(local) as edgegap:

        @edgegap.webhooks.on_ready
        async def ready(deployment: Deployment) -> None:
            await asyncio.sleep(1)
            heard.append(("ready", deployment.request_id))

        @edgegap.webhooks.on_error
        def broken(deployment: Deployment) -> None:
            raise RuntimeError("a listener of little use")

        edgegap.webhooks.on_terminated(lambda deployment: heard.append(("terminated", deployment.request_id)))
        async with edgegap.deployments.running("kart", "v1", users=USERS) as server:
            await asyncio.sleep(2)
        local.faults.add("v2-deployment-create", "errored")
        with pytest.raises(DeploymentFailed):
            await edgegap.deployments.deploy("kart", "v1", users=USERS)
        await asyncio.sleep(2)
    assert heard[:2] == [("ready", server.request_id), ("terminated", server.request_id)]
    assert {hook.status for hook in local.hooks} == {204}


@pytest.mark.looptime
async def test_one_that_comes_too_late_is_none(local: LocalEdgegap) -> None:
    local.faults.add("webhook", "late", seconds=20)
    heard: list[str] = []
    async with hooked(local) as edgegap:
        edgegap.webhooks.on_ready(lambda deployment: heard.append("ready"))
        edgegap.webhooks.on_terminated(lambda deployment: heard.append("terminated"))
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            pass
        await asyncio.sleep(30)
    assert heard == ["terminated"]


@pytest.mark.looptime
async def test_v1_has_one_for_all(local: LocalEdgegap) -> None:
    async with hooked(local) as edgegap:
        request = await edgegap.deployments.create_v1("kart", "v1", users=USERS)
        await edgegap.deployments.wait_until_ready(request.request_id)
        await asyncio.sleep(1)
        assert [(hook.event, hook.status) for hook in local.hooks] == [("ready", 204)]
        assert Counter(request.operation_id for request in local.requests)["deployment-get"] <= 7  # one a second


# sessions and relays


@pytest.mark.looptime
async def test_who_waits_for_a_session_or_a_relay_is_woken_at_once(local: LocalEdgegap) -> None:
    async with hooked(local) as edgegap:
        players = ["203.0.113.7", "198.51.100.9"]
        session = await edgegap.sessions.create("kart", "v1", users=players)
        relay = await edgegap.relays.create(users=players)
        await asyncio.gather(
            edgegap.relays.wait_until_ready(relay.session_id), edgegap.sessions.wait_until_ready(session.session_id)
        )
        for hook in local.hooks:
            looks = [
                request.at
                for request in local.requests
                if request.at >= hook.at and request.path.endswith(hook.request_id)
            ]
            assert looks[0] - hook.at < 0.05
        assert sorted((hook.event, hook.request_id, hook.status) for hook in local.hooks) == [
            ("relay", relay.session_id, 204),
            ("session", session.session_id, 204),
        ]
        looks = [request for request in local.requests if request.method == "GET"]
        assert len(looks) <= 2 * 8


@pytest.mark.looptime
async def test_a_session_whose_webhook_is_lost_is_found_by_looking(local: LocalEdgegap) -> None:
    local.faults.add("webhook", "lost", times=None)
    async with hooked(local) as edgegap:
        async with edgegap.sessions.running("kart", "v1", users=USERS) as session:
            assert session.deployment is not None
            ready_at = local.history[session.deployment.request_id].ready_at
            assert ready_at is not None
            assert now() - ready_at < 1.5
        async with edgegap.relays.running(users=USERS) as relay:
            assert now() - local.relays[relay.session_id].ready_at < 1.5


@pytest.mark.looptime
async def test_who_listens_hears_of_sessions_and_relays_once(local: LocalEdgegap) -> None:
    local.faults.add("webhook", "duplicate", times=None)
    sessions: list[SessionRow] = []
    relays: list[RelaySession] = []
    async with hooked(local) as edgegap:
        edgegap.webhooks.on_session(sessions.append)
        edgegap.webhooks.on_relay(relays.append)
        async with (
            edgegap.sessions.running("kart", "v1", users=USERS) as session,
            edgegap.relays.running(users=USERS) as relay,
        ):
            await asyncio.sleep(1)
        (heard,) = sessions
        assert (heard.session_id, heard.status, heard.ready) == (session.session_id, State.READY, True)
        assert session.deployment is not None
        assert heard.deployment_request_id == session.deployment.request_id
        assert relays == [relay]
        other = await edgegap.sessions.create("kart", "v2", users=USERS)
        waiting = asyncio.create_task(edgegap.sessions.wait_until_ready(other.session_id))
        await asyncio.sleep(1)
        local.deployments[other.deployment_request_id or ""].fail("out of memory")
        with pytest.raises(DeploymentFailed, match="out of memory"):
            await waiting
        await asyncio.sleep(1)
        assert [one.status for one in sessions] == [State.READY, State.ERROR]


@pytest.mark.looptime
async def test_a_session_that_seeks_is_told_of_when_it_has_found() -> None:
    seats = {"kart": {"v1": {"session_config": {"kind": "Seat", "sockets": 2, "autodeploy": False}}}}
    async with LocalEdgegap(seed=1, applications=seats) as local, hooked(local) as edgegap:
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


async def test_a_callers_own_webhook_of_a_session_stays(local: LocalEdgegap) -> None:
    async with hooked(local) as edgegap:
        await edgegap.sessions.create("kart", "v1", users=USERS, webhook_url="http://192.0.2.1/mine")
        assert local.requests[-1].body["webhook_url"] == "http://192.0.2.1/mine"
        await edgegap.relays.create(users=USERS, webhook_url="http://192.0.2.1/mine")
        assert local.requests[-1].body["webhook_url"] == "http://192.0.2.1/mine"
        await edgegap.relays.create(users=USERS)
        assert "/edgegap/relay/" in local.requests[-1].body["webhook_url"]


# what else there is


async def test_a_callers_own_webhook_stays(local: LocalEdgegap) -> None:
    async with hooked(local) as edgegap:
        await edgegap.deployments.create("kart", "v1", users=USERS, webhook_on_ready="http://192.0.2.1/mine")
        body = local.requests[-1].body
        assert body["webhook_on_ready"] == {"url": "http://192.0.2.1/mine"}
        assert "/edgegap/error/" in body["webhook_on_error"]["url"]


async def test_without_an_address_none_are_asked_for(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await edgegap.deployments.create("kart", "v1", users=USERS)
    assert not [field for field in local.requests[-1].body if "webhook" in field]
    with pytest.raises(ConfigurationError, match="webhook_url must be an http or https URL"):
        local.client(webhook_url="studio.example/hooks")


# what comes in


def paths(edgegap: EdgegapClient) -> dict[str, str]:
    hooks: Any = edgegap.webhooks.of_v2(GuardTags().next())
    return {name: hook["url"].removeprefix("http://127.0.0.1:9") for name, hook in hooks.items()}


BODY = dumps({"request_id": "0123456789ab", "current_status": "Status.READY", "running": True})


async def test_what_is_not_ours_is_not_taken(local: LocalEdgegap) -> None:
    async with local.client(webhook_url="http://127.0.0.1:9/edgegap") as edgegap:
        heard: list[Deployment] = []
        edgegap.webhooks.on_ready(heard.append)
        mine = paths(edgegap)
        ready = mine["webhook_on_ready"]
        assert len({path.rpartition("/")[2] for path in mine.values()}) == 3
        receive = edgegap.webhooks.receive
        assert await receive(ready[:-1] + ("0" if ready[-1] != "0" else "1"), BODY) == 404
        assert await receive(ready.replace("/ready/", "/error/"), BODY) == 404
        assert await receive("/", BODY) == 404
        assert await receive(ready.replace("/ready/", "/nothing/"), BODY) == 404
        assert await receive("", b"") == 404
        assert await receive(ready, b" " * (LARGEST_BODY + 1)) == 413
        for body in (b"", b"not json", b"[]", b"{}", b'{"request_id": 7}'):
            assert await receive(ready, body) == 400
        await asyncio.sleep(0)
        assert heard == []
        assert await receive(ready, BODY) == 204
        assert await receive(ready, dumps({"request_id": "ba9876543210", "ports": 7})) == 204
        await asyncio.sleep(0)
        assert [deployment.request_id for deployment in heard] == ["0123456789ab"]
        ending = [
            dumps({"request_id": "0123456789ab", "current_status": state}) for state in ("TERMINATING", "TERMINATED")
        ]
        gone: list[Deployment] = []
        edgegap.webhooks.on_terminated(gone.append)
        for body in ending:
            assert await receive(mine["webhook_on_terminated"], body) == 204
        await asyncio.sleep(0)
        assert [deployment.state for deployment in gone] == [State.TERMINATING]


async def test_processes_share_a_key(local: LocalEdgegap) -> None:
    shared = {"webhook_url": "http://127.0.0.1:9/edgegap", "webhook_key": "of the studio"}
    async with local.client(**shared) as one, local.client(**shared) as other:
        assert await other.webhooks.receive(paths(one)["webhook_on_ready"], BODY) == 204
    async with local.client(webhook_url="http://127.0.0.1:9/edgegap") as stranger:
        assert await stranger.webhooks.receive(paths(one)["webhook_on_ready"], BODY) == 404


async def test_over_asgi(local: LocalEdgegap) -> None:
    async with local.client(webhook_url="http://127.0.0.1:9/edgegap") as edgegap:
        application = ASGIApplication(edgegap.webhooks)
        ready = paths(edgegap)["webhook_on_ready"]

        async def answered(method: str, path: str, *chunks: bytes) -> int:
            parts = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
            coming = iter([*parts, {"type": "http.request", "body": b"", "more_body": False}])
            sent: list[Any] = []

            async def receive() -> Any:
                return next(coming)

            async def send(message: Any) -> None:
                sent.append(message)

            await application({"type": "http", "method": method, "path": path}, receive, send)
            return int(sent[0]["status"])

        assert await answered("POST", ready, BODY[:5], BODY[5:]) == 204
        assert await answered("POST", "/elsewhere", BODY) == 404
        assert await answered("GET", ready) == 405
        assert await answered("POST", ready, *[b" " * 65536] * 8) == 413
