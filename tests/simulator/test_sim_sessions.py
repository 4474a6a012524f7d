"""Simulated sessions: which deployment they are linked to, their users and their end."""

import pytest

IPS = ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"]
MONTREAL = {"ip": IPS[0], "latitude": 45.5, "longitude": -73.6}


def config(kind="Seat", sockets=3, **more):
    return {"session_config": {"kind": kind, "sockets": sockets, **more}}


@pytest.fixture
async def edgegap(serve):
    """A local Edgegap with one version for each kind of session, and one without autodeploy."""
    versions = {
        "default": {},
        "seat": config(),
        "match": config("Match", 2),
        "waiting": config("Seat", 2, autodeploy=False),
        "brief": config(empty_ttl=5),
        "short": config(empty_ttl=5) | {"max_duration": 3},
        "unshared": config("Default", empty_ttl=5),
        "remembered": config(session_max_duration=90),
    }
    return await serve(applications={"kart": versions})


@pytest.fixture
def post(edgegap, conforms):
    async def send(version="seat", players=1, status=200, **fields):
        body = {"app_name": "kart"} | ({"version_name": version} if version else {}) | fields
        if "geo_ip_list" not in body:
            body.setdefault("ip_list", IPS[:players])
        reply = await edgegap.call("POST", "/v1/session", json=body)
        assert reply.status == status, reply
        conforms("session-post", reply)
        return reply.body

    return send


@pytest.fixture
def get(edgegap, conforms):
    async def read(created):
        reply = await edgegap.call("GET", f"/v1/session/{created['session_id']}")
        assert reply.status == 200, reply
        conforms("get-session", reply)
        return reply.body

    return read


async def test_a_session_of_kind_default_gets_its_own_deployment(edgegap, post, get):
    first, second = await post("default"), await post("default")
    assert len(edgegap.local.deployments) == len(edgegap.local.sessions) == 2
    assert first["deployment_request_id"] != second["deployment_request_id"]
    assert first["session_id"].endswith("-S")
    assert len(first["session_id"]) == 14
    young = await get(first)
    assert (young["linked"], young["ready"], young["status"]) == (True, False, "Status.SEEKING")
    assert young["deployment"]["ready"] is False
    assert "location" not in young["deployment"]


async def test_a_session_is_ready_once_its_deployment_is(edgegap, post, get):
    created = await post("default", 2, webhook_url="http://127.0.0.1/hook")
    deployment = edgegap.local.deployments[created["deployment_request_id"]]
    edgegap.clock.advance(deployment.ready_at - 0.001)
    assert not (await get(created))["ready"]
    edgegap.clock.advance(0.002)
    ready = await get(created)
    assert (ready["ready"], ready["status"], ready["kind"]) == (True, "Status.READY", "Default")
    assert ready["elapsed"] == int(deployment.ready_at)
    assert ready["webhook_url"] == "http://127.0.0.1/hook"
    assert ready["user_count"] == len(ready["session_users"]) == 2
    assert ready["session_ips"] == ready["session_users"]
    assert ready["deployment"]["request_id"] == deployment.request_id
    assert ready["deployment"]["public_ip"] == deployment.public_ip
    assert ready["deployment"]["location"]["city"] == deployment.city
    assert ready["deployment"]["ports"]["gameport"]["external"] == deployment.ports[0].external


async def test_a_session_fails_with_its_deployment(edgegap, post, get):
    created = await post("default")
    edgegap.local.deployments[created["deployment_request_id"]].fail("no such image")
    failed = await get(created)
    assert (failed["status"], failed["ready"], failed["error"]) == ("Status.ERROR", False, "no such image")


async def test_termination_of_the_deployment_ends_its_session(edgegap, post, get, conforms):
    created = await post("default")
    edgegap.clock.advance(10)
    await edgegap.call("DELETE", f"/v1/stop/{created['deployment_request_id']}")
    assert (await get(created))["status"] == "Status.TERMINATING"
    edgegap.clock.advance(1)
    assert (await get(created))["status"] == "Status.TERMINATED"
    path = f"/v1/session/{created['session_id']}"
    reply = await edgegap.call("DELETE", path)
    assert reply.status == 410
    conforms("session-delete", reply)
    assert (await edgegap.get("/v1/sessions"))["data"] == []
    assert "sessions" not in await edgegap.get(f"/v1/status/{created['deployment_request_id']}")
    assert created["session_id"] not in edgegap.local.sessions


