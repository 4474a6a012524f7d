"""What the provider's pages say beside an operation: what a deletion keeps, what is not shown, what is not changed."""

import asyncio

import pytest
from aiohttp import web

from edgegap_async.simulator import LocalEdgegap

VERSION = {
    "name": "v2",
    "docker_repository": "registry.test",
    "docker_image": "kart",
    "docker_tag": "v2",
    "req_cpu": 512,
    "req_memory": 512,
}
ENDPOINT = {
    "name": "s3",
    "access_key_id": "id",
    "secret_access_key": "wJal-key",
    "bucket": "logs",
    "endpoint": "https://s3.test",
}
PROFILE = {"name": "config", "source": "/c", "source_type": "File", "destination": "/srv"}
POLICY = {"name": "p", "enabled": True, "type": "Location", "minimum": 1, "maximum": 1, "threshold": 0.9, "data": {}}
ROLES = ("frontend", "director", "match_function")


@pytest.fixture
async def edgegap(serve):
    return await serve(applications={"kart": {"v1": {}}})


@pytest.fixture
def succeeds(edgegap):
    """Sends a request that succeeds, and returns its response."""

    async def send(method, path, body=None):
        options = {} if body is None else {"json": body}
        reply = await edgegap.call(method, path, **options)
        assert 200 <= reply.status < 300, reply
        return reply

    return send


# what a deletion keeps

STORAGE = [("/v1/storage/endpoint", ENDPOINT), ("/v1/storage/endpoint/s3/pull-profile", PROFILE)]
LINK = "/v1/storage/endpoint/s3/pull-profile/config/app/kart/version/v1"


@pytest.mark.parametrize(
    ("created", "deleted", "kept"),
    [
        pytest.param(
            [("POST", "/v1/fleet", {"name": "f"}), ("POST", "/v1/fleet/f/policies", POLICY)],
            "/v1/fleet/f/policies/p",
            ["/v1/fleet/f"],
            id="policy",
        ),
        pytest.param(
            [("POST", "/v1/fleet", {"name": "f"}), ("PUT", "/v1/fleet/f/app/kart/version/v1", None)],
            "/v1/fleet/f/app/kart/version/v1",
            ["/v1/fleet/f", "/v1/app/kart/version/v1"],
            id="link of a fleet",
        ),
        pytest.param(
            [("POST", path, body) for path, body in STORAGE],
            "/v1/storage/endpoint/s3/pull-profile/config",
            ["/v1/storage/endpoint/s3"],
            id="pull profile",
        ),
        pytest.param(
            [*(("POST", path, body) for path, body in STORAGE), ("PUT", LINK, None)],
            LINK,
            ["/v1/storage/endpoint/s3/pull-profile/config", "/v1/app/kart/version/v1"],
            id="link of a pull profile",
        ),
        pytest.param(
            [("POST", "/v1/app/kart/version", VERSION)], "/v1/app/kart/version/v2", ["/v1/app/kart"], id="version"
        ),
    ],
)
async def test_deleting_a_part_keeps_what_it_belongs_to(edgegap, succeeds, created, deleted, kept):
    for method, path, body in created:
        await succeeds(method, path, body)
    await succeeds("DELETE", deleted)
    for path in kept:
        await edgegap.get(path)


