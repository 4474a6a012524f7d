"""Simulated lobbies: create, deploy, terminate, deploy again."""

import pytest

from edgegap_async.errors import BadRequest, Conflict
from edgegap_async.simulator import LocalEdgegap

PLAZA = {"name": "plaza"}


@pytest.fixture
async def edgegap(serve):
    return await serve(time_to_ready=(3, 4))


@pytest.fixture
def send(edgegap, conforms):
    """Calls an operation of lobbies and checks the response against its document."""

    async def call(operation_id, path, status, json=PLAZA):
        method = "GET" if operation_id == "lobby-Get" else "POST"
        reply = await edgegap.call(method, f"/v1/lobbies{path}", json=None if method == "GET" else json)
        assert reply.status == status, reply
        conforms(operation_id, reply)
        return reply.body

    return call


@pytest.fixture
def status(send):
    async def now():
        return (await send("lobby-Get", "/plaza", 200))["status"]

    return now


async def test_a_created_lobby_is_terminated_until_it_is_deployed(send):
    created = await send("lobby-create", "", 200)
    assert created == {"name": "plaza", "url": "https://plaza.lobby.edgegap.net", "status": "TERMINATED"}
    assert await send("lobby-Get", "/plaza", 200) == created


async def test_a_name_is_unique(send):
    await send("lobby-create", "", 200)
    assert "plaza" in (await send("lobby-create", "", 409))["message"]


async def test_a_lobby_is_ready_some_seconds_after_its_deployment(edgegap, send, status):
    await send("lobby-create", "", 200)
    assert (await send("lobby-deploy", ":deploy", 202))["status"] == "DEPLOYING"
    edgegap.clock.advance(2.9)
    assert await status() == "DEPLOYING"
    edgegap.clock.advance(1.2)
    assert await status() == "READY"
    await send("lobby-deploy", ":deploy", 409)
    assert await status() == "READY"


async def test_a_terminated_lobby_can_be_deployed_again(edgegap, send, status):
    await send("lobby-create", "", 200)
    await send("lobby-deploy", ":deploy", 202)
    assert (await send("lobby-terminate", ":terminate", 200))["status"] == "TERMINATED"
    edgegap.clock.advance(10)
    assert await status() == "TERMINATED"
    await send("lobby-deploy", ":deploy", 202)
    assert await status() == "DEPLOYING"
    edgegap.clock.advance(10)
    assert await status() == "READY"


async def test_an_unknown_lobby_is_a_bad_request(send):
    await send("lobby-Get", "/plaza", 400)
    await send("lobby-deploy", ":deploy", 400)
    await send("lobby-terminate", ":terminate", 400)
    await send("lobby-create", "", 400, {"name": ""})


async def test_lobbies_do_not_change_the_random_times_of_deployments(serve):
    one, other = await serve(seed=7), await serve(seed=7)
    await one.call("POST", "/v1/lobbies", json=PLAZA)
    await one.call("POST", "/v1/lobbies:deploy", json=PLAZA)
    assert (await one.ready()).ready_at == (await other.ready()).ready_at


@pytest.mark.looptime
async def test_the_client_waits_until_a_lobby_is_ready(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        assert (await edgegap.lobbies.create("plaza")).status == "TERMINATED"
        with pytest.raises(Conflict):
            await edgegap.lobbies.create("plaza")
        await edgegap.lobbies.deploy("plaza")
        assert (await edgegap.lobbies.wait_until_ready("plaza")).status == "READY"
        with pytest.raises(BadRequest):
            await edgegap.lobbies.get("square")
