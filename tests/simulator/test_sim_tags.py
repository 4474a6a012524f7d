"""The tags of a deployment."""

import pytest
import yarl


@pytest.fixture
async def tagged(edgegap_server):
    deployment = await edgegap_server.ready(tags=["red"])
    return deployment, f"/v1/deployments/{deployment.request_id}/tags"


async def test_a_tag_is_unique_on_a_deployment(edgegap_server, tagged, conforms):
    deployment, path = tagged
    reply = await edgegap_server.call("POST", path, json={"name": "blue"})
    assert reply.status == 200
    conforms("deployment-tag-create", reply)
    again = await edgegap_server.call("POST", path, json={"name": "blue"})
    assert again.status == 409
    conforms("deployment-tag-create", again)
    assert deployment.tags == ["red", "blue"]
    status = await edgegap_server.get(f"/v1/status/{deployment.request_id}")
    row = (await edgegap_server.get("/v1/deployments"))["data"][0]
    assert status["tags"] == row["tags"] == ["red", "blue"]


async def test_a_renamed_tag_keeps_its_position(edgegap_server, tagged, conforms):
    deployment, path = tagged
    await edgegap_server.call("POST", path, json={"name": "blue"})
    edgegap_server.clock.advance(5)
    reply = await edgegap_server.call("PATCH", f"{path}/red", json={"name": "green"})
    conforms("deployment-tag-update", reply)
    assert reply.body["last_updated"] > reply.body["create_time"]
    assert deployment.tags == ["green", "blue"]
    assert (await edgegap_server.call("PATCH", f"{path}/green", json={"name": "blue"})).status == 409
    assert (await edgegap_server.call("PATCH", f"{path}/green", json={"name": "green"})).status == 200


async def test_a_tag_is_deleted(edgegap_server, tagged):
    deployment, path = tagged
    reply = await edgegap_server.call("DELETE", f"{path}/red")
    assert (reply.status, reply.text) == (204, "")
    assert deployment.tags == []


@pytest.mark.parametrize(("method", "options"), [("GET", {}), ("PATCH", {"json": {"name": "x"}}), ("DELETE", {})])
async def test_unknown_tags_and_deployments_are_not_found(edgegap_server, tagged, method, options):
    _, path = tagged
    assert (await edgegap_server.call(method, f"{path}/pink", **options)).status == 404
    other = "/v1/deployments/0123456789ab/tags/red"
    assert (await edgegap_server.call(method, other, **options)).status == 404


async def test_tags_are_listed_in_pages(edgegap_server, tagged, conforms):
    _, path = tagged
    for number in range(12):
        await edgegap_server.call("POST", path, json={"name": f"t{number}"})
    reply = await edgegap_server.call("GET", path, params={"page": 2})
    conforms("deployment-tag-list", reply)
    assert [tag["name"] for tag in reply.body["tags"]] == ["t9", "t10", "t11"]
    assert reply.body["total_count"] == 13


@pytest.mark.parametrize("name", ["a/b", "a b", "ä{}", "%2F", "..", "a:report"])
async def test_a_tag_name_in_the_path_is_percent_decoded(edgegap_server, tagged, name):
    _, path = tagged
    await edgegap_server.call("POST", path, json={"name": name})
    encoded = "".join(f"%{byte:02X}" for byte in name.encode())
    url = yarl.URL(f"{edgegap_server.local.url}{path}/{encoded}", encoded=True)
    async with edgegap_server.session.get(
        url, headers={"Authorization": f"token {edgegap_server.local.token}"}
    ) as response:
        assert (await response.json())["name"] == name


@pytest.mark.parametrize("name", ["", "x" * 41])
async def test_a_tag_name_has_1_to_40_characters(edgegap_server, tagged, name):
    _, path = tagged
    reply = await edgegap_server.call("POST", path, json={"name": name})
    assert reply.status == 400
    assert reply.body["message"].startswith("name")