@pytest.mark.looptime
async def test_deleting_a_part_of_a_matchmaker_keeps_the_matchmaker(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        makers = edgegap.matchmakers
        await makers.create("ranked")
        await makers.components.create("director", repository="r", image="i", tag="1")
        await makers.envs.create("director", "MODE", value="ranked")
        await makers.configs.create("4v4", configuration="{}")
        await makers.releases.create(
            "ranked", "r1", frontend="director", director="director", match_function="director"
        )
        await makers.managed_releases.create("ranked", "m1", config="4v4")
        await makers.envs.delete("director", "MODE")
        assert (await makers.components.get("director")).name == "director"
        await makers.managed_releases.delete("ranked", "m1")
        await makers.releases.delete("ranked", "r1")
        await makers.configs.delete("4v4")
        await makers.components.delete("director")
        assert (await makers.get("ranked")).name == "ranked"


@pytest.mark.looptime
async def test_deleting_a_session_keeps_its_deployment(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        session = await edgegap.sessions.create("kart", "v1", users=["203.0.113.7"])
        ready = await edgegap.sessions.wait_until_ready(session.session_id)
        assert ready.deployment is not None
        id = ready.deployment.request_id
        await edgegap.custom_sessions.create(id, "table-4", users=["203.0.113.8"])
        await edgegap.custom_sessions.delete(id, "table-4")
        await edgegap.sessions.delete(session.session_id)
        assert (await edgegap.deployments.get(id)).is_ready
        await edgegap.deployments.stop(id)


async def test_deleting_a_fleet_deletes_its_links(edgegap, succeeds):
    link = "/v1/fleet/f/app/kart/version/v1"
    await succeeds("POST", "/v1/fleet", {"name": "f"})
    await succeeds("PUT", link)
    await succeeds("DELETE", "/v1/fleet/f")
    await succeeds("POST", "/v1/fleet", {"name": "f"})
    assert (await edgegap.call("DELETE", link)).status == 404


# what is not shown or changed


async def test_the_secret_key_of_a_storage_is_never_returned(edgegap, succeeds):
    path = "/v1/storage/endpoint"
    replies = [
        await succeeds("POST", path, ENDPOINT),
        await succeeds("GET", f"{path}/s3"),
        await succeeds("GET", f"{path}s"),
        await succeeds("PATCH", f"{path}/s3", {"secret_access_key": "wJal-key", "bucket": "other"}),
    ]
    assert all("wJal-key" not in reply.text and "secret_access_key" not in reply.text for reply in replies)
    assert replies[-1].body["bucket"] == "other"


async def test_a_new_tag_is_not_in_the_environment_of_the_running_container(edgegap, succeeds):
    deployment = await edgegap.ready(version="v1", tags=["red", "blue"])
    path = f"/v1/deployments/{deployment.request_id}/tags"
    await succeeds("POST", path, {"name": "green"})
    await succeeds("PATCH", f"{path}/red", {"name": "pink"})
    await succeeds("DELETE", f"{path}/blue")
    assert deployment.tags == ["pink", "green"]
    assert edgegap.local.injected(deployment.request_id)["ARBITRIUM_DEPLOYMENT_TAGS"] == "red,blue"


async def test_the_caching_percent_grows_from_0_to_1_if_the_image_is_cached(edgegap, succeeds):
    await succeeds("POST", "/v1/app/kart/version", {**VERSION, "force_cache": True})
    await succeeds("POST", "/v1/app/kart/version", {**VERSION, "name": "v3"})
    percent = []
    for seconds in (0, 60, 10_000):
        edgegap.clock.advance(seconds)
        percent.append((await edgegap.get("/v1/app/kart/version/v2"))["caching_percent"])
    assert percent[0] == 0
    assert 0 < percent[1] < percent[2] == 1
    assert (await edgegap.get("/v1/app/kart/version/v3"))["caching_percent"] == 0


# the values of environment variables


@pytest.mark.parametrize("value", ["x" * 4097, "é" * 2049])
async def test_the_value_of_a_variable_has_at_most_4_kb(edgegap, value):
    user = {"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}
    v2 = {"application": "kart", "version": "v1", "users": [user]}
    v1 = {"app_name": "kart", "version_name": "v1", "ip_list": ["203.0.113.7"]}
    for path, body, field in (
        ("/v2/deployments", v2, "environment_variables"),
        ("/v1/deploy", v1, "env_vars"),
        ("/v1/app/kart/version", VERSION, "envs"),
    ):
        variable = {"key": "MAP", "value": value, "is_hidden": False}
        reply = await edgegap.call("POST", path, json={**body, field: [variable]})
        assert (reply.status, reply.body["message"].partition(":")[0]) == (400, f"{field}[0].value")
        allowed = {**variable, "value": "x" * 4096}
        assert (await edgegap.call("POST", path, json={**body, field: [allowed]})).status < 300


# where the logs of a terminated deployment are


@pytest.mark.parametrize(
    ("at_deploy", "at_stop", "status"),
    [
        (None, None, 200),
        ({"enabled": False}, None, 404),
        ({"enabled": False}, "true", 200),
        ({"enabled": True}, "false", 404),
        ({"enabled": True}, None, 200),
        ({"enabled": True, "endpoint_storage": "s3"}, None, 200),
        ({"enabled": True, "endpoint_storage": "unknown"}, None, 404),
        (None, "s3", 200),
        (None, "unknown", 404),
    ],
)
async def test_logs_are_kept_as_the_deployment_or_its_stop_says(edgegap, succeeds, at_deploy, at_stop, status):
    await succeeds("POST", "/v1/storage/endpoint", ENDPOINT)
    await succeeds("POST", "/v1/app/kart/version", {**VERSION, "endpoint_storage": "s3"})
    body = {"app_name": "kart", "version_name": "v2", "ip_list": ["203.0.113.7"]}
    storage = {} if at_deploy is None else {"container_log_storage": at_deploy}
    id = (await succeeds("POST", "/v1/deploy", body | storage)).body["request_id"]
    edgegap.clock.advance(10)
    query = "" if at_stop is None else f"?container_log_storage={at_stop}"
    await succeeds("DELETE", f"/v1/stop/{id}{query}")
    edgegap.clock.advance(1)
    assert (await edgegap.call("GET", f"/v1/deployment/{id}/container-logs")).status == status


async def test_a_deleted_storage_keeps_no_logs(edgegap, succeeds):
    await succeeds("POST", "/v1/storage/endpoint", ENDPOINT)
    await succeeds("POST", "/v1/app/kart/version", {**VERSION, "endpoint_storage": "s3"})
    deployment = await edgegap.ready(version="v2")
    deployment.stop()
    edgegap.clock.advance(1)
    path = f"/v1/deployment/{deployment.request_id}/container-logs"
    await edgegap.get(path)
    await succeeds("DELETE", "/v1/storage/endpoint/s3")
    assert (await edgegap.call("GET", path)).status == 404


# places, durations, names and metrics


async def test_a_position_counts_more_than_the_address_beside_it(edgegap, succeeds):
    tokyo = {"ip": "203.0.113.7", "latitude": 35.7, "longitude": 139.7}
    by_address = await succeeds("POST", "/v1/deploy", {"app_name": "kart", "ip_list": [tokyo["ip"]]})
    by_position = await succeeds("POST", "/v1/deploy", {"app_name": "kart", "geo_ip_list": [tokyo]})
    found = [edgegap.local.deployments[reply.body["request_id"]].city for reply in (by_address, by_position)]
    assert found[0] != found[1] == "Tokyo"


async def test_a_deployment_runs_1440_minutes_by_default(edgegap):
    deployment = await edgegap.ready(version="v1")
    assert (await edgegap.get(f"/v1/status/{deployment.request_id}"))["max_duration"] == 1440
    assert deployment.ends_at == pytest.approx(deployment.ready_at + 1440 * 60, abs=60)


async def test_a_resource_cannot_get_a_name_that_is_taken(edgegap, succeeds):
    await succeeds("POST", "/v1/app", {"name": "golf", "is_active": True, "image": "aWNvbg=="})
    reply = await edgegap.call("PATCH", "/v1/app/golf", json={"name": "kart"})
    assert (reply.status, reply.body["message"].partition(":")[0]) == (409, "name")
    await succeeds("PATCH", "/v1/app/golf", {"name": "golf"})


async def test_metrics_end_when_the_deployment_does(edgegap):
    deployment = await edgegap.ready(version="v1")
    edgegap.clock.advance(600)
    deployment.stop()
    edgegap.clock.advance(60)
    path = f"/v1/metrics/deployment/{deployment.request_id}"
    metrics = await edgegap.get(path)
    assert len(metrics["cpu"]["datasets"]) in {10, 11}
    edgegap.clock.advance(120)
    assert await edgegap.get(path) == metrics


# webhooks and telemetry

NOBODY = "http://127.0.0.1:9/hooks"


@pytest.mark.looptime
async def test_the_webhook_of_v1_is_sent_at_ready_error_and_terminated(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        local.faults.add("deployments.create_v1", "errored")
        users = ["203.0.113.7"]
        failed = await edgegap.deployments.create_v1("kart", users=users, webhook_url=NOBODY, guard=False)
        created = await edgegap.deployments.create_v1("kart", users=users, webhook_url=NOBODY, guard=False)
        await asyncio.sleep(60)
        for request in (failed, created):
            await edgegap.deployments.stop(request.request_id)
        await asyncio.sleep(60)
    events: dict[str, list[str]] = {failed.request_id: [], created.request_id: []}
    for hook in local.hooks:
        events[hook.request_id].append(hook.event)
    assert events == {failed.request_id: ["error", "terminated"], created.request_id: ["ready", "terminated"]}


@pytest.mark.looptime
async def test_a_custom_session_has_a_webhook_of_its_own(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        users = ["203.0.113.7"]
        request = await edgegap.deployments.create("kart", "v1", users=users)
        session = await edgegap.custom_sessions.create(request.request_id, "table-4", users=users, webhook_url=NOBODY)
        await asyncio.sleep(60)
        assert [(hook.event, hook.request_id) for hook in local.hooks] == [("session", session.session_id)]
        await edgegap.deployments.stop(request.request_id)


async def test_the_result_of_telemetry_expires(edgegap, succeeds):
    deployment = await edgegap.ready(version="v1")
    body = {"deployments": [deployment.request_id], "ips": ["203.0.113.7"]}
    path = "/v1/telemetry/active-deployments"
    key = (await succeeds("POST", path, body)).body["retrieval_key"]
    edgegap.clock.advance(3599)
    await edgegap.get(f"{path}/{key}")
    edgegap.clock.advance(1)
    assert (await edgegap.call("GET", f"{path}/{key}")).status == 404


@pytest.mark.looptime
async def test_the_result_of_telemetry_is_sent_to_its_webhook_once_it_is_complete(local: LocalEdgegap) -> None:
    received: list[dict[str, object]] = []

    async def respond(request: web.BaseRequest) -> web.Response:
        received.append(await request.json())
        return web.Response()

    runner = web.ServerRunner(web.Server(respond), shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        async with local.client() as edgegap:
            near, far = [
                (await edgegap.deployments.deploy("kart", "v1", users=[position])).request_id
                for position in ((45.5, -73.6), (-33.9, 151.2))
            ]
            measured = await edgegap.telemetry.create([far, near], users=["203.0.113.7"], webhook_url=url)
            await asyncio.sleep(0.9)
            assert received == []
            await asyncio.sleep(0.5)
            result = await edgegap.telemetry.get(measured.retrieval_key)
            scores = [{"request_id": score.request_id} for score in result.scores]
            assert {score["request_id"] for score in scores} == {near, far}
            assert received == [{"retrieval_key": measured.retrieval_key, "scores": scores, "partial_result": False}]
            await edgegap.deployments.bulk_stop(request_ids=[near, far])
    finally:
        await runner.cleanup()
