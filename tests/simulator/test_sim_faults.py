"""Every kind of fault: what the client sees, and what has happened meanwhile."""

import asyncio
import collections

import aiohttp
import pytest

from edgegap_async.simulator import DeploymentState

CREATE = "v2-deployment-create"


async def test_reset_comes_before_anything(serve):
    edgegap = await serve(rate_limits={"deploy": 1})
    edgegap.local.faults.add(CREATE, "reset")
    with pytest.raises(aiohttp.ClientOSError):
        await edgegap.create()
    assert len(edgegap.local.history) == 0
    assert edgegap.local.requests[0].status is None
    await edgegap.create()  # the reset one was not counted


async def test_drop_after_commit_leaves_a_deployment(edgegap_server):
    edgegap_server.local.faults.add(CREATE, "drop_after_commit")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await edgegap_server.create(tags=["lost"])
    (deployment,) = edgegap_server.local.deployments
    assert deployment.tags == ["lost"]
    assert edgegap_server.local.requests[0].status is None


@pytest.mark.parametrize(
    ("body", "text", "content_type"),
    [
        (None, "", ""),
        ({"message": "no"}, '{"message":"no"}', "application/json"),
        ("<oops>", "<oops>", "text/plain"),
    ],
)
async def test_status_answers_in_its_place(edgegap_server, body, text, content_type):
    edgegap_server.local.faults.add(CREATE, "status", code=503, body=body, headers={"X-Fault": "1"})
    reply = await edgegap_server.call("POST", "/v2/deployments")
    assert (reply.status, reply.text) == (503, text)
    assert reply.headers["X-Fault"] == "1"
    assert reply.headers.get("Content-Type", "").startswith(content_type)
    assert len(edgegap_server.local.history) == 0


async def test_status_after_commit(edgegap_server):
    edgegap_server.local.faults.add(CREATE, "status", code=502, after_commit=True)
    with pytest.raises(AssertionError):
        await edgegap_server.create()
    assert len(edgegap_server.local.deployments) == 1


@pytest.mark.looptime
async def test_delay_answers_later(serve):
    edgegap = await serve(clock=None)
    edgegap.local.faults.add("deployment-list", "delay", seconds=30)
    start = asyncio.get_running_loop().time()
    await edgegap.get("/v1/deployments")
    assert 30 <= asyncio.get_running_loop().time() - start < 31


@pytest.mark.looptime
async def test_delay_goes_on_without_the_client(serve):
    edgegap = await serve(clock=None)
    edgegap.local.faults.add(CREATE, "delay", seconds=5)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await edgegap.create()
    assert len(edgegap.local.deployments) == 0
    await asyncio.sleep(5)
    assert len(edgegap.local.deployments) == 1


@pytest.mark.looptime
async def test_stall_is_handled_and_never_answered(serve):
    edgegap = await serve(clock=None)
    edgegap.local.faults.add(CREATE, "stall")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(100):
            await edgegap.create()
    assert len(edgegap.local.deployments) == 1
    await asyncio.sleep(1)
    assert not edgegap.local._started.dispatcher.active, "it ends when the client has left"


async def test_truncate_sends_half(edgegap_server):
    edgegap_server.local.faults.add(CREATE, "truncate")
    with pytest.raises(aiohttp.ClientPayloadError):
        await edgegap_server.create()
    assert len(edgegap_server.local.deployments) == 1


async def test_truncate_of_nothing_is_a_cut(edgegap_server):
    deployment = await edgegap_server.ready(tags=["red"])
    edgegap_server.local.faults.add("deployment-tag-delete", "truncate")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await edgegap_server.call("DELETE", f"/v1/deployments/{deployment.request_id}/tags/red")
    assert deployment.tags == []


async def test_not_json_is_a_page_for_people(edgegap_server):
    edgegap_server.local.faults.add(CREATE, "not_json")
    reply = await edgegap_server.call("POST", "/v2/deployments")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.text.startswith("<!DOCTYPE html>")
    assert len(edgegap_server.local.history) == 0


