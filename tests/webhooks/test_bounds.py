"""What others send to the receiver takes a bounded amount of memory and time."""

from __future__ import annotations

import asyncio
import logging
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from edgegap_async import EdgegapClient
from edgegap_async.bounded_dict import BoundedDict, size_in_memory
from edgegap_async.errors import ConfigurationError
from edgegap_async.json_codec import dumps
from edgegap_async.models.deployments import Deployment
from edgegap_async.ownership.tag import GuardTags
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.webhooks import MAX_BODY_BYTES, ASGIApplication, Webhooks, aiohttp_handler

URL = "http://127.0.0.1:9/edgegap"


def body(number: int, size: int = 0) -> bytes:
    """A webhook of so many bytes."""
    text = dumps({"request_id": f"{number:012x}", "current_status": "READY", "running": True, "more": ""})
    return text.replace(b'"more":""', b'"more":"' + b"x" * (size - len(text)) + b'"')


def new_path(edgegap: EdgegapClient, *, expected: bool = False) -> str:
    tag = GuardTags().next()
    if expected:
        edgegap.webhooks.expect(tag)
    fields: Any = edgegap.webhooks.fields_v2(tag)
    return str(fields["webhook_on_ready"]["url"]).removeprefix("http://127.0.0.1:9")


async def kept_bytes(edgegap: EdgegapClient, webhooks: int, path: Callable[[], str]) -> int:
    """Send webhooks of 250 KB; return by how much the memory in use has grown."""
    tracemalloc.start()
    try:
        for number in range(webhooks):
            assert await edgegap.webhooks.receive(path(), body(number, 250_000)) == 204
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


# memory


@pytest.mark.parametrize("expected", [False, True], ids=["nothing waits for them", "before the create response"])
async def test_webhooks_are_kept_up_to_16_megabytes(local: LocalEdgegap, *, expected: bool) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        assert await kept_bytes(edgegap, 200, lambda: new_path(edgegap, expected=expected)) < 18_000_000


async def test_a_webhook_is_kept_as_its_body_and_not_as_objects(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        path = new_path(edgegap)
        tracemalloc.start()
        try:
            for number in range(20):
                nested = dumps({"request_id": f"{number:012x}", "current_status": "READY", "more": [{}] * 80_000})
                assert await edgegap.webhooks.receive(path, nested) == 204
            assert tracemalloc.get_traced_memory()[0] < 8_000_000  # 20 bodies of 240 KB
        finally:
            tracemalloc.stop()


async def test_the_latest_of_many_early_webhooks_ends_a_wait(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        path = new_path(edgegap)
        for number in range(100):
            assert await edgegap.webhooks.receive(path, body(number, 250_000)) == 204
        ports = {"gameport": {"external": 1, "internal": 7777, "protocol": "UDP", "name": "gameport"}}
        ready = {"request_id": "f" * 12, "current_status": "READY", "fqdn": "a.example", "public_ip": "192.0.2.1"}
        assert await edgegap.webhooks.receive(path, dumps(ready | {"running": True, "ports": ports})) == 204
        server = await edgegap.deployments.wait_until_ready("f" * 12)
        assert server.ports["gameport"].external == 1


@pytest.mark.parametrize("id", ["", "a" * 129, "a\nb", "a b", "é", "\x7f"])
async def test_an_id_that_is_long_or_not_plain_is_refused(local: LocalEdgegap, id: str) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        assert await edgegap.webhooks.receive(new_path(edgegap), dumps({"request_id": id})) == 400


def test_what_is_kept_counts_with_more_than_its_body() -> None:
    assert size_in_memory() == 0
    assert size_in_memory(b"") >= 500
    assert size_in_memory(b"a" * 1000, b"b") == 1001 + 2 * size_in_memory(b"")


def test_a_bounded_dict_drops_what_was_set_least_recently() -> None:
    kept: BoundedDict[str, bytes] = BoundedDict(10, lambda _, value: len(value))
    kept["a"], kept["b"] = b"1234", b"1234"
    kept["a"] = b"12345"
    kept["c"] = b"12345"
    assert dict(kept) == {"a": b"12345", "c": b"12345"}
    assert kept.pop("a") == b"12345"
    assert kept.pop("a", b"none") == b"none"
    kept["d"] = b"12345"
    assert list(kept) == ["c", "d"]
    kept["e"] = b"longer than all may be"
    assert list(kept) == []
    kept["f"] = b"1234567890"
    assert list(kept) == ["f"]


# requests


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path + "\udcff",
        lambda path: path.replace("/ready/", "/ready\udcff/"),
        lambda path: path.replace("/eg-", "/\udcffeg-"),
        lambda path: path.rpartition("/")[0] + "/" + "é" * 32,
        lambda path: path + "\x00",
        lambda path: path + "\n",
        lambda path: path.replace("/eg-", "/EG-"),
        lambda path: "/" * 100_000,
        lambda path: "\udcff",
    ],
)
async def test_a_path_with_odd_characters_gets_404(local: LocalEdgegap, change: Callable[[str], str]) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        path = new_path(edgegap)
        assert await edgegap.webhooks.receive(path, body(1)) == 204
        assert not edgegap.webhooks.accepts(change(path))
        assert await edgegap.webhooks.receive(change(path), body(1)) == 404


