"""Listeners neither keep the client from closing nor each other from being called."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.json_codec import dumps
from edgegap_async.models.deployments import Deployment
from edgegap_async.ownership.tag import GuardTags
from edgegap_async.simulator import LocalEdgegap

pytestmark = pytest.mark.looptime

URL = "http://127.0.0.1:9/edgegap"
READY = dumps({"request_id": "0123456789ab", "current_status": "READY", "running": True})


def now() -> float:
    return asyncio.get_running_loop().time()


async def receive_ready(edgegap: EdgegapClient) -> None:
    """Receive the webhook of a deployment that is ready, and start its listeners."""
    fields: Any = edgegap.webhooks.fields_v2(GuardTags().next())
    assert await edgegap.webhooks.receive(fields["webhook_on_ready"]["url"], READY) == 204
    await asyncio.sleep(0)


async def test_closing_waits_for_a_listener_that_runs(local: LocalEdgegap) -> None:
    ended: list[float] = []
    async with local.client(webhook_url=URL) as edgegap:

        @edgegap.webhooks.on_ready
        async def slow(deployment: Deployment) -> None:
            await asyncio.sleep(5)
            ended.append(now())

        await receive_ready(edgegap)
        started = now()
    assert now() - started == pytest.approx(5, abs=0.1)
    assert len(ended) == 1


async def test_closing_cancels_a_listener_after_10_s_and_logs_its_name(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.client(webhook_url=URL) as edgegap:

        @edgegap.webhooks.on_ready
        async def never_ends(deployment: Deployment) -> None:
            await asyncio.Event().wait()

        await receive_ready(edgegap)
        started = now()
        await asyncio.wait_for(edgegap.aclose(), 60)
        assert now() - started == pytest.approx(10, abs=0.1)
    assert "never_ends on 0123456789ab has not ended in 10 s: it is cancelled" in caplog.text


async def test_closing_does_not_wait_for_a_listener_that_ignores_its_cancellation(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.client(webhook_url=URL) as edgegap:
        ended = asyncio.Event()

        @edgegap.webhooks.on_ready
        async def stubborn(deployment: Deployment) -> None:
            while not ended.is_set():
                try:
                    await ended.wait()
                except asyncio.CancelledError:
                    continue

        await receive_ready(edgegap)
        started = now()
        await asyncio.wait_for(edgegap.aclose(), 60)
        assert now() - started == pytest.approx(11, abs=0.1)
        ended.set()
        await asyncio.sleep(0.1)
    assert "stubborn on 0123456789ab goes on although it was cancelled" in caplog.text


async def test_listeners_can_close_the_client(local: LocalEdgegap, caplog: pytest.LogCaptureFixture) -> None:
    closed: list[float] = []
    async with local.client(webhook_url=URL) as edgegap:

        @edgegap.webhooks.on_ready
        async def one(deployment: Deployment) -> None:
            await edgegap.aclose()
            closed.append(now())

        @edgegap.webhooks.on_ready
        async def other(deployment: Deployment) -> None:
            await asyncio.sleep(1)
            await edgegap.aclose()
            closed.append(now())

        started = now()
        await receive_ready(edgegap)
        await asyncio.sleep(2)
        assert [moment - started for moment in closed] == [pytest.approx(1, abs=0.1)] * 2
    assert "has not ended" not in caplog.text
    assert "listener failed" not in caplog.text


async def test_a_listener_that_closes_the_client_goes_on(local: LocalEdgegap) -> None:
    closed: list[float] = []
    async with local.client(webhook_url=URL) as edgegap:

        @edgegap.webhooks.on_ready
        async def close(deployment: Deployment) -> None:
            await edgegap.aclose()
            await asyncio.sleep(1)
            closed.append(now())

        await receive_ready(edgegap)
        await asyncio.sleep(0.1)
    await asyncio.sleep(1.1)
    assert len(closed) == 1


async def test_a_listener_that_raises_is_logged_with_its_name(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []
    async with local.client(webhook_url=URL) as edgegap:

        @edgegap.webhooks.on_ready
        def broken(deployment: Deployment) -> None:
            raise RuntimeError("a listener that fails")

        edgegap.webhooks.on_ready(lambda deployment: calls.append(deployment.request_id))
        await receive_ready(edgegap)
    assert calls == ["0123456789ab"]
    assert "a webhook listener failed on 0123456789ab" in caplog.text
    assert "broken" in caplog.text
