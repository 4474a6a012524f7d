"""A parameter for the id of a deployment or custom session also takes the object that carries the id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from edgegap_async import CustomSession, EdgegapClient, GameServer
from edgegap_async.errors import ConfigurationError, WaitTerminated
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]


async def deployed(edgegap: EdgegapClient) -> GameServer:
    return await edgegap.deployments.deploy("kart", "v1.2", users=USERS)


@pytest.mark.looptime
async def test_custom_sessions_take_a_server_and_a_session(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server, custom = await deployed(edgegap), edgegap.custom_sessions
        created = await custom.create(server, "table-1", users=USERS)
        assert (await custom.get(server, created)).custom_id == "table-1"
        updated = await custom.update(server, created, users=["198.51.100.9"])
        assert [user.ip for user in updated.session_users] == ["198.51.100.9"]
        more = [CustomSession(custom_id=f"table-{number}", users=USERS) for number in (2, 3)]
        assert len((await custom.create_many(server, more)).sessions) == 2
        rows = await custom.list(server).collect()
        assert {row.custom_id for row in rows} == {"table-1", "table-2", "table-3"}
        assert await custom.delete(server, rows[0]) is None  # type: ignore[func-returns-value]
        deleted = await custom.delete_many(server, rows[1:])
        assert {session.custom_id for session in deleted.sessions} == {"table-2", "table-3"}
        assert await custom.list(server.request_id).collect() == []


@pytest.mark.looptime
async def test_telemetry_takes_servers(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await deployed(edgegap)
        assert await edgegap.telemetry.best_deployment([server], users=USERS) == server.request_id
        (request,) = (each for each in local.requests if each.operation_id == "active-deployment-telemetry-post")
        assert request.body["deployments"] == [server.request_id]


@pytest.mark.looptime
async def test_context_takes_a_server(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await deployed(edgegap)
        own = local.deployments[server.request_id]
        number, token = int(own.security_number), own.context_token
        await edgegap.context.create_tag(server, number, "full", token=token)
        assert (await edgegap.context.get(server, number, token=token)).tags == ("full",)
        await edgegap.context.delete_tag(server, number, "full", token=token)
        assert (await edgegap.context.get(server, number, token=token)).tags == ()


INVALID: dict[str, tuple[Callable[[Any], Awaitable[object]], str]] = {
    "an empty deployment id": (lambda e: e.custom_sessions.get("", "table-1"), "the deployment's id is empty"),
    "a number as deployment id": (lambda e: e.context.get(7, 660, token="t"), "the deployment's id must be a string"),
    "a single id for many": (lambda e: e.telemetry.create("61b1be8f54d9", users=USERS), "request_ids must be a list"),
    "a custom id with a slash": (
        lambda e: e.custom_sessions.delete("a", "b/c"),
        "the custom session's id 'b/c' cannot",
    ),
    "a single custom id for many": (lambda e: e.custom_sessions.delete_many("a", "b"), "custom_ids must be a list"),
    "no custom ids": (lambda e: e.custom_sessions.delete_many("a", []), "custom_ids is empty"),
}


@pytest.mark.parametrize("case", INVALID)
async def test_invalid_ids_are_refused_before_sending(local: LocalEdgegap, edgegap: EdgegapClient, case: str) -> None:
    call, message = INVALID[case]
    with pytest.raises(ConfigurationError, match=message):
        await call(edgegap)
    assert local.requests == []


@pytest.mark.looptime
async def test_waits_for_unknown_telemetry_and_lobbies_have_kind_and_id(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        with pytest.raises(WaitTerminated) as telemetry:
            await edgegap.telemetry.wait_for_result("never-created", timeout=30)
        assert (telemetry.value.kind, telemetry.value.id) == ("telemetry result", "never-created")
        with pytest.raises(WaitTerminated) as lobby:
            await edgegap.lobbies.wait_until_ready("never-created", timeout=30)
        assert (lobby.value.kind, lobby.value.id) == ("lobby", "never-created")
