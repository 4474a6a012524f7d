"""Rules that the documents state in words only: the status of a violation, and the field that its message names."""

import pytest

VERSION = {
    "name": "v2",
    "docker_repository": "registry.test",
    "docker_image": "kart",
    "docker_tag": "v2",
    "req_cpu": 512,
    "req_memory": 1024,
}
ENDPOINT = {"name": "s3", "access_key_id": "id", "secret_access_key": "key", "bucket": "logs"}


@pytest.fixture
async def edgegap(serve):
    return await serve(applications={"kart": {"v1": {}}})


@pytest.fixture
def rejected(edgegap):
    """Asserts the status of a rejection and the field that its message names first."""

    async def check(status, field, method, path, **options):
        reply = await edgegap.call(method, path, **options)
        assert reply.status == status, reply
        assert reply.body["message"].split(":")[0] == field

    return check


async def test_memory_is_at_most_twice_the_cpu_units(edgegap, rejected):
    path = "/v1/app/kart/version"
    await rejected(400, "req_memory", "POST", path, json={**VERSION, "req_memory": 1025})
    assert (await edgegap.call("POST", path, json=VERSION)).status == 200
    await rejected(400, "req_memory", "PATCH", f"{path}/v2", json={"req_cpu": 500})
    await rejected(400, "req_memory", "PATCH", f"{path}/v2", json={"req_memory": 1025})
    assert (await edgegap.get(f"{path}/v2"))["req_cpu"] == 512
    assert (await edgegap.call("PATCH", f"{path}/v2", json={"req_memory": 2000, "req_cpu": 1000})).status == 200


async def test_a_lookup_has_at_most_20_addresses(edgegap, rejected):
    addresses = [f"203.0.113.{number}" for number in range(21)]
    await rejected(400, "addresses", "POST", "/v1/ips/lookup", json={"addresses": addresses})
    assert (await edgegap.call("POST", "/v1/ips/lookup", json={"addresses": addresses[1:]})).status == 200


@pytest.mark.parametrize("end", ["2026-01-01 12:00:00", "2026-01-01 11:59:59"])
async def test_metrics_end_after_their_start(edgegap, rejected, end):
    path = f"/v1/metrics/deployment/{await edgegap.create(version='v1')}"
    await rejected(400, "end_time", "GET", path, params={"start_time": "2026-01-01 12:00:00", "end_time": end})
    await edgegap.get(path, start_time="2026-01-01 12:00:00", end_time="2026-01-01 12:00:01")


async def test_the_logs_of_a_terminated_deployment_need_an_endpoint_storage(edgegap, rejected):
    endpoint = {**ENDPOINT, "endpoint": "https://s3.test"}
    assert (await edgegap.call("POST", "/v1/storage/endpoint", json=endpoint)).status == 200
    assert (
        await edgegap.call("POST", "/v1/app/kart/version", json={**VERSION, "endpoint_storage": "s3"})
    ).status == 200
    without, stored = [await edgegap.ready(version=version) for version in ("v1", "v2")]
    for deployment in (without, stored):
        await edgegap.get(f"/v1/deployment/{deployment.request_id}/container-logs")
        deployment.stop()
    edgegap.clock.advance(1)
    await rejected(404, "deployment_id", "GET", f"/v1/deployment/{without.request_id}/container-logs")
    assert "v2 starting" in (await edgegap.get(f"/v1/deployment/{stored.request_id}/container-logs"))["logs"]


async def test_locations_are_of_a_known_application_and_version(edgegap, rejected, serve):
    await rejected(400, "app", "GET", "/v1/locations", params={"app": "unknown"})
    await rejected(400, "version", "GET", "/v1/locations", params={"app": "kart", "version": "unknown"})
    known = await edgegap.get("/v1/locations", app="kart", version="v1")
    assert known == await edgegap.get("/v1/locations")
    await (await serve()).get("/v1/locations", app="unknown", version="unknown")


