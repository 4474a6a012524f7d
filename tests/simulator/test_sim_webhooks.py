"""The webhooks that the local Edgegap sends: when, to which URLs, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from edgegap_async.simulator import LocalEdgegap
from edgegap_async.simulator.webhooks.sender import WebhookSchedule, WebhookSender

USERS = ["203.0.113.7"]
NOBODY = "http://127.0.0.1:9/hooks"


@asynccontextmanager
async def receiver(respond: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[int]:
    """Serve webhooks on this machine; yields the port."""
    runner = web.ServerRunner(web.Server(respond), shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def followed() -> int:
    """The number of deployments, sessions and relays whose webhooks are still to be sent."""
    return sum(task.get_name() == "local Edgegap webhook" for task in asyncio.all_tasks())


async def test_a_webhook_is_sent_when_a_virtual_clock_reaches_its_event(edgegap_server):
    await edgegap_server.create(webhook_on_ready={"url": NOBODY})
    await asyncio.sleep(0.05)
    assert list(edgegap_server.local.hooks) == []
    edgegap_server.clock.advance(10)
    await asyncio.sleep(0.5)
    assert [(hook.event, hook.at) for hook in edgegap_server.local.hooks] == [("ready", edgegap_server.clock())]


@pytest.mark.looptime
async def test_a_webhook_is_sent_to_this_machine_only(local: LocalEdgegap) -> None:
    received: list[str] = []

    async def respond(request: web.BaseRequest) -> web.Response:
        received.append(request.path)
        return web.Response(status=204)

    async with receiver(respond) as port, local.client() as edgegap:
        # 0.0.0.0 is this machine too, but not by a loopback address
        for host in ("0.0.0.0", "127.0.0.1", "localhost"):
            url = f"http://{host}:{port}/{host}"
            await edgegap.deployments.deploy("kart", "v1", users=USERS, webhook_on_ready=url)
        await asyncio.sleep(1)
        assert received == ["/127.0.0.1", "/localhost"]
        assert [hook.status for hook in local.hooks] == [None, 204, 204]


@pytest.mark.looptime
async def test_a_redirect_is_not_followed(local: LocalEdgegap) -> None:
    received: list[str] = []

    async def respond(request: web.BaseRequest) -> web.Response:
        received.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with receiver(respond) as port, local.client() as edgegap:
        await edgegap.deployments.deploy("kart", "v1", users=USERS, webhook_on_ready=f"http://127.0.0.1:{port}/mine")
        await asyncio.sleep(1)
        assert received == ["/mine"]
        assert [hook.status for hook in local.hooks] == [307]


@pytest.mark.looptime
@pytest.mark.parametrize("is_running", [False, True])
async def test_a_receiver_without_a_response_is_logged_and_delays_an_early_create_by_ten_seconds(
    local: LocalEdgegap, is_running: bool
) -> None:
    async def respond(_: web.BaseRequest) -> web.Response:
        await asyncio.sleep(60)
        return web.Response(status=204)

    local.faults.add("deployments.create", "early")
    async with receiver(respond) as port, local.client() as edgegap:
        url = f"http://127.0.0.1:{port}/mine" if is_running else NOBODY
        request = await edgegap.deployments.create("kart", "v1", users=USERS, webhook_on_ready=url, timeout=60)
        (hook,) = local.hooks
        assert (hook.request_id, hook.event, hook.status) == (request.request_id, "ready", None)
        waited = asyncio.get_running_loop().time() - hook.at
        assert waited == pytest.approx(10 if is_running else 0, abs=0.1)


@pytest.mark.looptime
async def test_what_has_ended_is_followed_no_longer(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy(
            "kart", "v1", users=USERS, webhook_on_error=NOBODY, webhook_on_terminated=NOBODY
        )
        session = await edgegap.sessions.create("kart", "v1", users=USERS, webhook_url=NOBODY)
        relay = await edgegap.relays.create(users=USERS, webhook_url=NOBODY)
        assert followed() == 3
        await edgegap.deployments.stop(server)
        await edgegap.sessions.delete(session.session_id)
        await edgegap.relays.delete(relay.session_id)
        await asyncio.sleep(20)
        assert followed() == 0
        assert [hook.event for hook in local.hooks] == ["terminated"]


@pytest.mark.looptime
async def test_a_change_of_what_has_ended_sends_nothing_again() -> None:
    ended: list[bool] = []
    sender: WebhookSender[str] = WebhookSender(
        lambda id: WebhookSchedule(
            id=id, urls={"ready": NOBODY}, moment=lambda _: 1.0, payload=dict, has_ended=lambda: bool(ended)
        ),
        asyncio.get_running_loop().time,
        lambda: None,
    )
    sender.follow("0123456789ab")
    await asyncio.sleep(2)
    sender.follow("0123456789ab")
    ended.append(True)
    for _ in range(2):
        sender.follow("0123456789ab")
        await asyncio.sleep(2)
    assert [hook.request_id for hook in sender.sent] == ["0123456789ab"]
    await sender.close()


@pytest.mark.looptime
async def test_a_clock_of_coarse_resolution_does_not_keep_the_sender_busy() -> None:
    """A wait that is shorter than the clock can tell ends at once, and would be begun again for ever."""
    readings = 0

    def clock() -> float:
        nonlocal readings
        readings += 1
        assert readings < 100, "the sender is busy"
        return round(asyncio.get_running_loop().time(), 3)

    moment = clock() + 1.0000004
    sender: WebhookSender[str] = WebhookSender(
        lambda id: WebhookSchedule(
            id=id, urls={"ready": NOBODY}, moment=lambda _: moment, payload=dict, has_ended=lambda: False
        ),
        clock,
        lambda: None,
    )
    sender.follow("0123456789ab")
    await asyncio.wait_for(sender.notified("0123456789ab"), 5)
    await sender.close()
