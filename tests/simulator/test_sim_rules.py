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


@pytest.mark.parametrize(
    "url", ["", "example.com", "ftp://example.com/", "http://", "https://[", "http://example.com:x"]
)
async def test_a_url_has_a_scheme_and_a_host(edgegap, rejected, url):
    await rejected(400, "endpoint", "POST", "/v1/storage/endpoint", json={**ENDPOINT, "endpoint": url})
    user = {"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}
    body = {"application": "kart", "version": "v1", "users": [user], "webhook_on_error": {"url": url}}
    await rejected(400, "webhook_on_error.url", "POST", "/v2/deployments", json=body)
    assert not edgegap.local.history
    for accepted in ("https://s3.test", "http://127.0.0.1:9000/x"):
        fields = {**ENDPOINT, "name": accepted, "endpoint": accepted}
        assert (await edgegap.call("POST", "/v1/storage/endpoint", json=fields)).status == 200