async def test_locations_have_a_type_and_tags_if_requested(edgegap):
    assert not (await edgegap.get("/v1/locations"))["locations"][0].keys() & {"type", "tags"}
    tagged = (await edgegap.get("/v1/locations", tags="true"))["locations"][0]
    assert (tagged["type"], tagged["tags"]) == ("standard", [])
    standard = await edgegap.get("/v1/locations", type="standard")
    assert (standard["locations"][0]["type"], "tags" in standard["locations"][0]) == ("standard", False)
    other = await edgegap.get("/v1/locations", type="other")
    assert (other["locations"], other["total_count"]) == ([], 0)


@pytest.mark.parametrize(("path", "field"), [("/v1/app/kart", "application"), ("/v1/app/kart/version/v1", "version")])
async def test_what_is_not_active_is_not_deployed(edgegap, rejected, path, field):
    assert (await edgegap.call("PATCH", path, json={"is_active": False})).status == 200
    user = {"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}
    body = {"application": "kart", "version": "v1", "users": [user]}
    await rejected(400, field, "POST", "/v2/deployments", json=body)
    old = {"app_name": "kart", "version_name": "v1", "ip_list": ["203.0.113.7"]}
    await rejected(400, field, "POST", "/v1/deploy", json=old)
    assert not edgegap.local.history
    assert (await edgegap.call("PATCH", path, json={"is_active": True})).status == 200
    await edgegap.create(version="v1")


@pytest.mark.parametrize("flag", ["is_hidden", "is_secret"])
async def test_a_hidden_value_cannot_be_read(edgegap, flag):
    envs = [{"key": "MODE", "value": "ranked"}, {"key": "PASSWORD", "value": "hunter2", flag: True}]
    created = await edgegap.call("POST", "/v1/app/kart/version", json={**VERSION, "envs": envs})
    assert created.status == 200
    assert "hunter2" not in created.text
    read = await edgegap.get("/v1/app/kart/version/v2")
    assert [(each["key"], each["value"]) for each in read["envs"]] == [("MODE", "ranked"), ("PASSWORD", "")]
    assert "hunter2" not in str(await edgegap.get("/v1/app/kart/versions"))


@pytest.fixture
def create_version(serve, conforms):
    """Creates a version with ``verify_image`` on a local Edgegap with one image; returns the reply."""

    async def create(**fields):
        edgegap = await serve(applications={"kart": {}}, images={"kart": ["v2"], "tools/map": ["v2"]})
        body = {**VERSION, "docker_repository": "registry.edgegap.com", "verify_image": True, **fields}
        reply = await edgegap.call("POST", "/v1/app/kart/version", json=body)
        conforms("app-version-create", reply)
        return reply

    return create


@pytest.mark.parametrize(
    "image",
    [
        {},
        {"docker_image": "studio-1a2b/kart"},
        {"docker_image": "tools/map"},
        {"docker_image": "studio-1a2b/tools/map"},
        {"docker_repository": "docker.io", "docker_image": "unknown/image"},
        {"docker_repository": "localhost:5000/images", "docker_tag": "2026.01.30-16.23.00-UTC"},
        {"docker_tag": "", "verify_image": False},
    ],
)
async def test_a_version_is_created_if_its_image_can_be_pulled(create_version, image):
    assert (await create_version(**image)).status == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("docker_tag", "v3"),
        ("docker_tag", "v 2"),
        ("docker_tag", ""),
        ("docker_image", "unknown"),
        ("docker_image", "studio-1a2b/other/kart"),
        ("docker_image", "Kart"),
        ("docker_image", "/kart"),
        ("docker_repository", "https://registry.edgegap.com"),
        ("docker_repository", "docker.io:port"),
        ("docker_repository", ""),
    ],
)
async def test_a_version_whose_image_cannot_be_pulled_is_rejected(create_version, field, value):
    reply = await create_version(**{field: value})
    assert (reply.status, reply.body["message"].split(":")[0]) == (424, field)


