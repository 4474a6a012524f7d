"""Stopping deployments: by id, in bulk and from inside the container."""

import pytest

from edgegap_async.simulator import DeploymentState


async def test_a_ready_deployment_stops_immediately(edgegap_server, conforms):
    deployment = await edgegap_server.ready()
    reply = await edgegap_server.call("DELETE", f"/v1/stop/{deployment.request_id}")
    assert reply.status == 200
    conforms("deployment-delete", reply)
    assert reply.body["deployment_summary"]["current_status"] == "Status.TERMINATING"
    assert deployment.request_id not in edgegap_server.local.deployments
    again = await edgegap_server.call("DELETE", f"/v1/stop/{deployment.request_id}")
    assert again.status == 202
    conforms("deployment-delete", again)
    edgegap_server.clock.advance(0.5)
    terminated = await edgegap_server.call("DELETE", f"/v1/stop/{deployment.request_id}")
    assert terminated.status == 410
    conforms("deployment-delete", terminated)


async def test_a_deployment_that_is_not_ready_stops_once_it_is(edgegap_server):
    request_id = await edgegap_server.create()
    deployment = edgegap_server.local.deployments[request_id]
    ready = deployment.ready_at
    reply = await edgegap_server.call("DELETE", f"/v1/stop/{request_id}")
    assert reply.status == 202
    assert len(edgegap_server.local.deployments) == 0
    edgegap_server.clock.advance(1)
    assert deployment.state in {DeploymentState.SEEKING, DeploymentState.DEPLOYING}
    assert (await edgegap_server.call("DELETE", f"/v1/stop/{request_id}")).status == 202
    edgegap_server.clock.advance(ready - edgegap_server.clock())
    assert deployment.state is DeploymentState.TERMINATING
    edgegap_server.clock.advance(0.5)
    assert deployment.state is DeploymentState.TERMINATED


async def test_a_failed_deployment_stops_immediately(edgegap_server):
    edgegap_server.local.faults.add("v2-deployment-create", "errored")
    deployment = await edgegap_server.ready()
    reply = await edgegap_server.call("DELETE", f"/v1/stop/{deployment.request_id}")
    assert reply.status == 200
    assert len(edgegap_server.local.deployments) == 0


async def test_stopping_an_unknown_deployment_is_a_bad_request(edgegap_server):
    reply = await edgegap_server.call("DELETE", "/v1/stop/0123456789ab")
    assert (reply.status, reply.body) == (400, {"message": "Bad Request ID provided"})


def _filter(field, filter_type, *values):
    return {"field": field, "filter_type": filter_type, "values": list(values)}


@pytest.mark.parametrize(
    ("filters", "stopped"),
    [
        ([_filter("deployment_tags", "any", "red", "blue")], {"red", "blue", "both"}),
        ([_filter("deployment_tags", "all", "red", "blue")], {"both"}),
        ([_filter("deployment_tags", "not", "red")], {"blue", "none"}),
        (
            [_filter("deployment_tags", "any", "red"), _filter("deployment_tags", "not", "blue")],
            {"red"},
        ),
        ([_filter("request_id", "any", "{red}", "{none}", "unknown")], {"red", "none"}),
        ([_filter("request_id", "not", "{red}")], {"blue", "both", "none"}),
    ],
)
async def test_bulk_stop_selects_by_tags_and_ids(edgegap_server, conforms, filters, stopped):
    tags = {"red": ["red"], "blue": ["blue"], "both": ["red", "blue"], "none": []}
    ids = {name: await edgegap_server.create(tags=each) for name, each in tags.items()}
    chosen = [each | {"values": [value.format(**ids) for value in each["values"]]} for each in filters]
    reply = await edgegap_server.call("POST", "/v1/deployments/bulk-stop", json={"filters": chosen})
    assert reply.status == 202
    conforms("deployment-bulk-delete", reply)
    assert {each["request_id"] for each in reply.body["processable"]} == {ids[name] for name in stopped}
    assert {each.request_id for each in edgegap_server.local.deployments} == {
        request_id for name, request_id in ids.items() if name not in stopped
    }
    again = await edgegap_server.call("POST", "/v1/deployments/bulk-stop", json={"filters": chosen})
    assert again.body == {"processable": []}


async def test_bulk_stop_without_filters_is_rejected(edgegap_server):
    reply = await edgegap_server.call("POST", "/v1/deployments/bulk-stop", json={"filters": []})
    assert reply.status == 400


async def test_a_container_stops_its_own_deployment(edgegap_server, conforms):
    deployment = await edgegap_server.ready()
    path = f"/v1/self/stop/{deployment.request_id}/{deployment.stop_key}"
    reply = await edgegap_server.call("DELETE", path, headers={"Authorization": deployment.delete_token})
    assert reply.status == 200
    conforms("deployment-self-delete", reply)
    assert len(edgegap_server.local.deployments) == 0


async def test_self_stop_needs_the_deployments_own_token_and_key(edgegap_server):
    deployment, other = await edgegap_server.ready(), await edgegap_server.ready()
    path = f"/v1/self/stop/{deployment.request_id}"

    async def status(key, token):
        headers = {"Authorization": token}
        return (await edgegap_server.call("DELETE", f"{path}/{key}", headers=headers)).status

    assert await status(deployment.stop_key, "") == 401
    assert await status(deployment.stop_key, f"token {deployment.delete_token}") == 403
    assert await status(deployment.stop_key, f"token {edgegap_server.local.token}") == 403
    assert await status(deployment.stop_key, other.delete_token) == 403
    assert await status("0", deployment.delete_token) == 403
    assert len(edgegap_server.local.deployments) == 2
