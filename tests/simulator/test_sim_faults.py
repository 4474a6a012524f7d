"""Every kind of fault: what the client receives, and what the server has carried out."""

import asyncio
import collections

import aiohttp
import pytest

from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import DeploymentState, LocalEdgegap

CREATE = "v2-deployment-create"


async def test_reset_applies_before_the_request_is_counted(serve):
    edgegap = await serve(rate_limits={"deploy": 1})
    edgegap.local.faults.add(CREATE, "reset")
    with pytest.raises(aiohttp.ClientOSError):
        await edgegap.create()
    assert len(edgegap.local.history) == 0
    assert edgegap.local.requests[0].status is None
    await edgegap.create()  # the request that was reset was not counted


async def test_drop_after_commit_creates_the_deployment_without_a_response(edgegap_server):
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
async def test_status_responds_instead_of_the_handler(edgegap_server, body, text, content_type):
    edgegap_server.local.faults.add(CREATE, "status", code=503, body=body, headers={"X-Fault": "1"})
    reply = await edgegap_server.call("POST", "/v2/deployments")
    assert (reply.status, reply.text) == (503, text)
    assert reply.headers["X-Fault"] == "1"
    assert reply.headers.get("Content-Type", "").startswith(content_type)
    assert len(edgegap_server.local.history) == 0


async def test_status_after_commit_creates_the_deployment(edgegap_server):
    edgegap_server.local.faults.add(CREATE, "status", code=502, after_commit=True)
    with pytest.raises(AssertionError):
        await edgegap_server.create()
    assert len(edgegap_server.local.deployments) == 1


@pytest.mark.looptime
async def test_delay_responds_later(serve):
    edgegap = await serve(clock=None)
    edgegap.local.faults.add("deployment-list", "delay", seconds=30)
    start = asyncio.get_running_loop().time()
    await edgegap.get("/v1/deployments")
    assert 30 <= asyncio.get_running_loop().time() - start < 31


@pytest.mark.looptime
async def test_delay_handles_the_request_of_a_client_that_disconnected(serve):
    edgegap = await serve(clock=None)
    edgegap.local.faults.add(CREATE, "delay", seconds=5)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await edgegap.create()
    assert len(edgegap.local.deployments) == 0
    await asyncio.sleep(5)
    assert len(edgegap.local.deployments) == 1


@pytest.mark.looptime
async def test_stall_handles_the_request_and_never_responds(serve):
    edgegap = await serve(clock=None)
    edgegap.local.faults.add(CREATE, "stall")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(100):
            await edgegap.create()
    assert len(edgegap.local.deployments) == 1
    await asyncio.sleep(1)
    assert not edgegap.local._started.dispatcher.active, "it ends when the client disconnects"


async def test_truncate_sends_half_of_the_response(edgegap_server):
    edgegap_server.local.faults.add(CREATE, "truncate")
    with pytest.raises(aiohttp.ClientPayloadError):
        await edgegap_server.create()
    assert len(edgegap_server.local.deployments) == 1


async def test_truncate_of_an_empty_response_drops_the_connection(edgegap_server):
    deployment = await edgegap_server.ready(tags=["red"])
    edgegap_server.local.faults.add("deployment-tag-delete", "truncate")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await edgegap_server.call("DELETE", f"/v1/deployments/{deployment.request_id}/tags/red")
    assert deployment.tags == []


async def test_not_json_responds_with_a_web_page(edgegap_server):
    edgegap_server.local.faults.add(CREATE, "not_json")
    reply = await edgegap_server.call("POST", "/v2/deployments")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.text.startswith("<!DOCTYPE html>")
    assert len(edgegap_server.local.history) == 0


