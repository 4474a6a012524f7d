"""Webhooks that another process received: they reach waits, but no listeners, and keys are shared."""

from __future__ import annotations

import asyncio

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.json_codec import dumps
from edgegap_async.ownership.tag import GuardTag, GuardTags
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.webhooks.urls import WebhookSigner

URL = "http://127.0.0.1:9/edgegap"


def webhook(id: str, state: str = "READY") -> bytes:
    port = {"gameport": {"external": 1, "internal": 7777, "protocol": "UDP", "name": "gameport"}}
    body = {"request_id": id, "current_status": f"Status.{state}", "running": state == "READY", "ports": port}
    return dumps({**body, "public_ip": "192.0.2.9", "fqdn": "x.example"})


def path(edgegap: EdgegapClient, tag: GuardTag) -> str:
    fields = edgegap.webhooks.fields_v2(tag)["webhook_on_ready"]
    assert isinstance(fields, dict)
    return str(fields["url"])


def calls(edgegap: EdgegapClient) -> list[str]:
    found: list[str] = []
    edgegap.webhooks.on_ready(lambda deployment: found.append(deployment.request_id))
    return found


async def test_a_forwarded_webhook_reaches_waits_and_no_listeners(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        called, own = calls(edgegap), path(edgegap, GuardTags().next())
        waiting = asyncio.create_task(edgegap.deployments.wait_until_ready("00000000000a"))
        await asyncio.sleep(0)
        edgegap.webhooks.receive_forwarded(own, webhook("00000000000a"))
        assert (await waiting).public_ip == "192.0.2.9"
        await asyncio.sleep(0)
        assert called == []


async def test_what_is_forwarded_twice_or_received_after_it_was_forwarded_is_ignored(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        called, own = calls(edgegap), path(edgegap, GuardTags().next())
        for _ in range(2):
            edgegap.webhooks.receive_forwarded(own, webhook("00000000000a"))
        assert await edgegap.webhooks.receive(own, webhook("00000000000a")) == 204
        await asyncio.sleep(0)
        assert called == [], "the other process has called its listeners"


async def test_a_webhook_that_is_held_until_its_creation_has_an_id_stays_forwarded(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        called, tag = calls(edgegap), GuardTags().next()
        edgegap.webhooks.expect(tag)
        edgegap.webhooks.receive_forwarded(path(edgegap, tag), webhook("00000000000a"))
        edgegap.webhooks.bind(tag, "00000000000a")
        assert (await edgegap.deployments.wait_until_ready("00000000000a", timeout=5)).public_ip == "192.0.2.9"
        await asyncio.sleep(0)
        assert called == []


async def test_each_accepted_webhook_is_forwarded_once_and_a_forwarded_one_never(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        forwarded: list[tuple[str, bytes]] = []
        edgegap.webhooks.share(b"shared", lambda *webhook: forwarded.append(webhook))
        own, body = path(edgegap, GuardTags().next()), webhook("00000000000a")
        assert await edgegap.webhooks.receive(own, body) == 204
        assert await edgegap.webhooks.receive(own, b"no json") == 400
        assert await edgegap.webhooks.receive(own[:-1] + "x", body) == 404
        edgegap.webhooks.receive_forwarded(own, webhook("00000000000b"))
        assert forwarded == [(own, body)]


async def test_processes_with_a_shared_key_accept_each_others_urls_and_those_made_before(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as first, local.client(webhook_url=URL) as second:
        tag = GuardTags().next()
        before = path(first, tag)
        assert not second.webhooks.accepts(before)
        for each in (first, second):
            each.webhooks.share(first.webhooks.key, lambda *_: None)
        assert second.webhooks.key == first.webhooks.key
        assert second.webhooks.accepts(before)
        own = path(second, tag)
        for each in (first, second):
            each.webhooks.share(b"another", lambda *_: None)
        assert path(second, tag) != own
        for each in (first, second):
            assert each.webhooks.accepts(own)
            assert each.webhooks.accepts(path(second, tag))


@pytest.mark.parametrize("again", [False, True])
def test_three_former_keys_are_kept(again: bool) -> None:
    signer, paths = WebhookSigner(b"0"), []
    for key in (b"1", b"2", b"3", b"4"):
        paths.append(signer.path("ready", "eg"))
        signer.replace_key(key)
        if again:
            signer.replace_key(key)
    paths.append(signer.path("ready", "eg"))
    parsed = [signer.parse(each) for each in paths]
    assert [url is not None and url.is_own for url in parsed] == [False, True, True, True, True]
    signer.replace_key(b"2")
    assert signer.former_keys == (b"1", b"3", b"4")
