"""Sessions: who shares which deployment, and for how long."""

import pytest

IPS = ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"]
MONTREAL = {"ip": IPS[0], "latitude": 45.5, "longitude": -73.6}


def config(kind="Seat", sockets=3, **more):
    return {"session_config": {"kind": kind, "sockets": sockets, **more}}


@pytest.fixture
async def world(serve):
    """One version of each kind, and one that starts nothing by itself."""
    versions = {
        "default": {},
        "seat": config(),
        "match": config("Match", 2),
        "waiting": config("Seat", 2, autodeploy=False),
    }
    return await serve(applications={"kart": versions})


@pytest.fixture
def post(world, conforms):
    async def send(version="seat", players=1, status=200, **fields):
        body = {"app_name": "kart"} | ({"version_name": version} if version else {}) | fields
        if "geo_ip_list" not in body:
            body.setdefault("ip_list", IPS[:players])
        reply = await world.call("POST", "/v1/session", json=body)
        assert reply.status == status, reply
        conforms("session-post", reply)
        return reply.body

    return send


@pytest.fixture
def get(world, conforms):
    async def look(created):
        reply = await world.call("GET", f"/v1/session/{created['session_id']}")
        assert reply.status == 200, reply
        conforms("get-session", reply)
        return reply.body

    return look


async def test_one_of_kind_default_gets_a_deployment_of_its_own(world, post, get):
    first, second = await post("default"), await post("default")
    assert len(world.local.deployments) == len(world.local.sessions) == 2
    assert first["deployment_request_id"] != second["deployment_request_id"]
    assert first["session_id"].endswith("-S")
    assert len(first["session_id"]) == 14
    young = await get(first)
    assert (young["linked"], young["ready"], young["status"]) == (True, False, "Status.SEEKING")
    assert young["deployment"]["ready"] is False
    assert "location" not in young["deployment"]


async def test_one_is_ready_with_its_deployment(world, post, get):
    created = await post("default", 2, webhook_url="http://127.0.0.1/hook")
    deployment = world.local.deployments[created["deployment_request_id"]]
    world.clock.advance(deployment.ready_at - 0.001)
    assert not (await get(created))["ready"]
    world.clock.advance(0.002)
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


async def test_one_is_in_error_with_its_deployment(world, post, get):
    created = await post("default")
    world.local.deployments[created["deployment_request_id"]].fail("no such image")
    failed = await get(created)
    assert (failed["status"], failed["ready"], failed["error"]) == ("Status.ERROR", False, "no such image")


async def test_one_goes_with_its_deployment(world, post, get, conforms):
    created = await post("default")
    world.clock.advance(10)
    await world.call("DELETE", f"/v1/stop/{created['deployment_request_id']}")
    assert (await get(created))["status"] == "Status.TERMINATING"
    world.clock.advance(1)
    path = f"/v1/session/{created['session_id']}"
    assert (await world.call("GET", path)).status == 400
    reply = await world.call("DELETE", path)
    assert reply.status == 410
    conforms("session-delete", reply)
    assert (await world.get("/v1/sessions"))["data"] == []
    assert "sessions" not in await world.get(f"/v1/status/{created['deployment_request_id']}")
    assert created["session_id"] not in world.local.sessions


async def test_seats_are_filled_before_a_deployment_is_started(world, post):
    first, second = await post(players=2), await post(players=2)
    third, fourth = await post(players=1), await post(players=1)
    assert first["deployment_request_id"] == third["deployment_request_id"]
    assert second["deployment_request_id"] == fourth["deployment_request_id"]
    assert len(world.local.deployments) == 2


async def test_a_match_takes_one_socket_however_many_play(world, post):
    sessions = [await post("match", players=4) for _ in range(3)]
    ids = [each["deployment_request_id"] for each in sessions]
    assert ids[0] == ids[1] != ids[2]


async def test_more_users_than_a_deployment_has_sockets_are_refused(world, post):
    refused = await post(players=4, status=400)
    assert "3 sockets" in refused["message"]
    assert len(world.local.history) == len(world.local.sessions) == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda deployment: setattr(deployment, "is_joinable_by_session", False),
        lambda deployment: deployment.stop(),
        lambda deployment: deployment.fail("broken"),
    ],
    ids=["closed", "stopping", "in error"],
)
async def test_a_deployment_that_takes_no_sessions_is_passed_over(world, post, spoil):
    first = await post()
    spoil(world.local.history[first["deployment_request_id"]])
    assert (await post())["deployment_request_id"] != first["deployment_request_id"]
    await post(deployment_request_id=first["deployment_request_id"], status=409)