@pytest.mark.parametrize(("version", "minutes"), [("seat", 60), ("remembered", 90)])
async def test_a_session_can_be_read_for_some_time_after_the_end_of_its_deployment(
    edgegap, post, get, version, minutes
):
    created = await post(version)
    edgegap.clock.advance(10)
    await edgegap.call("DELETE", f"/v1/stop/{created['deployment_request_id']}")
    edgegap.clock.advance(minutes * 60)
    assert (await get(created))["status"] == "Status.TERMINATED"
    edgegap.clock.advance(1)
    assert (await edgegap.call("GET", f"/v1/session/{created['session_id']}")).status == 400


async def test_a_deployment_without_sessions_ends_after_its_empty_ttl(edgegap, post):
    created = await post("brief")
    deployment = edgegap.local.deployments[created["deployment_request_id"]]
    edgegap.clock.advance(3600)
    assert deployment.state == "READY"  # it has a session
    await edgegap.call("DELETE", f"/v1/session/{created['session_id']}")
    edgegap.clock.advance(299)
    assert deployment.state == "READY"
    edgegap.clock.advance(2)
    assert deployment.state == "TERMINATED"
    assert not edgegap.local.deployments


async def test_a_new_session_restarts_the_empty_ttl(edgegap, post):
    created = await post("brief")
    deployment = edgegap.local.deployments[created["deployment_request_id"]]
    edgegap.clock.advance(10)
    await edgegap.call("DELETE", f"/v1/session/{created['session_id']}")
    edgegap.clock.advance(200)
    again = await post("brief")
    assert again["deployment_request_id"] == created["deployment_request_id"]
    edgegap.clock.advance(3600)
    await edgegap.call("DELETE", f"/v1/session/{again['session_id']}")
    edgegap.clock.advance(200)
    assert deployment.is_active
    edgegap.clock.advance(101)
    assert not deployment.is_active


async def test_the_empty_ttl_of_a_deployment_that_never_had_sessions_starts_when_it_is_ready(edgegap):
    deployment = await edgegap.ready(version="brief")
    assert deployment.ends_at == pytest.approx(deployment.ready_at + 300 + 0.5)


async def test_a_deployment_that_failed_or_was_stopped_does_not_end_for_want_of_sessions(edgegap, post):
    failed, stopped = [edgegap.local.deployments[(await post("brief", 3))["deployment_request_id"]] for _ in range(2)]
    edgegap.clock.advance(10)
    failed.fail("out of memory")
    stopped.stop()
    end = stopped.ends_at
    for session in [*edgegap.local.sessions]:
        await edgegap.call("DELETE", f"/v1/session/{session.session_id}")
    edgegap.clock.advance(3600)
    assert failed.state == "ERROR"
    assert stopped.ends_at == end


async def test_the_maximum_duration_ends_a_deployment_before_its_empty_ttl(edgegap):
    deployment = await edgegap.ready(version="short")
    assert deployment.ends_at == pytest.approx(deployment.ready_at + 180 + 0.5)


@pytest.mark.parametrize("version", ["default", "unshared"])
async def test_a_version_whose_deployments_are_not_shared_has_no_empty_ttl(edgegap, version):
    deployment = await edgegap.ready(version=version)
    edgegap.clock.advance(3600)
    assert deployment.state == "READY"


async def test_free_sockets_are_used_before_a_new_deployment(edgegap, post):
    first, second = await post(players=2), await post(players=2)
    third, fourth = await post(players=1), await post(players=1)
    assert first["deployment_request_id"] == third["deployment_request_id"]
    assert second["deployment_request_id"] == fourth["deployment_request_id"]
    assert len(edgegap.local.deployments) == 2


async def test_a_session_of_kind_match_occupies_one_socket(edgegap, post):
    sessions = [await post("match", players=4) for _ in range(3)]
    ids = [each["deployment_request_id"] for each in sessions]
    assert ids[0] == ids[1] != ids[2]


async def test_a_session_with_more_users_than_sockets_is_rejected(edgegap, post):
    refused = await post(players=4, status=400)
    assert "3 sockets" in refused["message"]
    assert len(edgegap.local.history) == len(edgegap.local.sessions) == 0


