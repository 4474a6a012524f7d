"""Relay sessions: awaited until players can connect, and deleted whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from aioresponses import aioresponses

from edgegap_async import EdgegapClient, State
from edgegap_async.errors import ConfigurationError, DeploymentFailed

URL = "http://127.0.0.1:1"
SESSION = f"{URL}/v1/relays/sessions/a1b2c3-S"
PORT = {"port": 30001, "protocol": "UDP", "link": "relay.example:30001"}
RELAY = {"ip": "192.0.2.9", "host": "relay.example", "ports": {"server": PORT, "client": PORT}}


@pytest.fixture
async def edgegap() -> AsyncIterator[EdgegapClient]:
    async with EdgegapClient("secret", base_url=URL, timeout=60) as client:
        yield client


def shown(service: aioresponses, *looks: dict[str, Any]) -> None:
    for look in looks[:-1]:
        service.get(SESSION, payload={"session_id": "a1b2c3-S", **look})
    service.get(SESSION, payload={"session_id": "a1b2c3-S", **looks[-1]}, repeat=True)


@pytest.mark.looptime
async def test_it_is_ready_once_it_has_a_relay(edgegap: EdgegapClient) -> None:
    seen: list[State | None] = []
    with aioresponses() as service:
        shown(service, {"status": "Initializing"}, {"ready": True, "relay": None}, {"ready": True, "relay": RELAY})
        session = await edgegap.relays.wait_until_ready("a1b2c3-S", on_status=lambda change: seen.append(change.new))
    assert session.relay is not None
    assert session.relay.ip == "192.0.2.9"
    assert seen == [State.INITIALIZING, State.READY]


@pytest.mark.looptime
async def test_one_that_stays_without_a_relay_fails(edgegap: EdgegapClient) -> None:
    with aioresponses() as service:
        shown(service, {"ready": True})
        with pytest.raises(DeploymentFailed, match=r"relay session a1b2c3-S is ready and has no relay 10 s later"):
            await edgegap.relays.wait_until_ready("a1b2c3-S")


@pytest.mark.looptime
@pytest.mark.parametrize("ends", [None, RuntimeError("the game crashed")])
async def test_running_deletes_it_in_the_end(edgegap: EdgegapClient, ends: Exception | None) -> None:
    deleted: list[str] = []
    with aioresponses() as service:
        service.post(f"{URL}/v1/relays/sessions", payload={"session_id": "a1b2c3-S", "authorization_token": 2**40})
        shown(service, {"status": "Initializing"}, {"ready": True, "relay": RELAY})
        service.delete(SESSION, status=204, callback=lambda url, **_: deleted.append(str(url)))
        with suppress(RuntimeError):
            async with edgegap.relays.running(users=["203.0.113.7", (45.5, -73.6)]) as session:
                assert session.relay is not None
                assert deleted == []
                if ends is not None:
                    raise ends
    assert deleted == [SESSION]
    if ends is not None:
        assert ends.__notes__ == ["relay session a1b2c3-S was deleted"]


async def test_what_cannot_be_a_player_is_not_sent(edgegap: EdgegapClient) -> None:
    with pytest.raises(ConfigurationError, match="IPv4 or IPv6"):
        await edgegap.relays.authorize_user("a1b2c3-S", user_ip="nobody")
    with pytest.raises(ConfigurationError, match="users is empty"):
        await edgegap.relays.create(users=[])