async def test_a_body_of_exactly_the_largest_size_is_accepted(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap, served(edgegap.webhooks) as post:
        for number, extra, status in ((1, 0, 204), (2, 1, 413)):
            sent = body(number, MAX_BODY_BYTES + extra)
            assert len(sent) == MAX_BODY_BYTES + extra
            assert await edgegap.webhooks.receive(new_path(edgegap), sent) == status
            assert await asgi_status(edgegap.webhooks, new_path(edgegap), sent) == status
            assert await post(new_path(edgegap), len(sent), sent) == status


async def test_a_thousand_webhooks_at_once_each_call_the_listener_once(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap, served(edgegap.webhooks) as post:
        calls: list[str] = []

        @edgegap.webhooks.on_ready
        async def ready(deployment: Deployment) -> None:
            await asyncio.sleep(0.01)
            calls.append(deployment.request_id)

        path = new_path(edgegap)
        gate = asyncio.Semaphore(100)

        async def send(number: int) -> int:
            async with gate:
                return await post(path, 3000, body(number, 3000))

        assert set(await asyncio.gather(*(send(number) for number in range(1000)))) == {204}
    assert sorted(calls) == [f"{number:012x}" for number in range(1000)]


# bodies that are not read, or not to their end


@asynccontextmanager
async def served(webhooks: Webhooks) -> AsyncIterator[Callable[..., Any]]:
    """Serve webhooks with aiohttp; yield a function that sends a request and returns the status of the response."""
    application = web.Application()
    application.router.add_post("/edgegap/{rest:.*}", aiohttp_handler(webhooks))
    runner = web.AppRunner(application, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]

    async def post(path: str, length: int, sent: bytes = b"") -> int:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + sent)
            return int((await reader.readline()).split()[1])
        finally:
            writer.close()

    try:
        yield post
    finally:
        await runner.cleanup()


async def asgi_status(webhooks: Webhooks, path: str, *chunks: bytes) -> int:
    """Send a request to the ASGI application; without chunks its body never arrives. Return the status."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if messages:
        messages[-1]["more_body"] = False
    remaining = iter(messages)
    sent: list[Any] = []

    async def receive() -> Any:
        if (message := next(remaining, None)) is None:
            await asyncio.Event().wait()
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    await ASGIApplication(webhooks)({"type": "http", "method": "POST", "path": path}, receive, send)
    return int(sent[0]["status"])


@pytest.mark.looptime
async def test_a_request_with_an_invalid_path_gets_404_without_its_body(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap, served(edgegap.webhooks) as post:
        started = asyncio.get_running_loop().time()
        invalid = new_path(edgegap)[:-4] + "0000"
        assert await asyncio.wait_for(asgi_status(edgegap.webhooks, invalid), 60) == 404
        assert await asyncio.wait_for(post(invalid, 1_000_000), 60) == 404
        assert asyncio.get_running_loop().time() - started < 1


@pytest.mark.looptime
async def test_a_body_that_does_not_arrive_in_10_s_gets_408(local: LocalEdgegap) -> None:
    async with local.client(webhook_url=URL) as edgegap, served(edgegap.webhooks) as post:
        for status in (
            asgi_status(edgegap.webhooks, new_path(edgegap)),
            post(new_path(edgegap), 1000, b"{"),
        ):
            started = asyncio.get_running_loop().time()
            assert await asyncio.wait_for(status, 60) == 408
            assert asyncio.get_running_loop().time() - started == pytest.approx(10, abs=0.5)


# keys


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("key", "advice"),
    [(None, "set the same webhook_key in all of them"), ("mine", "its webhook_key is not the one of this process")],
)
async def test_an_unknown_signature_is_logged_once_a_minute_with_what_to_do(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture, key: str | None, advice: str
) -> None:
    caplog.set_level(logging.WARNING)

    def warnings() -> list[str]:
        return [record.message for record in caplog.records if "unknown signature" in record.message]

    async with (
        local.client(webhook_url=URL) as worker,
        local.client(webhook_url=URL, webhook_key=key) as edgegap,
    ):
        for _ in range(3):
            assert await edgegap.webhooks.receive("/edgegap/ready/eg-0/favicon.ico", body(1)) == 404
        assert warnings() == []
        for _ in range(3):
            assert await edgegap.webhooks.receive(new_path(worker), body(1)) == 404
        assert len(warnings()) == 1
        assert advice in warnings()[0]
        await asyncio.sleep(61)
        assert not edgegap.webhooks.accepts(new_path(worker))
        assert len(warnings()) == 2


@pytest.mark.parametrize("key", ["", "  \n"])
def test_an_empty_webhook_key_is_refused(key: str) -> None:
    with pytest.raises(ConfigurationError, match="webhook_key is empty"):
        EdgegapClient("secret", webhook_url=URL, webhook_key=key)