async def test_an_update_verifies_the_image_of_the_version(serve, conforms):
    edgegap = await serve(applications={"kart": {}}, images={"kart": ["v2"]})
    path = "/v1/app/kart/version"
    own = {**VERSION, "docker_repository": "registry.edgegap.com", "docker_tag": "v3"}
    assert (await edgegap.call("POST", path, json=own)).status == 200
    rejected = await edgegap.call("PATCH", f"{path}/v2", json={"verify_image": True, "is_active": False})
    conforms("app-version-update", rejected)
    assert (rejected.status, rejected.body["message"].split(":")[0]) == (424, "docker_tag")
    assert (await edgegap.get(f"{path}/v2"))["is_active"] is not False
    accepted = await edgegap.call("PATCH", f"{path}/v2", json={"verify_image": True, "docker_tag": "v2"})
    assert (accepted.status, accepted.body["version"]["docker_tag"]) == (200, "v2")
    assert (await edgegap.call("PATCH", f"{path}/v2", json={"docker_tag": "v3"})).status == 424, "it stays enabled"


NO_URLS = ["", "example.com", "ftp://example.com/", "http://", "https://[", "http://example.com:x", "http://a b/"]


@pytest.mark.parametrize("url", NO_URLS)
async def test_a_url_has_a_scheme_and_a_host(edgegap, rejected, url):
    await rejected(400, "endpoint", "POST", "/v1/storage/endpoint", json={**ENDPOINT, "endpoint": url})
    user = {"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}
    body = {"application": "kart", "version": "v1", "users": [user], "webhook_on_error": {"url": url}}
    await rejected(400, "webhook_on_error.url", "POST", "/v2/deployments", json=body)
    assert not edgegap.local.history
    for accepted in ("https://s3.test", "http://127.0.0.1:9000/x"):
        fields = {**ENDPOINT, "name": accepted, "endpoint": accepted}
        assert (await edgegap.call("POST", "/v1/storage/endpoint", json=fields)).status == 200


IP_LIST = {"ip_list": ["203.0.113.7"]}
WITH_WEBHOOK = {
    "/v1/deploy": {"app_name": "kart", "version_name": "v1", **IP_LIST},
    "/v1/session": {"app_name": "kart", "version_name": "v1", **IP_LIST},
    "/v1/relays/sessions": {"users": [{"ip": "203.0.113.7"}]},
    "/v1/telemetry/active-deployments": {"deployments": [], "ips": []},
}


@pytest.mark.parametrize("url", NO_URLS)
@pytest.mark.parametrize("path", WITH_WEBHOOK)
async def test_a_webhook_url_is_a_url(edgegap, rejected, path, url):
    body = WITH_WEBHOOK[path]
    await rejected(400, "webhook_url", "POST", path, json={**body, "webhook_url": url})
    local = edgegap.local
    assert (len(local.history), len(local.sessions), len(local.relays)) == (0, 0, 0)
    for accepted in (body, {**body, "webhook_url": "http://127.0.0.1:9000/x"}):
        assert (await edgegap.call("POST", path, json=accepted)).status == 200


@pytest.mark.parametrize("url", NO_URLS)
async def test_the_webhook_url_of_a_custom_session_is_a_url(edgegap, rejected, url):
    sessions = f"/v1/deployment/{(await edgegap.ready(version='v1')).request_id}/custom/session"
    await rejected(400, "webhook_url", "POST", f"{sessions}/lobby", json={**IP_LIST, "webhook_url": url})
    assert not edgegap.local.sessions
    many = [{"custom_id": "lobby", **IP_LIST}, {"custom_id": "arena", **IP_LIST, "webhook_url": url}]
    created = await edgegap.call("POST", f"{sessions}s", json={"sessions": many})
    assert [each["custom_id"] for each in created.body["sessions"]] == ["lobby"]
    assert [each.split(":")[:2] for each in created.body["errors"]] == [["arena", " webhook_url"]]
    await rejected(400, "webhook_url", "PATCH", f"{sessions}/lobby", json={"ip_list": [], "webhook_url": url})
    assert [each["ip"] for each in (await edgegap.get(f"{sessions}/lobby"))["session_users"]] == IP_LIST["ip_list"]
