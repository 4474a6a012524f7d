"""Custom sessions: named by the caller, under a deployment that the caller chose."""

import pytest

IPS = ["203.0.113.1", "203.0.113.2", "203.0.113.3"]


@pytest.fixture
async def deployment(edgegap_server):
    return await edgegap_server.ready()


@pytest.fixture
def custom(edgegap_server, deployment, conforms):
    """Calls an operation on one, or on all where there is no id, of the deployment."""

    async def call(operation_id, custom_id=None, status=200, request_id=None, **options):
        method = operation_id.split("-")[0].upper()
        name = "sessions" if custom_id is None else f"session/{custom_id}"
        path = f"/v1/deployment/{request_id or deployment.request_id}/custom/{name}"
        reply = await edgegap_server.call(method, path, **options)
        assert reply.status == status, reply
        conforms(operation_id, reply)
        return reply.body

    return call


@pytest.fixture
def create(custom):
    async def one(custom_id="lobby", status=200, request_id=None, **fields):
        body = {"ip_list": IPS[:2]} | fields
        return await custom("post-custom-session", custom_id, status, request_id, json=body)

    return one


async def test_one_is_created_under_its_own_id(edgegap_server, deployment, create, custom):
    created = await create(webhook_url="http://127.0.0.1/hook")
    assert (created["custom_id"], created["app"], created["version"]) == ("lobby", "kart", "v1.2")
    assert created["deployment_request_id"] == deployment.request_id
    seen = await custom("get-custom-session", "lobby")
    assert (seen["session_id"], seen["custom_id"]) == (created["session_id"], "lobby")
    assert (seen["status"], seen["ready"], seen["linked"], seen["kind"]) == ("Status.READY", True, True, "Custom")
    assert [each["ip"] for each in seen["session_users"]] == IPS[:2]
    assert seen["webhook_url"] == "http://127.0.0.1/hook"
    assert seen["deployment"]["request_id"] == deployment.request_id
    assert await edgegap_server.get(f"/v1/session/{created['session_id']}") == seen


async def test_it_takes_no_sockets(edgegap_server, deployment, create):
    await create(ip_list=IPS)
    shown = await edgegap_server.get(f"/v1/status/{deployment.request_id}")
    assert [each["user_count"] for each in shown["sessions"]] == [3]
    assert (shown["sockets"], shown["sockets_usage"]) == (10, 0)


async def test_an_id_is_taken_once_on_a_deployment(edgegap_server, create):
    await create()
    refused = await create(status=400)
    assert "lobby" in refused["message"]
    other = await edgegap_server.ready()
    assert (await create(request_id=other.request_id))["deployment_request_id"] == other.request_id


async def test_one_is_updated(create, custom):
    created = await create(webhook_url="http://127.0.0.1/old")
    changed = await custom("patch-custom-session", "lobby", json={"ip_list": IPS[2:]})
    assert ([each["ip"] for each in changed["session_users"]], changed["user_count"]) == (IPS[2:], 1)
    assert changed["webhook_url"] == "http://127.0.0.1/old"
    body = {"ip_list": IPS, "webhook_url": "http://127.0.0.1/new"}
    changed = await custom("patch-custom-session", "lobby", json=body)
    assert (changed["webhook_url"], changed["session_id"]) == ("http://127.0.0.1/new", created["session_id"])
    assert await custom("get-custom-session", "lobby") == changed


async def test_one_is_deleted_and_its_id_free_again(edgegap_server, deployment, create, custom):
    created = await create()
    gone = await custom("delete-custom-session", "lobby")
    assert (gone["session_id"], gone["custom_id"]) == (created["session_id"], "lobby")
    assert deployment.request_id in edgegap_server.local.deployments
    await custom("get-custom-session", "lobby", status=400)
    await custom("delete-custom-session", "lobby", status=400)
    assert (await create())["session_id"] != created["session_id"]


async def test_all_of_a_deployment_are_listed(edgegap_server, create, custom):
    created = [await create(name) for name in ("a", "b")]
    other = await edgegap_server.ready()
    await create("c", request_id=other.request_id)
    listed = await custom("get-custom-sessions")
    assert [each["custom_id"] for each in listed["data"]] == ["a", "b"]
    assert [each["session_id"] for each in listed["data"]] == [each["session_id"] for each in created]
    assert listed["total_count"] == 2
    everywhere = (await edgegap_server.get("/v1/sessions"))["data"]
    assert [each["custom_id"] for each in everywhere] == ["a", "b", "c"]


async def test_many_are_created_but_those_that_conflict(create, custom):
    await create("b")
    sessions = [
        {"custom_id": "a", "ip_list": IPS, "webhook_url": "http://127.0.0.1/a"},
        {"custom_id": "b", "ip_list": IPS},
        {"custom_id": "c", "ip_list": ["nobody"]},
        {"custom_id": "d", "ip_list": IPS},
        {"custom_id": "d", "ip_list": IPS},
    ]
    made = await custom("post-custom-sessions", json={"sessions": sessions})
    assert [each["custom_id"] for each in made["sessions"]] == ["a", "d"]
    assert made["sessions"][0]["webhook_url"] == "http://127.0.0.1/a"
    assert [error.split(":")[0] for error in made["errors"]] == ["b", "c", "d"]
    listed = await custom("get-custom-sessions")
    assert [each["custom_id"] for each in listed["data"]] == ["b", "a", "d"]


async def test_many_are_deleted_but_those_that_are_not_there(create, custom):
    for name in ("a", "b", "c"):
        await create(name)
    gone = await custom("delete-custom-sessions", json={"sessions": ["a", "x", "c"]})
    assert [each["custom_id"] for each in gone["sessions"]] == ["a", "c"]
    assert len(gone["errors"]) == 1
    assert gone["errors"][0].startswith("x:")
    assert [each["custom_id"] for each in (await custom("get-custom-sessions"))["data"]] == ["b"]


@pytest.mark.parametrize(
    ("operation_id", "custom_id", "body"),
    [
        ("post-custom-session", "lobby", {"ip_list": IPS}),
        ("get-custom-session", "lobby", None),
        ("patch-custom-session", "lobby", {"ip_list": IPS}),
        ("delete-custom-session", "lobby", None),
        ("get-custom-sessions", None, None),
        ("post-custom-sessions", None, {"sessions": []}),
        ("delete-custom-sessions", None, {"sessions": []}),
    ],
)
async def test_without_a_deployment_there_are_none(custom, operation_id, custom_id, body):
    await custom(operation_id, custom_id, 400, "0123456789ab", **({} if body is None else {"json": body}))


async def test_they_go_with_their_deployment(edgegap_server, deployment, create, custom):
    await create()
    deployment.stop()
    assert (await custom("get-custom-session", "lobby"))["status"] == "Status.TERMINATING"
    await create("late", status=400)
    edgegap_server.clock.advance(1)
    assert (await custom("get-custom-sessions"))["data"] == []
    await custom("get-custom-session", "lobby", status=400)
    assert len(edgegap_server.local.sessions) == 0


async def test_one_waits_for_its_deployment(edgegap_server, create, custom):
    request_id = await edgegap_server.create()
    await create(request_id=request_id)
    seen = await custom("get-custom-session", "lobby", request_id=request_id)
    assert (seen["linked"], seen["ready"], seen["status"]) == (True, False, "Status.SEEKING")
    edgegap_server.clock.advance(10)
    assert (await custom("get-custom-session", "lobby", request_id=request_id))["ready"]