@pytest.mark.parametrize(
    "close",
    [
        lambda deployment: setattr(deployment, "is_joinable_by_session", False),
        lambda deployment: deployment.stop(),
        lambda deployment: deployment.fail("broken"),
    ],
    ids=["closed", "stopping", "in error"],
)
async def test_a_deployment_that_cannot_be_joined_is_skipped(edgegap, post, close):
    first = await post()
    close(edgegap.local.history[first["deployment_request_id"]])
    assert (await post())["deployment_request_id"] != first["deployment_request_id"]
    await post(deployment_request_id=first["deployment_request_id"], status=409)


async def test_a_session_is_linked_to_the_requested_deployment(edgegap, post, get):
    deployment = await edgegap.ready(version="default")
    created = await post("default", deployment_request_id=deployment.request_id)
    assert created["deployment_request_id"] == deployment.request_id
    assert (await get(created))["ready"]
    newest = await post(None, deployment_request_id=deployment.request_id)
    assert newest["version"] == "default"
    assert len(edgegap.local.deployments) == 1


async def test_the_requested_deployment_must_exist_and_have_free_sockets(edgegap, post):
    deployment = await edgegap.ready(version="seat")
    await post(deployment_request_id="0123456789ab", status=400)
    await post("match", deployment_request_id=deployment.request_id, status=409)
    await post(players=2, deployment_request_id=deployment.request_id)
    await post(players=2, deployment_request_id=deployment.request_id, status=409)
    assert deployment.sockets_usage == 2


async def test_selectors_choose_a_deployment_by_tag_and_tag_a_new_one(edgegap, post):
    ranked = [{"tag": "ranked", "env": {"MODE": "ranked"}}]
    plain, chosen = await post(), await post(selectors=ranked)
    assert plain["deployment_request_id"] != chosen["deployment_request_id"]
    deployment = edgegap.local.deployments[chosen["deployment_request_id"]]
    assert (deployment.tags, deployment.environment) == (["ranked"], {"MODE": "ranked"})
    again = await post(selectors=ranked)
    assert again["deployment_request_id"] == deployment.request_id
    assert again["selectors"] == [{"tag": "ranked", "env": {"MODE": "ranked"}, "tag_only": False}]
    marked = await post(selectors=[{"tag": "blue", "tag_only": True}])
    assert marked["deployment_request_id"] == plain["deployment_request_id"]


@pytest.mark.parametrize(
    "where",
    [
        {"city": "Tokyo"},
        {"country": "Japan", "filters": [{"field": "city", "filter_type": "not", "values": ["Osaka"]}]},
        {"location": {"latitude": 35.7, "longitude": 139.7}},
    ],
)
async def test_a_session_gets_a_deployment_in_the_requested_location(edgegap, post, where):
    elsewhere = await post("default", city="Montreal", ip_list=[], geo_ip_list=[MONTREAL])
    created = await post("default", geo_ip_list=[MONTREAL], **where)
    assert edgegap.local.deployments[elsewhere["deployment_request_id"]].city == "Montreal"
    assert edgegap.local.deployments[created["deployment_request_id"]].city == "Tokyo"


async def test_a_deployment_in_another_city_is_skipped(edgegap, post):
    first, second = await post(city="Montreal"), await post(city="Tokyo")
    assert first["deployment_request_id"] != second["deployment_request_id"]
    assert (await post(city="Montreal"))["deployment_request_id"] == first["deployment_request_id"]


@pytest.mark.parametrize(
    "fields",
    [
        {"ip_list": []},
        {"geo_ip_list": [MONTREAL], "ip_list": IPS},
        {"ip_list": ["not an address"]},
        {"geo_ip_list": [MONTREAL | {"latitude": 91}]},
        {"app_name": "unknown"},
        {"version_name": "unknown"},
        {"city": "Atlantis"},
    ],
)
async def test_invalid_fields_are_rejected(edgegap, post, fields):
    await post("default", status=400, **fields)
    assert len(edgegap.local.history) == len(edgegap.local.sessions) == 0


async def test_without_autodeploy_a_session_waits_for_free_sockets(edgegap, post, get):
    first, second = await post("waiting", 2), await post("waiting", 2)
    assert "deployment_request_id" not in first
    waiting = await get(first)
    assert (waiting["status"], waiting["linked"], waiting["ready"]) == ("Status.SEEKING", False, False)
    assert "deployment" not in waiting
    deployment = await edgegap.ready(version="waiting")
    assert (await get(first))["ready"]
    assert not (await get(second))["linked"]
    await edgegap.call("DELETE", f"/v1/session/{first['session_id']}")
    status = await edgegap.get(f"/v1/status/{deployment.request_id}")
    assert [each["session_id"] for each in status["sessions"]] == [second["session_id"]]


