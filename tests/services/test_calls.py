"""The requests that the methods of deployments, private fleets and locations send, and what they return."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import orjson
import pytest

from edgegap_async import EdgegapClient, EnvironmentVariable, Filter, Resources, User
from edgegap_async.errors import JSON, Conflict, NotFound
from edgegap_async.models.deployments import DeployFilter
from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.simulator.http.request_log import LoggedRequest

IP = "203.0.113.7"
ID = "0123456789ab"


@attrs.frozen
class Sent:
    """A call, the request it must send, and the response that the local Edgegap gives to it."""

    call: Callable[[Any], Awaitable[object]]
    method: str
    path: str
    body: Any = None
    query: dict[str, str] = attrs.field(factory=dict)
    response: Any = attrs.field(factory=lambda: {"request_id": ID, "name": "a"})


USER = {"user_type": "ip_address", "user_data": {"ip_address": IP}}
POSITION = {"user_type": "geo_coordinates", "user_data": {"latitude": 45.5, "longitude": -73.6}}
CREATE = {"application": "kart", "version": "v1", "users": [USER]}

CASES = {
    "v2-deployment-create": Sent(
        lambda e: e.deployments.create(
            "kart",
            "v1",
            users=[IP, (45.5, -73.6), User.at(45.5, -73.6, ip_address=IP)],
            tags=("match-42", "ranked"),
            environment_variables=[EnvironmentVariable(key="KEY", value="x", is_hidden=True)],
            resources=Resources(cpu_units=512, memory_mib=1024),
            require_cached_locations=False,
            webhook_on_ready="https://example.com/ready",
            webhook_on_error="https://example.com/error",
            webhook_on_terminated="https://example.com/terminated",
            guard=False,
        ),
        "POST",
        "/v2/deployments",
        {
            "application": "kart",
            "version": "v1",
            "users": [USER, POSITION, POSITION],
            "tags": ["match-42", "ranked"],
            "environment_variables": [{"key": "KEY", "value": "x", "is_hidden": True}],
            "resources": {"cpu_units": 512, "memory_mib": 1024},
            "require_cached_locations": False,
            "webhook_on_ready": {"url": "https://example.com/ready"},
            "webhook_on_error": {"url": "https://example.com/error"},
            "webhook_on_terminated": {"url": "https://example.com/terminated"},
        },
    ),
    "v2-deployment-create, required fields only": Sent(
        lambda e: e.deployments.create("kart", "v1", users=[IP], guard=False), "POST", "/v2/deployments", CREATE
    ),
    "deployment-create": Sent(
        lambda e: e.deployments.create_v1(
            "kart",
            "v1",
            users=[User.at(45.5, -73.6, ip_address=IP)],
            tags=["match-42"],
            environment_variables={"MAP": "desert"},
            filters=[DeployFilter(field="city", values=("Montreal",))],
            webhook_url="https://example.com/hook",
            container_log_storage="logs",
            command="bash",
            arguments="-c true",
            guard=False,
        ),
        "POST",
        "/v1/deploy",
        {
            "app_name": "kart",
            "version_name": "v1",
            "geo_ip_list": [{"ip": IP, "latitude": 45.5, "longitude": -73.6}],
            "tags": ["match-42"],
            "env_vars": [{"key": "MAP", "value": "desert", "is_hidden": False}],
            "filters": [{"field": "city", "values": ["Montreal"], "filter_type": "any"}],
            "webhook_url": "https://example.com/hook",
            "container_log_storage": {"enabled": True, "endpoint_storage": "logs"},
            "command": "bash",
            "arguments": "-c true",
        },
    ),
    "deployment-create, required fields only": Sent(
        lambda e: e.deployments.create_v1("kart", users=[IP], guard=False),
        "POST",
        "/v1/deploy",
        {"app_name": "kart", "ip_list": [IP]},
    ),
    "deployment-get": Sent(lambda e: e.deployments.get(ID), "GET", f"/v1/status/{ID}"),
    "deployment-list": Sent(
        lambda e: e.deployments.list(Filter(status="ready"), order_by="-created_at", page_size=25).collect(),
        "GET",
        "/v1/deployments",
        query={
            "page": "1",
            "limit": "25",
            "query": orjson.dumps(
                {
                    "filters": [{"field": "status", "operator": "eq", "value": "ready"}],
                    "order_by": [{"field": "created_at", "order": "desc"}],
                }
            ).decode(),
        },
        response={"data": []},
    ),
    "deployment-update": Sent(
        lambda e: e.deployments.update(ID, is_joinable_by_session=False),
        "PATCH",
        f"/v1/deployments/{ID}",
        {"is_joinable_by_session": False},
    ),
    "deployment-delete": Sent(
        lambda e: e.deployments.stop(ID, container_log_storage="my logs&more"),
        "DELETE",
        f"/v1/stop/{ID}",
        query={"container_log_storage": "my logs&more"},
    ),
    "deployment-bulk-delete": Sent(
        lambda e: e.deployments.bulk_stop(request_ids=[ID], tags=["a", "b"], match="all"),
        "POST",
        "/v1/deployments/bulk-stop",
        {
            "filters": [
                {"field": "request_id", "values": [ID], "filter_type": "all"},
                {"field": "deployment_tags", "values": ["a", "b"], "filter_type": "all"},
            ]
        },
        response={"processable": []},
    ),
    "deployment-self-delete": Sent(
        lambda e: e.deployments.self_stop(ID, "123", token="own"), "DELETE", f"/v1/self/stop/{ID}/123"
    ),
    "deployment-logs-get": Sent(lambda e: e.deployments.logs(ID), "GET", f"/v1/deployment/{ID}/container-logs"),
    "deployment-metrics-get": Sent(
        lambda e: e.deployments.metrics(
            ID,
            start_time=datetime(2026, 4, 22, 14, 0, tzinfo=timezone(timedelta(hours=2))),
            end_time=datetime(2026, 4, 22, 13, 0, 0, 500_000),
            steps="30s",
            raw=True,
        ),
        "GET",
        f"/v1/metrics/deployment/{ID}",
        query={
            "start_time": "2026-04-22 12:00:00.000",
            "end_time": "2026-04-22 13:00:00.500",
            "steps": "30s",
            "raw": "true",
        },
    ),
    "deployment-report": Sent(
        lambda e: e.deployments.report(ID, reason="x" * 255, metadata={"round": 3}),
        "POST",
        f"/v1/deployments/{ID}:report",
        {"reason": "x" * 255, "metadata": {"round": 3}},
        response=None,
    ),
    "deployment-tag-list": Sent(
        lambda e: e.deployments.tags.list(ID).collect(),
        "GET",
        f"/v1/deployments/{ID}/tags",
        query={"page": "1", "limit": "100"},
        response={"tags": []},
    ),
    "deployment-tag-create": Sent(
        lambda e: e.deployments.tags.create(ID, "a"), "POST", f"/v1/deployments/{ID}/tags", {"name": "a"}
    ),
    "deployment-tag-get": Sent(
        lambda e: e.deployments.tags.get(ID, "50 % ? #é"),
        "GET",
        f"/v1/deployments/{ID}/tags/50%20%25%20%3F%20%23%C3%A9",
    ),
    "deployment-tag-update": Sent(
        lambda e: e.deployments.tags.update(ID, "a", new_name="b"),
        "PATCH",
        f"/v1/deployments/{ID}/tags/a",
        {"name": "b"},
    ),
    "deployment-tag-delete": Sent(
        lambda e: e.deployments.tags.delete(ID, "a"), "DELETE", f"/v1/deployments/{ID}/tags/a", response=None
    ),
    "private-fleets-deployment-create": Sent(
        lambda e: e.private_fleets.create("kart", "v1", private_host_ids=["alpha-1"], users=[IP], guard=False),
        "POST",
        "/v2/private-fleets/deployments",
        {"private_host_ids": ["alpha-1"], **CREATE},
    ),
    "private-fleet-hosts-list": Sent(
        lambda e: e.private_fleets.hosts("my fleet").collect(),
        "GET",
        "/v2/private-fleets/my%20fleet/hosts",
        response={"data": []},
    ),
    "location-list": Sent(
        lambda e: e.locations.list(application="kart", version="v1").collect(),
        "GET",
        "/v1/locations",
        query={"app": "kart", "version": "v1", "page": "1", "limit": "100"},
        response={"locations": []},
    ),
    "beacon-list": Sent(
        lambda e: e.locations.beacons.list().collect(),
        "GET",
        "/v1/locations/beacons",
        query={"page": "1", "limit": "100"},
        response={"locations": []},
    ),
}


async def request_of(local: LocalEdgegap, operation_id: str, sent: Sent) -> LoggedRequest:
    local.faults.add(operation_id, "status", code=200, body=sent.response)
    async with local.client() as edgegap:
        await sent.call(edgegap)
    (request,) = local.requests
    return request


@pytest.mark.parametrize(("name", "sent"), CASES.items(), ids=CASES.keys())
async def test_a_call_sends_the_documented_request(local: LocalEdgegap, name: str, sent: Sent) -> None:
    operation_id = name.partition(",")[0]
    request = await request_of(local, operation_id, sent)
    assert request.operation_id == operation_id
    assert (request.method, request.path, request.body) == (sent.method, sent.path, sent.body)
    assert request.query == sent.query
    assert ("content-type" in request.headers) == (sent.body is not None)
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"].startswith("edgegap-async/")


def test_every_deployment_and_location_operation_has_a_case() -> None:
    operations = {name for name, row in OPERATIONS.items() if row.call.startswith(("deployments.", "locations."))}
    assert operations <= {name.partition(",")[0] for name in CASES}


# against the local Edgegap


@pytest.mark.looptime
async def test_tags_are_created_renamed_and_deleted(edgegap: EdgegapClient) -> None:
    id = (await edgegap.deployments.create("kart", "v1", users=[IP], tags=["a"], guard=False)).request_id
    tags = edgegap.deployments.tags
    created = await tags.create(id, "b")
    assert created.name == "b"
    assert created.create_time is not None
    assert created.create_time.tzinfo is UTC
    with pytest.raises(Conflict):
        await tags.create(id, "a")
    assert (await tags.update(id, "a", new_name="c")).name == "c"
    with pytest.raises(NotFound):
        await tags.get(id, "a")
    assert [tag.name async for tag in tags.list(id)] == ["c", "b"]
    await tags.delete(id, "c")
    assert (await edgegap.deployments.get(id)).tags == ("b",)


@pytest.mark.looptime
async def test_bulk_stop_returns_the_ids_of_the_deployments_it_stops(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    for tags in (["a"], ["a", "b"], ["b"]):
        await edgegap.deployments.create("kart", "v1", users=[IP], tags=tags)
    first, second, third = (each.request_id for each in local.deployments)
    assert set(await edgegap.deployments.bulk_stop(tags=["a"])) == {first, second}
    assert [each.request_id for each in local.deployments] == [third]
    assert await edgegap.deployments.bulk_stop(request_ids=[third, ID]) == (third,)


@pytest.mark.looptime
async def test_a_deployment_of_create_v1_can_be_awaited(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    request = await edgegap.deployments.create_v1("kart", "v1", users=[IP], tags=["a"])
    server = await edgegap.deployments.wait_until_ready(request.request_id)
    assert request.request_dns == server.fqdn
    assert request.request_user_count == 1
    assert server.tags == request.tags == ("a",)


@pytest.mark.parametrize(
    ("storage", "sent"),
    [
        (True, {"enabled": True}),
        (False, {"enabled": False}),
        ("logs", {"enabled": True, "endpoint_storage": "logs"}),
    ],
)
async def test_create_v1_keeps_logs_in_the_versions_storage_in_none_or_in_a_named_one(
    local: LocalEdgegap, edgegap: EdgegapClient, storage: bool | str, sent: JSON
) -> None:
    request = await edgegap.deployments.create_v1("kart", "v1", users=[IP], container_log_storage=storage)
    assert local.requests[-1].body["container_log_storage"] == sent
    assert request.container_log_storage == sent


@pytest.mark.parametrize(("storage", "sent"), [(True, "true"), (False, "false"), ("logs", "logs")])
async def test_a_stop_keeps_logs_in_the_versions_storage_in_none_or_in_a_named_one(
    local: LocalEdgegap, edgegap: EdgegapClient, storage: bool | str, sent: str
) -> None:
    request = await edgegap.deployments.create("kart", "v1", users=[IP])
    await edgegap.deployments.stop(request, container_log_storage=storage)
    assert local.requests[-1].query == {"container_log_storage": sent}


async def test_the_response_of_create_v1_has_the_location_and_the_sort_strategy(edgegap: EdgegapClient) -> None:
    request = await edgegap.deployments.create_v1(
        "kart", "v1", users=[IP], location=(45.5, -73.56), ap_sort_strategy="weighted"
    )
    assert request.location is not None
    assert (request.location.latitude, request.location.longitude) == (45.5, -73.56)
    assert request.ap_sort_strategy == "weighted"
    plain = await edgegap.deployments.create_v1("kart", "v1", users=[IP])
    assert (plain.location, plain.ap_sort_strategy) == (None, None)


@pytest.mark.looptime
async def test_a_list_row_and_a_status_give_equal_game_servers(edgegap: EdgegapClient) -> None:
    server = await edgegap.deployments.deploy("kart", "v1", users=[IP], tags=["a"])
    row = await edgegap.deployments.list(Filter(request_id=server.request_id)).first()
    assert row is not None
    assert row.is_reachable
    assert row.server() == server
    assert hash(row.server()) == hash(server)


@pytest.mark.looptime
async def test_a_private_fleet_deployment_runs_on_the_chosen_host(edgegap: EdgegapClient) -> None:
    hosts = await edgegap.private_fleets.hosts("test-fleet").collect()
    assert len(hosts) == 2
    request = await edgegap.private_fleets.create("kart", "v1", private_host_ids=[hosts[0].host_id], users=[IP])
    assert (await edgegap.deployments.wait_until_ready(request.request_id)).public_ip == hosts[0].ip_address


@pytest.mark.looptime
async def test_logs_metrics_reports_and_updates_of_a_running_server(edgegap: EdgegapClient) -> None:
    server = await edgegap.deployments.deploy("kart", "v1", users=[IP])
    await asyncio.sleep(300)
    logs = await edgegap.deployments.logs(server.request_id)
    assert logs.logs is not None
    assert "kart v1 starting" in logs.logs
    metrics = await edgegap.deployments.metrics(server.request_id, steps="1m")
    assert metrics.cpu is not None
    assert len(metrics.cpu.datasets) == len(metrics.cpu.timestamps) == len(metrics.cpu.labels) > 3
    await edgegap.deployments.report(server.request_id, reason="slow")
    assert not (
        await edgegap.deployments.update(server.request_id, is_joinable_by_session=False)
    ).is_joinable_by_session


async def test_locations_and_beacons_are_listed(edgegap: EdgegapClient) -> None:
    locations = await edgegap.locations.list().collect()
    assert locations
    assert all(isinstance(location.latitude, float) and location.city for location in locations)
    beacons = await edgegap.locations.beacons.list().collect()
    assert all(beacon.host for beacon in beacons)