@pytest.mark.parametrize("retry_after", [None, 2, 0.5, "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_rate_limited(edgegap_server, retry_after):
    edgegap_server.local.faults.add(CREATE, "rate_limited", retry_after=retry_after)
    reply = await edgegap_server.call("POST", "/v2/deployments")
    assert reply.status == 429
    assert reply.headers.get("Retry-After") == (None if retry_after is None else str(retry_after))
    assert len(edgegap_server.local.history) == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/deploy", {"app_name": "kart", "ip_list": ["203.0.113.7"]}),
        (
            "/v2/deployments",
            {
                "application": "kart",
                "version": "v1",
                "users": [{"user_type": "ip_address", "user_data": {"ip_address": "::1"}}],
            },
        ),
    ],
)
async def test_errored_rests_in_error(edgegap_server, path, body):
    edgegap_server.local.faults.add("*", "errored", detail="out of memory")
    await edgegap_server.get("/v1/deployments")  # not an operation that creates: it passes by
    reply = await edgegap_server.call("POST", path, json=body)
    deployment = edgegap_server.local.deployments[reply.body["request_id"]]
    assert deployment.state is DeploymentState.SEEKING
    assert deployment.error_detail is None
    edgegap_server.clock.advance(7)
    assert (deployment.state, deployment.error_detail) == (DeploymentState.ERROR, "out of memory")
    logs = await edgegap_server.get(f"/v1/deployment/{deployment.request_id}/container-logs")
    assert logs["crash_data"]["message"] == "out of memory"


async def test_unprocessable_exists_in_error(edgegap_server, conforms):
    edgegap_server.local.faults.add(CREATE, "unprocessable", message="no room")
    user = {"user_type": "geo_coordinates", "user_data": {"latitude": 0, "longitude": 0}}
    body = {"application": "kart", "version": "v1", "users": [user]}
    reply = await edgegap_server.call("POST", "/v2/deployments", json=body)
    assert (reply.status, reply.body["message"]) == (422, "no room")
    conforms(CREATE, reply)
    assert edgegap_server.local.deployments[reply.body["request_id"]].state is DeploymentState.ERROR


async def test_unprocessable_does_not_hide_a_bad_request(edgegap_server):
    edgegap_server.local.faults.add(CREATE, "unprocessable")
    assert (await edgegap_server.call("POST", "/v2/deployments", json={})).status == 400


async def test_faults_happen_in_the_order_added(edgegap_server):
    faults = edgegap_server.local.faults
    faults.add("deployment-list", "status", times=2, code=500)
    faults.add("*", "status", code=502)
    faults.add("deployment-list", "status", code=503)
    assert len(faults) == 3
    seen = [(await edgegap_server.call("GET", "/v1/deployments")).status for _ in range(5)]
    assert seen == [500, 500, 502, 503, 200]
    assert len(faults) == 0


async def test_always_and_until_cleared(edgegap_server):
    fault = edgegap_server.local.faults.add("deployment-list", "status", times=None, code=500)
    seen = {(await edgegap_server.call("GET", "/v1/deployments")).status for _ in range(5)}
    assert (seen, fault.happened) == ({500}, 5)
    edgegap_server.local.faults.clear()
    assert (await edgegap_server.call("GET", "/v1/deployments")).status == 200


async def test_a_fault_by_chance_lets_the_next_be_tried(edgegap_server):
    faults = edgegap_server.local.faults
    faults.add("*", "status", times=None, probability=0.5, code=500)
    faults.add("*", "status", times=None, probability=0.5, code=502)
    seen = collections.Counter([(await edgegap_server.call("GET", "/v1/deployments")).status for _ in range(200)])
    assert 70 < seen[500] < 130
    assert 25 < seen[502] < 75
    assert 25 < seen[200] < 75


async def test_a_request_that_is_turned_away_meets_no_fault(serve):
    edgegap = await serve(rate_limits={"list": 1})
    await edgegap.get("/v1/deployments")
    edgegap.local.faults.add("deployment-list", "status", code=503)
    wrong = {"Authorization": "token wrong"}
    assert (await edgegap.call("GET", "/v1/deployments", headers=wrong)).status == 401
    assert (await edgegap.call("GET", "/v1/deployments")).status == 429
    edgegap.clock.advance(1)
    assert (await edgegap.call("GET", "/v1/deployments")).status == 503


@pytest.mark.parametrize(
    ("operation_id", "kind", "options"),
    [
        (CREATE, "explode", {}),
        ("deployment-explode", "reset", {}),
        (CREATE, "reset", {"seconds": 1}),
        (CREATE, "delay", {}),
        (CREATE, "delay", {"seconds": -1}),
        (CREATE, "status", {}),
        (CREATE, "status", {"code": 20}),
        (CREATE, "status", {"code": 500, "body": object()}),
        (CREATE, "status", {"code": 500, "headers": "X"}),
        (CREATE, "reset", {"times": 0}),
        (CREATE, "reset", {"probability": 0}),
        (CREATE, "reset", {"probability": 1.1}),
        ("deployment-list", "errored", {}),
        ("deployment-list", "unprocessable", {}),
    ],
)
async def test_a_fault_that_cannot_be(edgegap_server, operation_id, kind, options):
    with pytest.raises(ValueError):
        edgegap_server.local.faults.add(operation_id, kind, **options)
    assert len(edgegap_server.local.faults) == 0