async def test_a_waiting_session_can_be_deleted(edgegap, post):
    created = await post("waiting")
    await edgegap.call("DELETE", f"/v1/session/{created['session_id']}")
    deployment = await edgegap.ready(version="waiting")
    assert "sessions" not in await edgegap.get(f"/v1/status/{deployment.request_id}")


async def test_a_deleted_session_frees_its_sockets(edgegap, post, conforms):
    first = await post(players=3)
    path = f"/v1/session/{first['session_id']}"
    reply = await edgegap.call("DELETE", path)
    assert (reply.status, reply.body["session_id"]) == (200, first["session_id"])
    conforms("session-delete", reply)
    assert (await post(players=3))["deployment_request_id"] == first["deployment_request_id"]
    assert len(edgegap.local.deployments) == len(edgegap.local.sessions) == 1
    assert (await edgegap.call("GET", path)).status == 400
    assert (await edgegap.call("DELETE", path)).status == 410
    assert (await edgegap.call("DELETE", "/v1/session/0123456789ab-S")).status == 404


async def test_a_deployment_lists_its_sessions(edgegap, post, conforms):
    created = await post(players=2)
    edgegap.clock.advance(10)
    path = f"/v1/status/{created['deployment_request_id']}"
    reply = await edgegap.call("GET", path)
    conforms("deployment-get", reply)
    assert reply.body["sessions"] == [
        {
            "session_id": created["session_id"],
            "status": "Status.READY",
            "ready": True,
            "linked": True,
            "kind": "Seat",
            "user_count": 2,
        }
    ]
    assert (reply.body["sockets"], reply.body["sockets_usage"]) == (3, 2)


async def test_deployments_can_be_ordered_by_free_sockets(edgegap, post):
    ids = [await edgegap.create(version="seat") for _ in range(3)]
    for request_id, players in zip(ids, (1, 3, 2), strict=True):
        await post(players=players, deployment_request_id=request_id)
    by_room = '{"order_by": [{"field": "available_session_sockets", "order": "desc"}]}'
    assert await edgegap.rows(query=by_room) == [ids[0], ids[2], ids[1]]


async def test_sessions_are_listed_in_pages(edgegap, post, get, conforms):
    created = [await post("match", webhook_url=f"http://127.0.0.1/{number}") for number in range(3)]
    reply = await edgegap.call("GET", "/v1/sessions")
    conforms("list-sessions", reply)
    assert [each["session_id"] for each in reply.body["data"]] == [each["session_id"] for each in created]
    for row, each in zip(reply.body["data"], created, strict=True):
        details = await get(each)
        assert row == {name: value for name, value in details.items() if name in row} | {
            "deployment_request_id": each["deployment_request_id"]
        }
    second = await edgegap.get("/v1/sessions", page=2, limit=2)
    assert [each["session_id"] for each in second["data"]] == [created[2]["session_id"]]
    assert second["total_count"] == 3


# users


@pytest.fixture
def users(edgegap, conforms):
    async def change(method, created, *addresses, status=200):
        operation = {"GET": "get-users-session", "PUT": "put-users-session", "DELETE": "delete-users-session"}[method]
        body = {} if method == "GET" else {"json": {"ip_list": list(addresses)}}
        reply = await edgegap.call(method, f"/v1/session/{created['session_id']}/users", **body)
        assert reply.status == status, reply
        conforms(operation, reply)
        return [each["ip"] for each in reply.body.get("session_users", ())]

    return change


async def test_users_are_added_and_removed(edgegap, post, get, users):
    created = await post(players=1)
    assert await users("PUT", created, IPS[1], IPS[0]) == IPS[:2]
    assert await users("GET", created) == IPS[:2]
    details = await get(created)
    assert details["user_count"] == 2
    assert [each["ip"] for each in details["session_ips"]] == IPS[:2]
    assert await users("DELETE", created, IPS[0], "203.0.113.99") == [IPS[1]]
    assert edgegap.local.sessions[created["session_id"]].sockets == 1


async def test_added_users_need_free_sockets(edgegap, post, users):
    first, second = await post(players=1), await post(players=1)
    assert await users("PUT", first, IPS[1], IPS[2], status=422) == []
    assert await users("GET", first) == IPS[:1]
    await users("DELETE", second, IPS[0])
    assert await users("PUT", first, IPS[1], IPS[2]) == IPS[:3]


