"""Simulated relay sessions, through the client and as plain requests."""

from __future__ import annotations

import re

import pytest

from edgegap_async import DeployFilter
from edgegap_async.errors import BadRequest, Conflict, NotFound
from edgegap_async.simulator import LocalEdgegap


@pytest.mark.looptime
async def test_a_session_becomes_ready_with_a_relay(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        created = await edgegap.relays.create(users=[(45.5, -73.6), "203.0.113.7"])
        assert (created.ready, created.linked, created.relay) == (False, False, None)
        session = await edgegap.relays.wait_until_ready(created.session_id)
        assert session.relay is not None
        assert session.relay.ports is not None
        assert session.relay.ports.server is not None
        assert session.relay.ports.client is not None
        assert session.relay.ports.server.port != session.relay.ports.client.port
        assert session.authorization_token is not None
        assert session.authorization_token >= 2**31
        assert [user.ip_address for user in session.session_users] == [None, "203.0.113.7"]
        assert len({user.authorization_token for user in session.session_users}) == 2


async def test_filters_limit_the_locations_of_a_relay(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        near_tokyo = (35.7, 139.7)
        await edgegap.relays.create(users=[near_tokyo], filters=[DeployFilter(field="country", values=("Canada",))])
        assert [relay.city.country for relay in local.relays] == ["Canada"]
        with pytest.raises(BadRequest, match="no location"):
            await edgegap.relays.create(users=[near_tokyo], filters=[DeployFilter(field="country", values=("Mars",))])


async def test_players_are_authorized_and_revoked(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        session = await edgegap.relays.create(users=["203.0.113.7"])
        with pytest.raises(Conflict):
            await edgegap.relays.authorize_user(session.session_id, user_ip="203.0.113.7")
        joined = await edgegap.relays.authorize_user(session.session_id, user_ip="203.0.113.8")
        assert joined.session_user is not None
        assert joined.session_user.authorization_token is not None
        token = joined.session_user.authorization_token
        revoked = await edgegap.relays.revoke_user(session.session_id, authorization_token=token)
        assert revoked is not None
        assert [user.ip_address for user in revoked.session_users] == ["203.0.113.7"]
        with pytest.raises(NotFound):
            await edgegap.relays.revoke_user(session.session_id, authorization_token=token)


async def test_a_deleted_session_is_not_found(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        first = await edgegap.relays.create(users=["203.0.113.7"])
        second = await edgegap.relays.create(users=["203.0.113.7"])
        assert [row.session_id async for row in edgegap.relays.list()] == [second.session_id, first.session_id]
        await edgegap.relays.delete(first.session_id)
        assert [relay.session_id for relay in local.relays] == [second.session_id]
        with pytest.raises(NotFound):
            await edgegap.relays.get(first.session_id)
        with pytest.raises(NotFound):
            await edgegap.relays.delete(first.session_id)
        with pytest.raises(BadRequest):  # the document has no 404 here
            await edgegap.relays.authorize_user(first.session_id, user_ip="203.0.113.9")


@pytest.mark.looptime
async def test_running_deletes_the_session_on_exit(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        async with edgegap.relays.running(users=["203.0.113.7"]) as session:
            assert session.session_id in local.relays
        assert len(local.relays) == 0


@pytest.mark.parametrize("user", [{}, "203.0.113.7", {"ip": "here"}, {"latitude": 91, "longitude": 0}, {"latitude": 1}])
async def test_the_error_names_an_invalid_user(edgegap_server, user):
    reply = await edgegap_server.call("POST", "/v1/relays/sessions", json={"users": [user]})
    assert reply.status == 400
    assert "users[0]" in reply.body["message"]


# plain requests

TOKYO = {"users": [{"latitude": 35.7, "longitude": 139.7}]}
FILTER = {"field": "country", "values": ["Japan"], "filter_type": "any"}


@pytest.fixture
def send(conforms):
    async def call(edgegap, operation_id, path="", status=200, **options):
        method = {"get": "GET", "list": "GET", "delete": "DELETE"}.get(operation_id.split("-")[-1], "POST")
        reply = await edgegap.call(method, f"/v1/relays/sessions{path}", **options)
        assert reply.status == status, reply
        conforms(operation_id, reply)
        return reply.body

    return call


async def test_responses_conform_to_the_document(edgegap_server, send):
    created = await send(edgegap_server, "relay-session-create", json=TOKYO | {"webhook_url": "http://127.0.0.1/hook"})
    session_id = created["session_id"]
    assert re.fullmatch(r"[0-9a-f]{12}-S", session_id)
    assert (created["status"], created["ready"], created["linked"]) == ("INITIALIZING", False, False)
    assert "relay" not in created

    edgegap_server.clock.advance(10)
    ready = await send(edgegap_server, "relay-session-get", f"/{session_id}")
    assert (ready["status"], ready["ready"], ready["linked"]) == ("READY", True, True)
    kept = ("session_id", "authorization_token", "session_users", "webhook_url")
    assert [ready[name] for name in kept] == [created[name] for name in kept]
    host, ports = ready["relay"]["host"], ready["relay"]["ports"]
    assert host == f"{session_id.removesuffix('-S')}.st.edgegap.net"
    assert ports["server"]["port"] != ports["client"]["port"]
    for port in ports.values():
        assert 30000 <= port["port"] < 33000
        assert (port["protocol"], port["link"]) == ("UDP", f"{host}:{port['port']}")
    assert edgegap_server.local.relays[session_id].city.city == "Tokyo"

    user = {"session_id": session_id, "user_ip": "203.0.113.8"}
    joined = await send(edgegap_server, "relay-user-authorize", ":authorize-user", json=user)
    assert joined["session_user"]["ip_address"] == "203.0.113.8"
    assert "session_users" not in joined
    assert joined["relay"] == ready["relay"]
    await send(edgegap_server, "relay-user-authorize", ":authorize-user", 409, json=user)

    user = {"session_id": session_id, "authorization_token": joined["session_user"]["authorization_token"]}
    assert await send(edgegap_server, "relay-user-revoke", ":revoke-user", json=user) == ready
    await send(edgegap_server, "relay-user-revoke", ":revoke-user", 404, json=user)
    assert (await send(edgegap_server, "relay-session-list"))["sessions"] == [ready]
    await send(edgegap_server, "relay-session-delete", f"/{session_id}", 204)
    await send(edgegap_server, "relay-session-delete", f"/{session_id}", 404)


async def test_a_relay_takes_half_of_the_time_of_a_server(serve, send):
    edgegap = await serve(time_to_ready=(2, 6))
    for _ in range(20):
        await send(edgegap, "relay-session-create", json=TOKYO)
    edgegap.clock.advance(0.9)
    assert {relay.ready for relay in edgegap.local.relays} == {False}
    edgegap.clock.advance(1.1)
    assert {relay.ready for relay in edgegap.local.relays} == {False, True}
    edgegap.clock.advance(1.1)
    assert {relay.ready for relay in edgegap.local.relays} == {True}


async def test_sessions_are_paged_on_request(edgegap_server, send):
    ids = [(await send(edgegap_server, "relay-session-create", json=TOKYO))["session_id"] for _ in range(12)]
    everything = await send(edgegap_server, "relay-session-list")
    assert [row["session_id"] for row in everything["sessions"]] == ids[::-1]
    assert (everything["total_count"], everything["pagination"]["has_next"]) == (12, False)
    page = await send(edgegap_server, "relay-session-list", params={"page": 2, "limit": 5})
    assert [row["session_id"] for row in page["sessions"]] == ids[6:1:-1]
    assert (page["total_count"], page["pagination"]["next_page_number"]) == (12, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        "Japan",
        {"field": "country"},
        FILTER | {"field": ["country"]},
        FILTER | {"values": "Japan"},
        FILTER | {"filter_type": "some"},
    ],
)
async def test_the_error_names_an_invalid_filter(edgegap_server, send, wrong):
    body = TOKYO | {"filters": [FILTER, wrong]}
    refused = await send(edgegap_server, "relay-session-create", status=400, json=body)
    assert "filters[1]" in refused["message"]


async def test_a_rejected_request_changes_nothing(serve, send):
    one, other, third = await serve(seed=7), await serve(seed=7), await serve(seed=8)
    await send(one, "relay-session-create", status=400, json={"users": [*TOKYO["users"], {}]})
    await send(one, "relay-session-create", status=400, json=TOKYO | {"filters": [FILTER | {"values": ["Mars"]}]})
    assert len(one.local.relays) == 0
    created = [await send(each, "relay-session-create", json=TOKYO) for each in (one, other, third)]
    assert created[0] == created[1] != created[2]


async def test_relays_do_not_change_the_random_times_of_deployments(serve, send):
    one, other = await serve(seed=7), await serve(seed=7)
    await send(one, "relay-session-create", json=TOKYO)
    assert (await one.ready()).ready_at == (await other.ready()).ready_at