async def test_a_given_deployment_is_linked_to(world, post, get):
    deployment = await world.ready(version="default")
    created = await post("default", deployment_request_id=deployment.request_id)
    assert created["deployment_request_id"] == deployment.request_id
    assert (await get(created))["ready"]
    newest = await post(None, deployment_request_id=deployment.request_id)
    assert newest["version"] == "default"
    assert len(world.local.deployments) == 1


async def test_a_given_deployment_must_exist_and_suit(world, post):
    deployment = await world.ready(version="seat")
    await post(deployment_request_id="0123456789ab", status=400)
    await post("match", deployment_request_id=deployment.request_id, status=409)
    await post(players=2, deployment_request_id=deployment.request_id)
    await post(players=2, deployment_request_id=deployment.request_id, status=409)
    assert deployment.sockets_usage == 2


async def test_selectors_choose_by_tag_and_tag_what_is_started(world, post):
    ranked = [{"tag": "ranked", "env": {"MODE": "ranked"}}]
    plain, chosen = await post(), await post(selectors=ranked)
    assert plain["deployment_request_id"] != chosen["deployment_request_id"]
    deployment = world.local.deployments[chosen["deployment_request_id"]]
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
async def test_the_place_decides_where_it_plays(world, post, where):
    elsewhere = await post("default", city="Montreal", ip_list=[], geo_ip_list=[MONTREAL])
    created = await post("default", geo_ip_list=[MONTREAL], **where)
    assert world.local.deployments[elsewhere["deployment_request_id"]].city == "Montreal"
    assert world.local.deployments[created["deployment_request_id"]].city == "Tokyo"


async def test_a_deployment_in_the_wrong_place_is_passed_over(world, post):
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
async def test_what_cannot_be_is_refused(world, post, fields):
    await post("default", status=400, **fields)
    assert len(world.local.history) == len(world.local.sessions) == 0


async def test_one_without_autodeploy_seeks_until_there_is_room(world, post, get):
    first, second = await post("waiting", 2), await post("waiting", 2)
    assert "deployment_request_id" not in first
    sought = await get(first)
    assert (sought["status"], sought["linked"], sought["ready"]) == ("Status.SEEKING", False, False)
    assert "deployment" not in sought
    deployment = await world.ready(version="waiting")
    assert (await get(first))["ready"]
    assert not (await get(second))["linked"]
    await world.call("DELETE", f"/v1/session/{first['session_id']}")
    shown = await world.get(f"/v1/status/{deployment.request_id}")
    assert [each["session_id"] for each in shown["sessions"]] == [second["session_id"]]


async def test_one_that_seeks_can_be_deleted(world, post):
    created = await post("waiting")
    await world.call("DELETE", f"/v1/session/{created['session_id']}")
    deployment = await world.ready(version="waiting")
    assert "sessions" not in await world.get(f"/v1/status/{deployment.request_id}")


async def test_a_deleted_one_gives_its_seats_back(world, post, conforms):
    first = await post(players=3)
    path = f"/v1/session/{first['session_id']}"
    reply = await world.call("DELETE", path)
    assert (reply.status, reply.body["session_id"]) == (200, first["session_id"])
    conforms("session-delete", reply)
    assert (await post(players=3))["deployment_request_id"] == first["deployment_request_id"]
    assert len(world.local.deployments) == len(world.local.sessions) == 1
    assert (await world.call("GET", path)).status == 400
    assert (await world.call("DELETE", path)).status == 410
    assert (await world.call("DELETE", "/v1/session/0123456789ab-S")).status == 404


async def test_a_deployment_shows_its_sessions(world, post, conforms):
    created = await post(players=2)
    world.clock.advance(10)
    path = f"/v1/status/{created['deployment_request_id']}"
    reply = await world.call("GET", path)
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


async def test_deployments_are_ordered_by_their_free_sockets(world, post):
    ids = [await world.create(version="seat") for _ in range(3)]
    for request_id, players in zip(ids, (1, 3, 2), strict=True):
        await post(players=players, deployment_request_id=request_id)
    by_room = '{"order_by": [{"field": "available_session_sockets", "order": "desc"}]}'
    assert await world.rows(query=by_room) == [ids[0], ids[2], ids[1]]


