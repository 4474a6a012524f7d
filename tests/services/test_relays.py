"""Relay sessions: the wait until players can connect, and the deletion at the end of a block."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from aioresponses import aioresponses

from edgegap_async import EdgegapClient, State
from edgegap_async.errors import ConfigurationError, DeploymentError, WaitFailed

URL = "http://127.0.0.1:1"
SESSION = f"{URL}/v1/relays/sessions/a1b2c3-S"
PORT = {"port": 30001, "protocol": "UDP", "link": "relay.example:30001"}
RELAY = {"ip": "192.0.2.9", "host": "relay.example", "ports": {"server": PORT, "client": PORT}}


@pytest.fixture
async def edgegap() -> AsyncIterator[EdgegapClient]:
    async with EdgegapClient("secret", base_url=URL, timeout=60) as client:
        yield client


def script(service: aioresponses, *sessions: dict[str, Any]) -> None:
    """Respond with these sessions in order, with the last one from then on."""
    for session in sessions[:-1]:
        service.get(SESSION, payload={"session_id": "a1b2c3-S", **session})
    service.get(SESSION, payload={"session_id": "a1b2c3-S", **sessions[-1]}, repeat=True)


@pytest.mark.looptime
async def test_a_session_is_ready_once_it_has_a_relay(edgegap: EdgegapClient) -> None:
    states: list[State | None] = []
    with aioresponses() as service:
        script(service, {"status": "Initializing"}, {"ready": True, "relay": None}, {"ready": True, "relay": RELAY})
        session = await edgegap.relays.wait_until_ready("a1b2c3-S", on_status=lambda change: states.append(change.new))
    assert session.relay is not None
    assert session.relay.ip == "192.0.2.9"
    assert states == [State.INITIALIZING, State.READY]


@pytest.mark.looptime
async def test_a_session_that_stays_without_a_relay_fails(edgegap: EdgegapClient) -> None:
    with aioresponses() as service:
        script(service, {"ready": True})
        message = "relay session a1b2c3-S is ready and has no relay 10 s later: delete it and create another"
        with pytest.raises(WaitFailed, match=message) as caught:
            await edgegap.relays.wait_until_ready("a1b2c3-S")
    assert (caught.value.kind, caught.value.id) == ("relay session", "a1b2c3-S")
    assert (caught.value.last_state, caught.value.reason) == ("READY", "ready with no relay")
    assert not isinstance(caught.value, DeploymentError)


@pytest.mark.looptime
@pytest.mark.parametrize("crash", [None, RuntimeError("the game crashed")])
async def test_running_deletes_the_session_when_the_block_ends(edgegap: EdgegapClient, crash: Exception | None) -> None:
    deleted: list[str] = []
    with aioresponses() as service:
        service.post(f"{URL}/v1/relays/sessions", payload={"session_id": "a1b2c3-S", "authorization_token": 2**40})
        script(service, {"status": "Initializing"}, {"ready": True, "relay": RELAY})
        service.delete(SESSION, status=204, callback=lambda url, **_: deleted.append(str(url)))
        with suppress(RuntimeError):
            async with edgegap.relays.running(users=["203.0.113.7", (45.5, -73.6)]) as session:
                assert session.relay is not None
                assert deleted == []
                if crash is not None:
                    raise crash
    assert deleted == [SESSION]
    if crash is not None:
        assert crash.__notes__ == ["relay session a1b2c3-S was deleted"]


async def test_invalid_players_are_refused(edgegap: EdgegapClient) -> None:
    with pytest.raises(ConfigurationError, match="IPv4 or IPv6"):
        await edgegap.relays.authorize_user("a1b2c3-S", user_ip="nobody")
    with pytest.raises(ConfigurationError, match="users is empty"):
        await edgegap.relays.create(users=[])
