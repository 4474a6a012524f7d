"""Requests are validated against the specification; errors name the field and never quote its value."""

import pytest

USERS = [{"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}]
V2 = {"application": "kart", "version": "v1", "users": USERS}
V1 = {"app_name": "kart", "ip_list": ["203.0.113.7"]}


def user(kind, **data):
    return {"users": [{"user_type": kind, "user_data": data}]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"application": None}, "application"),
        ({"version": 3}, "version"),
        ({"users": []}, "users"),
        ({"users": [{"user_type": "ip_address"}]}, "users[0].user_data"),
        (user("ip_address"), "users[0].user_data.ip_address"),
        (user("ip_address", ip_address="localhost"), "users[0].user_data.ip_address"),
        (user("geo_coordinates", latitude=1), "users[0].user_data.longitude"),
        (user("geo_coordinates", latitude=91, longitude=0), "users[0].user_data.latitude"),
        (user("geo_coordinates", latitude="1", longitude=0), "users[0].user_data.latitude"),
        (user("telepathy"), "users[0].user_type"),
        ({"resources": {"cpu_units": 1, "memory_mib": 512}}, "resources.cpu_units"),
        ({"environment_variables": [{"key": "a", "value": "b"}]}, "environment_variables[0].is_hidden"),
        (
            {"environment_variables": [{"key": "a", "value": "b" * 4097, "is_hidden": False}]},
            "environment_variables[0].value",
        ),
        ({"tags": ["ok", ""]}, "tags[1]"),
        ({"tags": ["x" * 41]}, "tags[0]"),
        ({"webhook_on_ready": "http://x"}, "webhook_on_ready"),
    ],
)
async def test_the_400_names_the_invalid_field(edgegap_server, conforms, change, field):
    reply = await edgegap_server.call("POST", "/v2/deployments", json=V2 | change)
    assert reply.status == 400
    assert reply.body["message"].split(": ")[0] == field
    conforms("v2-deployment-create", reply)
    assert len(edgegap_server.local.history) == 0


@pytest.mark.parametrize("field", ["application", "version", "users"])
async def test_the_400_names_the_missing_field(edgegap_server, field):
    body = {name: value for name, value in V2.items() if name != field}
    reply = await edgegap_server.call("POST", "/v2/deployments", json=body)
    assert (reply.status, reply.body["message"]) == (400, f"{field}: this field is required")
    assert reply.body["details"] == {field: "this field is required"}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 2000])
async def test_a_body_that_is_not_json_gets_400(edgegap_server, content):
    reply = await edgegap_server.call("POST", "/v2/deployments", data=content)
    assert reply.status == 400
    assert "JSON" in reply.body["message"]


async def test_a_body_that_is_no_object_gets_400(edgegap_server):
    reply = await edgegap_server.call("POST", "/v2/deployments", json=[])
    assert (reply.status, reply.body["message"]) == (400, "this must be of type object")


async def test_unknown_fields_are_ignored(edgegap_server):
    await edgegap_server.create(something_new={"a": 1})


async def test_the_400_does_not_quote_the_value(edgegap_server):
    secret = {"environment_variables": [{"key": "KEY", "value": {"hunter2": 1}, "is_hidden": True}]}
    reply = await edgegap_server.call("POST", "/v2/deployments", json=V2 | secret)
    assert reply.status == 400
    assert "hunter2" not in reply.text


@pytest.mark.parametrize(
    "change",
    [
        {"ip_list": []},
        {"geo_ip_list": [{"ip": "203.0.113.7", "latitude": 1, "longitude": 2}]},
        {"ip_list": ["nowhere"]},
        {"ip_list": [], "geo_ip_list": [{"ip": "203.0.113.7", "latitude": 100, "longitude": 2}]},
        {"skip_telemetry": "yes"},  # only the document of 2024 has this field
        {"filters": [{"field": "city", "filter_type": "some", "values": []}]},
        {"filters": [{"field": "city", "filter_type": "any", "values": ["Atlantis"]}]},
    ],
)
async def test_an_invalid_v1_create_gets_400_without_details(edgegap_server, conforms, change):
    reply = await edgegap_server.call("POST", "/v1/deploy", json=V1 | change)
    assert reply.status == 400
    conforms("deployment-create", reply)
    assert "details" not in reply.body


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/metrics/deployment/{id}?steps=often", "steps"),
        ("/v1/metrics/deployment/{id}?start_time=noon", "start_time"),
        ("/v1/metrics/deployment/{id}?raw=perhaps", "raw"),
    ],
)
async def test_the_400_names_the_invalid_query_parameter(edgegap_server, path, name):
    request_id = await edgegap_server.create()
    reply = await edgegap_server.call("GET", path.format(id=request_id))
    assert reply.status == 400
    assert reply.body["message"].startswith(name)


@pytest.mark.parametrize("reason", ["", "x" * 256])
async def test_a_report_reason_has_1_to_255_characters(edgegap_server, reason):
    request_id = await edgegap_server.create()
    reply = await edgegap_server.call("POST", f"/v1/deployments/{request_id}:report", json={"reason": reason})
    assert reply.status == 400