async def test_all_are_listed_by_page_too(world, post, get, conforms):
    created = [await post("match", webhook_url=f"http://127.0.0.1/{number}") for number in range(3)]
    reply = await world.call("GET", "/v1/sessions")
    conforms("list-sessions", reply)
    assert [each["session_id"] for each in reply.body["data"]] == [each["session_id"] for each in created]
    for row, each in zip(reply.body["data"], created, strict=True):
        whole = await get(each)
        assert row == {name: value for name, value in whole.items() if name in row} | {
            "deployment_request_id": each["deployment_request_id"]
        }
    second = await world.get("/v1/sessions", page=2, limit=2)
    assert [each["session_id"] for each in second["data"]] == [created[2]["session_id"]]
    assert second["total_count"] == 3


# users


@pytest.fixture
def users(world, conforms):
    async def change(method, created, *addresses, status=200):
        operation = {"GET": "get-users-session", "PUT": "put-users-session", "DELETE": "delete-users-session"}[method]
        body = {} if method == "GET" else {"json": {"ip_list": list(addresses)}}
        reply = await world.call(method, f"/v1/session/{created['session_id']}/users", **body)
        assert reply.status == status, reply
        conforms(operation, reply)
        return [each["ip"] for each in reply.body.get("session_users", ())]

    return change


async def test_users_come_and_go(world, post, get, users):
    created = await post(players=1)
    assert await users("PUT", created, IPS[1], IPS[0]) == IPS[:2]
    assert await users("GET", created) == IPS[:2]
    whole = await get(created)
    assert whole["user_count"] == 2
    assert [each["ip"] for each in whole["session_ips"]] == IPS[:2]
    assert await users("DELETE", created, IPS[0], "203.0.113.99") == [IPS[1]]
    assert world.local.sessions[created["session_id"]].sockets == 1


async def test_users_need_seats(world, post, users):
    first, second = await post(players=1), await post(players=1)
    assert await users("PUT", first, IPS[1], IPS[2], status=422) == []
    assert await users("GET", first) == IPS[:1]
    await users("DELETE", second, IPS[0])
    assert await users("PUT", first, IPS[1], IPS[2]) == IPS[:3]


async def test_users_of_a_match_need_none(world, post, users):
    created = await post("match")
    await post("match")
    assert await users("PUT", created, *IPS) == IPS


async def test_users_keep_the_place_they_were_given(world, post, get):
    created = await post("default", geo_ip_list=[MONTREAL])
    assert (await get(created))["session_users"] == [MONTREAL]


async def test_users_of_an_unknown_session_are_a_bad_request(world, users):
    unknown = {"session_id": "0123456789ab-S"}
    for method in ("GET", "PUT", "DELETE"):
        assert await users(method, unknown, IPS[0], status=400) == []


async def test_a_user_must_be_an_address(world, post, users):
    created = await post()
    assert await users("PUT", created, "nobody", status=400) == []
    assert await users("GET", created) == IPS[:1]


# many at once


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
async def test_many_stop_by_filters(world, post, conforms, filters, stopped):
    ids, names = {}, {}
    for name in ("red", "blue"):
        created = await post(selectors=[{"tag": name}, {"tag": "both"}])
        names[name], ids[f"on_{name}"] = created["session_id"], created["deployment_request_id"]
    names["seeking"] = (await post("waiting"))["session_id"]
    given = [each | {"values": [value.format(**names, **ids) for value in each["values"]]} for each in filters]
    reply = await world.call("POST", "/v1/sessions/bulk-stop", json={"filters": given})
    assert reply.status == 200
    conforms("sessions-bulk-stop", reply)
    assert {each["session_id"] for each in reply.body["processable"]} == {names[name] for name in stopped}
    assert {each.session_id for each in world.local.sessions} == {
        session_id for name, session_id in names.items() if name not in stopped
    }
    assert len(world.local.deployments) == 2


async def test_many_are_not_stopped_by_no_filter(world, post):
    await post()
    assert (await world.call("POST", "/v1/sessions/bulk-stop", json={"filters": []})).status == 400
    assert len(world.local.sessions) == 1


# where the configuration comes from


async def test_a_version_that_was_created_says_how_its_sessions_play(edgegap_server):
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


@pytest.mark.parametrize("wrong", [{"kind": "seat"}, {"sockets": 0}, {"seats": 3}])
async def test_a_configuration_that_cannot_be_is_a_value_error(serve, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        await serve(applications={"kart": {"v1": {"session_config": wrong}}})
