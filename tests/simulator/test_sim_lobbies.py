"""Lobbies of the local Edgegap: deployed, terminated, and deployed again."""

import pytest

from edgegap_async.errors import BadRequest, Conflict
from edgegap_async.simulator import LocalEdgegap

PLAZA = {"name": "plaza"}


@pytest.fixture
async def edgegap(serve):
    return await serve(time_to_ready=(3, 4))


@pytest.fixture
def ask(edgegap, conforms):
    """Calls an operation that only the document of 2024 has."""

    async def call(operation_id, path, status, json=PLAZA):
        method = "GET" if operation_id == "lobby-Get" else "POST"
        reply = await edgegap.call(method, f"/v1/lobbies{path}", json=None if method == "GET" else json)
        assert reply.status == status, reply
        conforms(operation_id, reply)
        return reply.body

    return call


@pytest.fixture
def status(ask):
    async def now():
        return (await ask("lobby-Get", "/plaza", 200))["status"]

    return now


async def test_it_is_there_before_it_runs(ask):
    created = await ask("lobby-create", "", 200)
    assert created == {"name": "plaza", "url": "https://plaza.lobby.edgegap.net", "status": "TERMINATED"}
    assert await ask("lobby-Get", "/plaza", 200) == created


async def test_a_name_is_taken_once(ask):
    await ask("lobby-create", "", 200)
    assert "plaza" in (await ask("lobby-create", "", 409))["message"]


async def test_it_is_ready_some_time_after_it_was_deployed(edgegap, ask, status):
    await ask("lobby-create", "", 200)
    assert (await ask("lobby-deploy", ":deploy", 202))["status"] == "DEPLOYING"
    edgegap.clock.advance(2.9)
    assert await status() == "DEPLOYING"
    edgegap.clock.advance(1.2)
    assert await status() == "READY"
    await ask("lobby-deploy", ":deploy", 409)
    assert await status() == "READY"


async def test_what_was_terminated_can_be_deployed_again(edgegap, ask, status):
    await ask("lobby-create", "", 200)
    await ask("lobby-deploy", ":deploy", 202)
    assert (await ask("lobby-terminate", ":terminate", 200))["status"] == "TERMINATED"
    edgegap.clock.advance(10)
    assert await status() == "TERMINATED"
    await ask("lobby-deploy", ":deploy", 202)
    assert await status() == "DEPLOYING"
    edgegap.clock.advance(10)
    assert await status() == "READY"


async def test_one_that_is_not_there_is_a_bad_request(ask):
    await ask("lobby-Get", "/plaza", 400)
    await ask("lobby-deploy", ":deploy", 400)
    await ask("lobby-terminate", ":terminate", 400)
    await ask("lobby-create", "", 400, {"name": ""})


async def test_lobbies_do_not_change_when_deployments_are_ready(serve):
    one, other = await serve(seed=7), await serve(seed=7)
    await one.call("POST", "/v1/lobbies", json=PLAZA)
    await one.call("POST", "/v1/lobbies:deploy", json=PLAZA)
    assert (await one.ready()).ready_at == (await other.ready()).ready_at


@pytest.mark.looptime
async def test_the_client_waits_for_one(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        assert (await edgegap.lobbies.create("plaza")).status == "TERMINATED"
        with pytest.raises(Conflict):
            await edgegap.lobbies.create("plaza")
        await edgegap.lobbies.deploy("plaza")
        assert (await edgegap.lobbies.wait_until_ready("plaza")).status == "READY"
        with pytest.raises(BadRequest):
            await edgegap.lobbies.get("square")
