"""A webhook URL belongs to one creation: webhooks about anything else are refused at it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.errors import Unprocessable
from edgegap_async.json_codec import dumps
from edgegap_async.models.deployments import Deployment
from edgegap_async.ownership.tag import GuardTag, GuardTags
from edgegap_async.simulator import LocalEdgegap

URL = "http://127.0.0.1:9/edgegap"
USERS = ["203.0.113.7"]
FOREIGN_ADDRESS = "198.51.100.66"


def ready(request_id: str, **fields: Any) -> bytes:
    """The webhook of a deployment that is ready."""
    port = {"gameport": {"external": 1, "internal": 7777, "protocol": "UDP", "name": "gameport"}}
    return dumps(
        {
            "request_id": request_id,
            "current_status": "Status.READY",
            "running": True,
            "public_ip": FOREIGN_ADDRESS,
            "fqdn": "foreign.example",
            "ports": port,
            **fields,
        }
    )


def settled(session_id: str) -> bytes:
    """The webhook of a session or relay session that is ready."""
    return dumps({"session_id": session_id, "status": "Ready", "ready": True, "kind": "Seat", "user_count": 1})


def ready_path(edgegap: EdgegapClient, tag: GuardTag) -> str:
    fields: Any = edgegap.webhooks.fields_v2(tag)
    return str(fields["webhook_on_ready"]["url"])


def ready_ids(edgegap: EdgegapClient) -> list[str]:
    """Collect the ids with which the listeners of ready deployments are called."""
    calls: list[str] = []
    edgegap.webhooks.on_ready(lambda deployment: calls.append(deployment.request_id))
    return calls


@pytest.mark.looptime
async def test_a_webhook_about_another_deployment_is_refused_at_a_creations_url(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        calls = ready_ids(edgegap)
        one = await edgegap.deployments.create("kart", "v1", users=USERS)
        url_of_one = local.requests[-1].body["webhook_on_ready"]["url"]
        other = await edgegap.deployments.create("kart", "v1", users=USERS)
        waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(other))
        await asyncio.sleep(0.1)
        assert await edgegap.webhooks.receive(url_of_one, ready(other.request_id)) == 409
        assert await edgegap.webhooks.receive(url_of_one, ready("0123456789ab")) == 409
        await asyncio.sleep(0.1)
        assert not waiting.done()
        assert (await waiting).public_ip != FOREIGN_ADDRESS
        assert calls == []
        assert f"a webhook about {other.request_id} was refused" in caplog.text
        assert await edgegap.webhooks.receive(url_of_one, ready(one.request_id)) == 204
        await asyncio.sleep(0)
        assert calls == [one.request_id]


async def test_a_webhook_about_another_deployment_is_refused_at_the_url_of_create_v1(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        one = await edgegap.deployments.create_v1("kart", "v1", users=USERS)
        url = local.requests[-1].body["webhook_url"]
        assert await edgegap.webhooks.receive(url, ready("0123456789ab")) == 409
        assert await edgegap.webhooks.receive(url, ready(one.request_id)) == 204


async def test_a_webhook_about_another_session_is_refused_at_a_sessions_url(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        session = await edgegap.sessions.create("kart", "v1", users=USERS)
        url = local.requests[-1].body["webhook_url"]
        assert await edgegap.webhooks.receive(url, settled("0123456789ab-S")) == 409
        assert await edgegap.webhooks.receive(url, settled(session.session_id)) == 204


async def test_a_webhook_about_another_relay_session_is_refused_at_a_relay_sessions_url(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        relay = await edgegap.relays.create(users=USERS)
        url = local.requests[-1].body["webhook_url"]
        assert await edgegap.webhooks.receive(url, settled("0123456789ab-S")) == 409
        assert await edgegap.webhooks.receive(url, settled(relay.session_id)) == 204


@pytest.mark.looptime
async def test_webhooks_before_the_create_response_are_passed_on_only_if_it_names_their_id(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "delay", seconds=2)
    async with local.client(webhook_url=URL) as edgegap:
        calls = ready_ids(edgegap)
        watched = await edgegap.deployments.create_v1("kart", "v1", users=USERS)
        waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(watched))
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS))
        await asyncio.sleep(1)
        url = local.requests[-1].body["webhook_on_ready"]["url"]
        tag = local.requests[-1].body["tags"][-1]
        assert await edgegap.webhooks.receive(url, ready("0123456789ab")) == 204
        assert await edgegap.webhooks.receive(url, ready("0123456789ab", tags=[str(GuardTags().next())])) == 409
        assert await edgegap.webhooks.receive(url, ready(watched.request_id, tags=[tag])) == 409
        await asyncio.sleep(0)
        assert calls == []
        created = await creating
        assert await edgegap.webhooks.receive(url, ready("0123456789ab")) == 409
        assert (await waiting).public_ip != FOREIGN_ADDRESS
        assert calls == []
        assert await edgegap.webhooks.receive(url, ready(created.request_id)) == 204
        await asyncio.sleep(0)
        assert calls == [created.request_id]


async def test_the_webhook_of_a_duplicate_is_not_passed_on(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        calls = ready_ids(edgegap)
        tag = GuardTags().next()
        edgegap.webhooks.expect(tag)
        url = ready_path(edgegap, tag)
        for id in ("00000000000a", "00000000000b", "00000000000b"):
            assert await edgegap.webhooks.receive(url, ready(id, tags=[str(tag)])) == 204
        await asyncio.sleep(0)
        assert calls == []
        edgegap.webhooks.bind(tag, "00000000000b")
        await asyncio.sleep(0)
        assert calls == ["00000000000b"]
        assert await edgegap.webhooks.receive(url, ready("00000000000a", tags=[str(tag)])) == 409


async def test_the_webhook_of_a_deployment_created_in_error_is_passed_on(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "unprocessable")
    async with local.client(webhook_url=URL) as edgegap:
        failed: list[Deployment] = []
        edgegap.webhooks.on_error(failed.append)
        with pytest.raises(Unprocessable) as caught:
            await edgegap.deployments.create("kart", "v1", users=USERS)
        id = caught.value.request_id
        (url,) = (request.body["webhook_on_error"]["url"] for request in local.requests if request.body)
        error = dumps({"request_id": id, "current_status": "Status.ERROR", "error": True})
        assert await edgegap.webhooks.receive(url, error.replace(str(id).encode(), b"0123456789ab")) == 409
        assert await edgegap.webhooks.receive(url, error) == 204
    assert [deployment.request_id for deployment in failed] == [id]


async def test_the_guard_tag_in_a_webhook_must_be_that_of_its_url(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap:  # the tags are those of another process with the same key
        tag, other = GuardTags().next(), GuardTags().next()
        url = ready_path(edgegap, tag)
        assert await edgegap.webhooks.receive(url, ready("00000000000a", tags=["match", str(other)])) == 409
        assert await edgegap.webhooks.receive(url, ready("00000000000a", tags=["match", str(tag)])) == 204
        for id, tags in (("00000000000b", ["match", 7]), ("00000000000c", None), ("00000000000d", "eg")):
            # created without the guard, or without its tags in the body: 204, also where it cannot be decoded
            assert await edgegap.webhooks.receive(url, ready(id, tags=tags)) == 204


async def test_a_deployment_of_this_process_is_refused_at_a_url_of_another_process(local: LocalEdgegap) -> None:
    shared: dict[str, Any] = {"webhook_url": URL, "webhook_key": "a shared secret"}
    async with local.client(**shared) as first, local.client(**shared) as second:
        await first.deployments.create("kart", "v1", users=USERS)
        url_of_first = local.requests[-1].body["webhook_on_ready"]["url"]
        own = await second.deployments.create("kart", "v1", users=USERS)
        assert await second.webhooks.receive(url_of_first, ready(own.request_id)) == 409


async def test_the_webhook_url_in_a_sessions_webhook_must_be_its_url(local: LocalEdgegap) -> None:
    shared: dict[str, Any] = {"webhook_url": URL, "webhook_key": "a shared secret"}
    async with local.client(**shared) as first, local.client(**shared) as second:
        url, other = first.webhooks.session_url(), first.webhooks.session_url()
        assert url is not None

        def body(webhook_url: str | None) -> bytes:
            return dumps({"session_id": "00000000000a-S", "status": "Ready", "ready": True, "webhook_url": webhook_url})

        assert await second.webhooks.receive(url, body(other)) == 409
        for named in (url, None, "http://192.0.2.1/rewritten"):
            assert await second.webhooks.receive(url, body(named)) == 204


async def test_refused_webhooks_are_logged_at_most_once_a_minute(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with local.client(webhook_url=URL) as edgegap:
        await edgegap.deployments.create("kart", "v1", users=USERS)
        url = local.requests[-1].body["webhook_on_ready"]["url"]
        for number in range(10):
            assert await edgegap.webhooks.receive(url, ready(f"00000000000{number}")) == 409
    assert len([record for record in caplog.records if "was refused" in record.message]) == 1
