"""What takes the id of a deployment, a session or a relay session also takes the object that carries it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from edgegap_async import EdgegapClient
from edgegap_async.errors import ConfigurationError, DeploymentFailed
from edgegap_async.models.ids import deployment_id, deployment_ids, session_id, session_ids
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]


@attrs.frozen
class Carrier:
    """Has whichever ids it is given."""

    request_id: Any = None
    session_id: Any = None


# the functions


def test_an_id_is_returned_as_it_is() -> None:
    assert deployment_id("0123456789ab") == "0123456789ab"
    assert session_id("0123456789ab-S") == "0123456789ab-S"


def test_the_id_of_an_object_is_returned() -> None:
    error = DeploymentFailed("failed", request_id="0123456789ab")
    assert deployment_id(error) == deployment_id(Carrier(request_id="0123456789ab")) == "0123456789ab"
    assert session_id(Carrier(session_id="0123456789ab-S")) == "0123456789ab-S"


def test_ids_and_objects_can_be_mixed() -> None:
    assert deployment_ids(["a", Carrier(request_id="b")], "request_ids") == ["a", "b"]
    assert session_ids((each for each in (Carrier(session_id="a"), "b")), "session_ids") == ["a", "b"]
    assert deployment_ids([], "request_ids") == session_ids([], "session_ids") == []


INVALID: dict[str, tuple[Any, str]] = {
    "an object without the id": (object(), "id must be a string, not object"),
    "a number": (7, "id must be a string, not int"),
    "None": (None, "id must be a string, not NoneType"),
    "an object whose id is None": (Carrier(), "id must be a string, not NoneType"),
    "an empty string": ("", "id is empty"),
    "a path": ("../secrets", "cannot be part of a URL path"),
}


@pytest.mark.parametrize("case", INVALID)
@pytest.mark.parametrize("validate", [deployment_id, session_id])
def test_an_object_without_an_id_is_refused(validate: Callable[[Any], str], case: str) -> None:
    value, message = INVALID[case]
    with pytest.raises(ConfigurationError, match=message) as caught:
        validate(value)
    what = "the deployment's id" if validate is deployment_id else "the session's id"
    assert str(caught.value).startswith(what)


@pytest.mark.parametrize("validate", [deployment_ids, session_ids])
def test_a_single_id_is_refused_where_many_are_taken(validate: Callable[[Any, str], list[str]]) -> None:
    with pytest.raises(ConfigurationError, match="the ids must be a list, not str"):
        validate("0123456789ab", "the ids")


# the services


@pytest.mark.looptime
async def test_deployments_take_requests_servers_rows_and_statuses(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        deployments = edgegap.deployments
        request = await deployments.create("kart", "v1", users=USERS, tags=["blue"])
        server = await deployments.wait_until_ready(request)
        (row,) = await deployments.list().collect()
        status = await deployments.get(row)
        assert server.request_id == row.request_id == status.request_id == request.request_id
        assert (await deployments.get(status)).request_id == request.request_id
        assert (await deployments.logs(server)).logs is not None
        assert await deployments.metrics(request) is not None
        await deployments.report(server, reason="slow")
        assert (await deployments.update(row, is_joinable_by_session=False)).is_joinable_by_session is False
        assert await deployments.wait_until_ready(server) == server
        assert (await deployments.stop(server)).request_id == request.request_id
        await deployments.wait_until_stopped(row)
        assert (await deployments.stop(status)).already_gone
    assert len(local.deployments) == 0


@pytest.mark.looptime
async def test_deployments_take_the_errors_that_name_a_server(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "errored")
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        with pytest.raises(DeploymentFailed) as caught:
            await edgegap.deployments.wait_until_ready(request)
        assert len(local.deployments) == 1
        await edgegap.deployments.stop(caught.value)
    assert len(local.deployments) == 0


@pytest.mark.looptime
async def test_bulk_stop_and_watch_take_objects(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        stopped = await edgegap.deployments.bulk_stop(request_ids=[server, request.request_id])
        assert set(stopped) == {server.request_id, request.request_id}
        changes = [change async for change in edgegap.deployments.watch([server, request])]
        assert {change.id for change in changes} == {server.request_id, request.request_id}
    assert len(local.deployments) == 0


async def test_tags_take_objects(edgegap: EdgegapClient) -> None:
    tags = edgegap.deployments.tags
    request = await edgegap.deployments.create("kart", "v1", users=USERS, guard=False)
    (row,) = await edgegap.deployments.list().collect()
    assert (await tags.create(request, "blue")).name == "blue"
    assert (await tags.get(row, "blue")).name == "blue"
    assert (await tags.update(request, "blue", new_name="red")).name == "red"
    assert [tag.name for tag in await tags.list(row).collect()] == ["red"]
    assert await tags.delete(request, "red") is None  # type: ignore[func-returns-value]
    assert await tags.list(request).collect() == []


@pytest.mark.looptime
async def test_release_takes_an_object(local: LocalEdgegap, tmp_path: Any) -> None:
    async with local.client(journal=tmp_path) as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        await edgegap.deployments.release(server)
    async with local.client(journal=tmp_path) as edgegap:
        assert await edgegap.recover() == ()
    assert server.request_id in local.deployments


@pytest.mark.looptime
async def test_sessions_take_objects(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        created = await edgegap.sessions.create("kart", "v1", users=USERS, deployment_request_id=server)
        assert created.deployment_request_id == server.request_id
        session = await edgegap.sessions.wait_until_ready(created)
        assert session.session_id == (await edgegap.sessions.get(session)).session_id == created.session_id
        players = await edgegap.sessions.users.add(session, ["198.51.100.9"])
        assert {player.ip for player in players} == {*USERS, "198.51.100.9"}
        assert len(await edgegap.sessions.users.list(created).collect()) == 2
        assert len(await edgegap.sessions.users.remove(session, USERS)) == 1
        (row,) = await edgegap.sessions.list().collect()
        assert await edgegap.sessions.delete(row) is None  # type: ignore[func-returns-value]
        other = await edgegap.sessions.create("kart", "v1", users=USERS)
        third = await edgegap.sessions.create("kart", "v1", users=USERS)
        stopped = await edgegap.sessions.bulk_stop(session_ids=[other, third.session_id], request_ids=[server])
        assert set(stopped) <= {other.session_id, third.session_id}
        for each in {other.session_id, third.session_id} - set(stopped):
            await edgegap.sessions.delete(each)
    assert len(local.sessions) == 0


@pytest.mark.looptime
async def test_relays_take_objects(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        created = await edgegap.relays.create(users=USERS)
        session = await edgegap.relays.wait_until_ready(created)
        assert (await edgegap.relays.get(session)).session_id == created.session_id
        authorization = await edgegap.relays.authorize_user(session, user_ip="198.51.100.9")
        assert authorization.session_user is not None
        token = authorization.session_user.authorization_token
        assert token is not None
        await edgegap.relays.revoke_user(authorization, authorization_token=token)
        (row,) = await edgegap.relays.list().collect()
        assert await edgegap.relays.delete(row) is None  # type: ignore[func-returns-value]
    assert len(local.relays) == 0


REFUSED: dict[str, Callable[[Any], Any]] = {
    "deployments.stop": lambda e: e.deployments.stop(object()),
    "deployments.get": lambda e: e.deployments.get(Carrier(session_id="a")),
    "deployments.wait_until_ready": lambda e: e.deployments.wait_until_ready(None),
    "deployments.bulk_stop": lambda e: e.deployments.bulk_stop(request_ids=[object()]),
    "deployments.tags.create": lambda e: e.deployments.tags.create(object(), "blue"),
    "sessions.delete": lambda e: e.sessions.delete(Carrier(request_id="a")),
    "sessions.wait_until_ready": lambda e: e.sessions.wait_until_ready(object()),
    "sessions.bulk_stop": lambda e: e.sessions.bulk_stop(session_ids=[object()]),
    "relays.delete": lambda e: e.relays.delete(object()),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_an_object_without_an_id_is_refused_before_sending(
    local: LocalEdgegap, edgegap: EdgegapClient, name: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"the (deployment|session)'s id must be a string, not \w+"):
        await REFUSED[name](edgegap)
    assert local.requests == []