async def test_added_users_of_a_match_need_no_sockets(edgegap, post, users):
    created = await post("match")
    await post("match")
    assert await users("PUT", created, *IPS) == IPS


async def test_users_keep_their_coordinates(edgegap, post, get):
    created = await post("default", geo_ip_list=[MONTREAL])
    assert (await get(created))["session_users"] == [MONTREAL]


async def test_users_of_an_unknown_session_are_a_bad_request(edgegap, users):
    unknown = {"session_id": "0123456789ab-S"}
    for method in ("GET", "PUT", "DELETE"):
        assert await users(method, unknown, IPS[0], status=400) == []


async def test_a_user_must_be_an_ip_address(edgegap, post, users):
    created = await post()
    assert await users("PUT", created, "nobody", status=400) == []
    assert await users("GET", created) == IPS[:1]


# bulk stop


def _filter(field, filter_type, *values):
    return {"field": field, "filter_type": filter_type, "values": list(values)}


@pytest.mark.parametrize(
    ("filters", "stopped"),
    [
        ([_filter("session_id", "any", "{red}", "unknown")], {"red"}),
        ([_filter("session_id", "not", "{red}")], {"blue", "seeking"}),
        ([_filter("deployment_tags", "any", "red", "blue")], {"red", "blue"}),
        ([_filter("deployment_tags", "all", "red", "both")], {"red"}),
        ([_filter("deployment_tags", "not", "red")], {"blue", "seeking"}),
        ([_filter("request_id", "any", "{on_blue}")], {"blue"}),
        ([_filter("deployment_tags", "any", "both"), _filter("request_id", "not", "{on_blue}")], {"red"}),
    ],
)
async def test_bulk_stop_deletes_the_sessions_that_pass_the_filters(edgegap, post, conforms, filters, stopped):
    ids, names = {}, {}
    for name in ("red", "blue"):
        created = await post(selectors=[{"tag": name}, {"tag": "both"}])
        names[name], ids[f"on_{name}"] = created["session_id"], created["deployment_request_id"]
    names["seeking"] = (await post("waiting"))["session_id"]
    chosen = [each | {"values": [value.format(**names, **ids) for value in each["values"]]} for each in filters]
    reply = await edgegap.call("POST", "/v1/sessions/bulk-stop", json={"filters": chosen})
    assert reply.status == 200
    conforms("sessions-bulk-stop", reply)
    assert {each["session_id"] for each in reply.body["processable"]} == {names[name] for name in stopped}
    assert {each.session_id for each in edgegap.local.sessions} == {
        session_id for name, session_id in names.items() if name not in stopped
    }
    assert len(edgegap.local.deployments) == 2


async def test_bulk_stop_without_filters_is_rejected(edgegap, post):
    await post()
    assert (await edgegap.call("POST", "/v1/sessions/bulk-stop", json={"filters": []})).status == 400
    assert len(edgegap.local.sessions) == 1


# session_config


async def test_session_config_of_a_created_version_applies(edgegap_server):
    await edgegap_server.call("POST", "/v1/app", json={"name": "kart", "is_active": True, "image": ""})
    version = {
        "name": "v1",
        "req_cpu": 512,
        "req_memory": 512,
        "docker_repository": "registry.edgegap.com",
        "docker_image": "kart",
        "docker_tag": "v1",
        "session_config": {"kind": "Seat", "sockets": 1, "autodeploy": False, "empty_ttl": 60},
    }
    reply = await edgegap_server.call("POST", "/v1/app/kart/version", json=version)
    assert reply.status == 200, reply
    deployment = await edgegap_server.ready(version="v1")
    body = {"app_name": "kart", "ip_list": IPS[:1]}
    linked = await edgegap_server.call("POST", "/v1/session", json=body)
    assert (linked.body["version"], linked.body["deployment_request_id"]) == ("v1", deployment.request_id)
    seeking = await edgegap_server.call("POST", "/v1/session", json=body)
    assert "deployment_request_id" not in seeking.body


@pytest.mark.parametrize(
    "wrong", [{"kind": "seat"}, {"sockets": 0}, {"seats": 3}, {"empty_ttl": 0}, {"session_max_duration": 59}]
)
async def test_an_invalid_session_config_raises_value_error(serve, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        await serve(applications={"kart": {"v1": {"session_config": wrong}}})