@pytest.mark.parametrize("retry_after", [None, 2, 0.5, "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_rate_limited_responds_with_429(edgegap_server, retry_after):
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
async def test_errored_creates_a_deployment_that_ends_in_error(edgegap_server, path, body):
    edgegap_server.local.faults.add("*", "errored", detail="out of memory")
    await edgegap_server.get("/v1/deployments")  # does not create: the fault does not apply
    reply = await edgegap_server.call("POST", path, json=body)
    deployment = edgegap_server.local.deployments[reply.body["request_id"]]
    assert deployment.state is DeploymentState.SEEKING
    assert deployment.error_detail is None
    edgegap_server.clock.advance(7)
    assert (deployment.state, deployment.error_detail) == (DeploymentState.ERROR, "out of memory")
    logs = await edgegap_server.get(f"/v1/deployment/{deployment.request_id}/container-logs")
    assert logs["crash_data"]["message"] == "out of memory"


async def test_unprocessable_responds_with_422_and_creates_a_deployment_in_error(edgegap_server, conforms):
    edgegap_server.local.faults.add(CREATE, "unprocessable", message="no room")
    user = {"user_type": "geo_coordinates", "user_data": {"latitude": 0, "longitude": 0}}
    body = {"application": "kart", "version": "v1", "users": [user]}
    reply = await edgegap_server.call("POST", "/v2/deployments", json=body)
    assert (reply.status, reply.body["message"]) == (422, "no room")
    conforms(CREATE, reply)
    assert edgegap_server.local.deployments[reply.body["request_id"]].state is DeploymentState.ERROR


@pytest.mark.parametrize("kind", ["unprocessable", "early"])
async def test_a_fault_of_creates_does_not_replace_a_400(edgegap_server, kind):
    edgegap_server.local.faults.add(CREATE, kind)
    assert (await edgegap_server.call("POST", "/v2/deployments", json={})).status == 400


async def test_faults_apply_in_the_order_they_were_added(edgegap_server):
    faults = edgegap_server.local.faults
    faults.add("deployment-list", "status", times=2, code=500)
    faults.add("*", "status", code=502)
    faults.add("deployment-list", "status", code=503)
    assert len(faults) == 3
    seen = [(await edgegap_server.call("GET", "/v1/deployments")).status for _ in range(5)]
    assert seen == [500, 500, 502, 503, 200]
    assert len(faults) == 0


async def test_times_none_applies_until_cleared(edgegap_server):
    fault = edgegap_server.local.faults.add("deployment-list", "status", times=None, code=500)
    seen = {(await edgegap_server.call("GET", "/v1/deployments")).status for _ in range(5)}
    assert (seen, fault.happened) == ({500}, 5)
    edgegap_server.local.faults.clear()
    assert (await edgegap_server.call("GET", "/v1/deployments")).status == 200


async def test_a_fault_with_a_probability_lets_the_next_apply(edgegap_server):
    faults = edgegap_server.local.faults
    faults.add("*", "status", times=None, probability=0.5, code=500)
    faults.add("*", "status", times=None, probability=0.5, code=502)
    seen = collections.Counter([(await edgegap_server.call("GET", "/v1/deployments")).status for _ in range(200)])
    assert 70 < seen[500] < 130
    assert 25 < seen[502] < 75
    assert 25 < seen[200] < 75


async def test_a_rejected_request_does_not_use_up_a_fault(serve):
    edgegap = await serve(rate_limits={"list": 1})
    await edgegap.get("/v1/deployments")
    fault = edgegap.local.faults.add("deployment-list", "status", code=503)
    wrong = {"Authorization": "token wrong"}
    assert (await edgegap.call("GET", "/v1/deployments", headers=wrong)).status == 401
    assert (await edgegap.call("GET", "/v1/deployments")).status == 429
    assert fault.happened == 0
    edgegap.clock.advance(1)
    assert (await edgegap.call("GET", "/v1/deployments")).status == 503
    assert fault.happened == 1


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
        ("webhook", "reset", {}),
        (CREATE, "lost", {}),
        ("webhook", "late", {}),
        (CREATE, "delay", {"seconds": "1"}),
        (CREATE, "rate_limited", {"retry_after": []}),
        (CREATE, "reset", {"times": 1.5}),
    ],
)
async def test_an_invalid_fault_is_refused(edgegap_server, operation_id, kind, options):
    with pytest.raises(ValueError):
        edgegap_server.local.faults.add(operation_id, kind, **options)
    assert len(edgegap_server.local.faults) == 0


@pytest.mark.parametrize(
    ("operation", "kind", "options", "message"),
    [
        ("deployments.creat", "reset", {}, r"no operation 'deployments\.creat': did you mean .*'deployments\.create'"),
        (CREATE, "resett", {}, r"no kind of fault 'resett': did you mean 'reset'\? choose from "),
        (CREATE, "delay", {"second": 1}, r"'delay' takes no option 'second': did you mean 'seconds'\?"),
        (CREATE, "reset", {"seconds": 1}, "'reset' takes no option 'seconds': it takes none"),
        (CREATE, "delay", {}, "'delay' needs the option seconds"),
        (CREATE, "status", {"code": 99}, "the option code of the fault 'status' must be between 200 and 599, not 99"),
        (CREATE, "lost", {}, "'lost' applies only to 'webhook'"),
    ],
)
async def test_the_error_of_an_invalid_fault_says_what_is_accepted(edgegap_server, operation, kind, options, message):
    with pytest.raises(ValueError, match=message):
        edgegap_server.local.faults.add(operation, kind, **options)


async def test_a_fault_takes_the_name_of_the_clients_method(edgegap_server):
    fault = edgegap_server.local.faults.add("deployments.create", "status", code=503)
    assert (fault.operation_id, fault.name, fault.remaining) == (CREATE, "status", 1)
    assert (await edgegap_server.call("GET", "/v1/deployments")).status == 200
    assert (await edgegap_server.call("POST", "/v2/deployments")).status == 503
    assert (fault.happened, fault.remaining) == (1, 0)


def test_every_operation_can_be_named_by_its_method():
    assert len({each.call for each in OPERATIONS.values()}) == len(OPERATIONS)
    faults = LocalEdgegap().faults
    for operation in OPERATIONS.values():
        assert faults.add(operation.call, "reset").operation_id == operation.operation_id
