"""Custom sessions: the caller chooses their ids and their deployment."""

import pytest

IPS = ["203.0.113.1", "203.0.113.2", "203.0.113.3"]


@pytest.fixture
async def deployment(edgegap_server):
    return await edgegap_server.ready()


@pytest.fixture
def custom(edgegap_server, deployment, conforms):
    """Calls an operation on one custom session of the deployment, or on all of them if there is no id."""

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


async def test_a_custom_session_is_created_under_its_custom_id(edgegap_server, deployment, create, custom):
    created = await create(webhook_url="http://127.0.0.1/hook")
    assert (created["custom_id"], created["app"], created["version"]) == ("lobby", "kart", "v1.2")
    assert created["deployment_request_id"] == deployment.request_id
    session = await custom("get-custom-session", "lobby")
    assert (session["session_id"], session["custom_id"]) == (created["session_id"], "lobby")
    assert (session["status"], session["ready"], session["linked"], session["kind"]) == (
        "Status.READY",
        True,
        True,
        "Custom",
    )
    assert [each["ip"] for each in session["session_users"]] == IPS[:2]
    assert session["webhook_url"] == "http://127.0.0.1/hook"
    assert session["deployment"]["request_id"] == deployment.request_id
    assert await edgegap_server.get(f"/v1/session/{created['session_id']}") == session


async def test_a_custom_session_occupies_no_sockets(edgegap_server, deployment, create):
    await create(ip_list=IPS)
    status = await edgegap_server.get(f"/v1/status/{deployment.request_id}")
    assert [each["user_count"] for each in status["sessions"]] == [3]
    assert (status["sockets"], status["sockets_usage"]) == (10, 0)


async def test_a_custom_id_is_unique_on_a_deployment(edgegap_server, create):
    await create()
    refused = await create(status=400)
    assert "lobby" in refused["message"]
    other = await edgegap_server.ready()
    assert (await create(request_id=other.request_id))["deployment_request_id"] == other.request_id


async def test_update_replaces_the_users(create, custom):
    created = await create(webhook_url="http://127.0.0.1/old")
    changed = await custom("patch-custom-session", "lobby", json={"ip_list": IPS[2:]})
    assert ([each["ip"] for each in changed["session_users"]], changed["user_count"]) == (IPS[2:], 1)
    assert changed["webhook_url"] == "http://127.0.0.1/old"
    body = {"ip_list": IPS, "webhook_url": "http://127.0.0.1/new"}
    changed = await custom("patch-custom-session", "lobby", json=body)
    assert (changed["webhook_url"], changed["session_id"]) == ("http://127.0.0.1/new", created["session_id"])
    assert await custom("get-custom-session", "lobby") == changed


async def test_delete_frees_the_custom_id(edgegap_server, deployment, create, custom):
    created = await create()
    deleted = await custom("delete-custom-session", "lobby")
    assert (deleted["session_id"], deleted["custom_id"]) == (created["session_id"], "lobby")
    assert deployment.request_id in edgegap_server.local.deployments
    await custom("get-custom-session", "lobby", status=400)
    await custom("delete-custom-session", "lobby", status=400)
    assert (await create())["session_id"] != created["session_id"]


async def test_list_returns_the_sessions_of_one_deployment(edgegap_server, create, custom):
    created = [await create(name) for name in ("a", "b")]
    other = await edgegap_server.ready()
    await create("c", request_id=other.request_id)
    listed = await custom("get-custom-sessions")
    assert [each["custom_id"] for each in listed["data"]] == ["a", "b"]
    assert [each["session_id"] for each in listed["data"]] == [each["session_id"] for each in created]
    assert listed["total_count"] == 2
    everywhere = (await edgegap_server.get("/v1/sessions"))["data"]
    assert [each["custom_id"] for each in everywhere] == ["a", "b", "c"]


async def test_create_many_reports_conflicts_and_creates_the_others(create, custom):
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


async def test_delete_many_reports_unknown_ids_and_deletes_the_others(create, custom):
    for name in ("a", "b", "c"):
        await create(name)
    deleted = await custom("delete-custom-sessions", json={"sessions": ["a", "x", "c"]})
    assert [each["custom_id"] for each in deleted["sessions"]] == ["a", "c"]
    assert len(deleted["errors"]) == 1
    assert deleted["errors"][0].startswith("x:")
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
async def test_an_unknown_deployment_is_a_bad_request(custom, operation_id, custom_id, body):
    await custom(operation_id, custom_id, 400, "0123456789ab", **({} if body is None else {"json": body}))


async def test_termination_of_the_deployment_deletes_its_custom_sessions(edgegap_server, deployment, create, custom):
    await create()
    deployment.stop()
    assert (await custom("get-custom-session", "lobby"))["status"] == "Status.TERMINATING"
    await create("late", status=400)
    edgegap_server.clock.advance(1)
    assert (await custom("get-custom-sessions"))["data"] == []
    await custom("get-custom-session", "lobby", status=400)
    assert len(edgegap_server.local.sessions) == 0


async def test_a_custom_session_is_ready_once_its_deployment_is(edgegap_server, create, custom):
    request_id = await edgegap_server.create()
    await create(request_id=request_id)
    session = await custom("get-custom-session", "lobby", request_id=request_id)
    assert (session["linked"], session["ready"], session["status"]) == (True, False, "Status.SEEKING")
    edgegap_server.clock.advance(10)
    assert (await custom("get-custom-session", "lobby", request_id=request_id))["ready"]
