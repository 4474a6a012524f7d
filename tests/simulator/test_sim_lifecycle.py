"""The life of a simulated deployment: states, times and responses, all driven by the clock."""

import asyncio

import pytest

from edgegap_async.simulator import DeploymentState, LocalEdgegap


async def test_a_deployment_passes_through_its_states(edgegap_server):
    request_id = await edgegap_server.create()
    deployment = edgegap_server.local.deployments[request_id]
    assert deployment.state is DeploymentState.SEEKING
    states_seen = [("Status.SEEKING", "Status.INITIALIZING")]
    for _ in range(700):
        edgegap_server.clock.advance(0.01)
        body = await edgegap_server.get(f"/v1/status/{request_id}")
        states = body["current_status"], body["last_status"]
        if states != states_seen[-1]:
            states_seen.append(states)
    assert states_seen == [
        ("Status.SEEKING", "Status.INITIALIZING"),
        ("Status.DEPLOYING", "Status.SEEKING"),
        ("Status.READY", "Status.DEPLOYING"),
    ]


async def test_the_state_does_not_change_until_the_clock_advances(edgegap_server):
    request_id = await edgegap_server.create()
    for _ in range(3):
        body = await edgegap_server.get(f"/v1/status/{request_id}")
        assert body["current_status"] == "Status.SEEKING"


async def test_time_to_ready_is_within_its_limits(serve):
    edgegap = await serve(time_to_ready=(3, 4), seed=5)
    for _ in range(30):
        await edgegap.create()
    times = [each.ready_at - each.created_at for each in edgegap.local.deployments]
    assert all(3 <= time <= 4 for time in times)
    assert max(times) - min(times) > 0.3


async def test_address_ports_and_location_are_null_before_ready(edgegap_server):
    request_id = await edgegap_server.create()
    body = await edgegap_server.get(f"/v1/status/{request_id}")
    unknown = ("public_ip", "ports", "location", "start_time", "elapsed_time")
    assert [body[name] for name in unknown] == [None] * 5
    assert (body["running"], body["error"]) == (False, False)
    row = (await edgegap_server.get("/v1/deployments"))["data"][0]
    assert (row["ready"], row["public_ip"], row["ports"], row["start_time"]) == (False, None, None, None)
    assert row["status"] == "seeking"


async def test_address_ports_and_location_are_set_once_ready(edgegap_server):
    deployment = await edgegap_server.ready(tags=["match-42"])
    body = await edgegap_server.get(f"/v1/status/{deployment.request_id}")
    assert body["running"] is True
    assert body["fqdn"] == f"{deployment.request_id}.pr.edgegap.net"
    assert body["location"]["city"] == "Montreal" == deployment.city
    assert body["elapsed_time"] == int(10 - (deployment.ready_at - deployment.created_at))
    port = body["ports"]["gameport"]
    assert (port["internal"], port["protocol"]) == (7777, "UDP")
    assert 30000 <= port["external"] <= 32999
    assert port["link"] == f"{body['fqdn']}:{port['external']}"
    assert body["tags"] == ["match-42"] == deployment.tags


async def test_a_deployment_terminates_after_max_duration(serve):
    edgegap = await serve(applications={"kart": {"v1.2": {"max_duration": 2}}})
    deployment = await edgegap.ready()
    edgegap.clock.advance(105)
    assert deployment.state is DeploymentState.READY
    edgegap.clock.advance(16)
    assert deployment.state is DeploymentState.TERMINATED
    assert len(edgegap.local.deployments) == 0
    assert await edgegap.rows() == []


@pytest.mark.parametrize("max_duration", [-1, 0])
async def test_a_max_duration_of_0_or_less_means_no_end(serve, max_duration):
    edgegap = await serve(applications={"kart": {"v1.2": {"max_duration": max_duration}}})
    deployment = await edgegap.ready()
    body = await edgegap.get(f"/v1/status/{deployment.request_id}")
    assert body["max_duration"] == max_duration
    assert "removal_time" not in body
    assert deployment.ends_at is None
    edgegap.clock.advance(10_000_000)
    assert deployment.state is DeploymentState.READY


async def test_a_version_without_ports_has_none(serve):
    edgegap = await serve(applications={"kart": {"v1.2": {"ports": []}}})
    fields = {"docker_repository": "x", "docker_image": "y", "docker_tag": "z", "req_cpu": 512, "req_memory": 512}
    assert (await edgegap.call("POST", "/v1/app/kart/version", json={"name": "bare"} | fields)).status == 200
    for version in ("v1.2", "bare"):
        deployment = await edgegap.ready(version=version)
        assert deployment.ports == ()
        assert (await edgegap.get(f"/v1/status/{deployment.request_id}"))["ports"] == {}
        assert edgegap.local.injected(deployment.request_id)["ARBITRIUM_PORTS_MAPPING"] == '{"ports":{}}'


async def test_a_terminated_deployment_is_found_by_id_for_some_minutes(edgegap_server):
    deployment = await edgegap_server.ready()
    await edgegap_server.call("DELETE", f"/v1/stop/{deployment.request_id}")
    edgegap_server.clock.advance(1)
    body = await edgegap_server.get(f"/v1/status/{deployment.request_id}")
    assert body["current_status"] == "Status.TERMINATED"
    edgegap_server.clock.advance(300)
    reply = await edgegap_server.call("GET", f"/v1/status/{deployment.request_id}")
    assert reply.status == 404
    assert deployment.request_id in edgegap_server.local.history


async def test_a_failed_deployment_stays_in_error(edgegap_server):
    edgegap_server.local.faults.add("v2-deployment-create", "errored", detail="no such image")
    deployment = await edgegap_server.ready()
    edgegap_server.clock.advance(1_000_000)
    assert deployment.state is DeploymentState.ERROR
    assert deployment.error_detail == "no such image"
    body = await edgegap_server.get(f"/v1/status/{deployment.request_id}")
    assert (body["error"], body["error_detail"], body["running"]) == (True, "no such image", False)
    assert await edgegap_server.rows() == [deployment.request_id]
    assert deployment.request_id in edgegap_server.local.deployments


async def test_a_running_deployment_can_be_made_to_fail(edgegap_server):
    deployment = await edgegap_server.ready()
    deployment.fail("out of memory")
    body = await edgegap_server.get(f"/v1/status/{deployment.request_id}")
    assert (body["current_status"], body["last_status"]) == ("Status.ERROR", "Status.READY")
    assert body["error_detail"] == "out of memory"
    deployment.stop()
    edgegap_server.clock.advance(1)
    assert deployment.state is DeploymentState.TERMINATED


async def test_external_ports_are_unique_on_a_machine(edgegap_server):
    for _ in range(50):
        await edgegap_server.create()
    taken = [(each.public_ip, each.ports[0].external) for each in edgegap_server.local.deployments]
    assert len(set(taken)) == 50


async def test_a_new_machine_is_used_once_the_first_has_no_free_ports(serve):
    ports = [{"name": f"p{number}", "port": 1000 + number} for number in range(1000)]
    edgegap = await serve(applications={"kart": {"v1.2": {"ports": ports}}})
    for _ in range(4):
        await edgegap.create()
    addresses = [each.public_ip for each in edgegap.local.deployments]
    assert len(set(addresses)) == 2
    first = next(iter(edgegap.local.deployments))
    first.stop()
    edgegap.clock.advance(10)
    await edgegap.create()
    assert [each.public_ip for each in edgegap.local.deployments][-1] == first.public_ip


@pytest.mark.parametrize(
    ("port", "link"),
    [
        ({"port": 8080, "protocol": "HTTP"}, "http://{fqdn}:{external}"),
        ({"port": 8080, "protocol": "WS", "tls_upgrade": True}, "wss://{fqdn}:{external}"),
        ({"port": 8080, "protocol": "HTTPS", "tls_upgrade": True}, "https://{fqdn}:{external}"),
        ({"port": 8080, "protocol": "TCP"}, "{fqdn}:{external}"),
    ],
)
async def test_port_links_by_protocol_and_ports_without_a_name(serve, port, link):
    edgegap = await serve(applications={"kart": {"v1.2": {"ports": [port]}}})
    deployment = await edgegap.ready()
    port_details = (await edgegap.get(f"/v1/status/{deployment.request_id}"))["ports"]["8080"]
    assert port_details["link"] == link.format(fqdn=deployment.fqdn, external=port_details["external"])


async def test_a_version_can_set_its_time_to_ready(serve):
    applications = {"kart": {"slow": {"time_to_ready": (60, 60)}, "v1.2": {}}}
    edgegap = await serve(applications=applications)
    deployment = edgegap.local.deployments[await edgegap.create(version="slow")]
    assert deployment.ready_at == deployment.created_at + 60


async def test_a_deployment_fails_after_the_time_to_deploy_of_its_version(serve):
    edgegap = await serve(
        time_to_ready=(20, 20),
        applications={"kart": {"short": {"time_to_deploy": 15}, "exact": {"time_to_deploy": 20}}},
    )
    short, exact = [await edgegap.create(version=version) for version in ("short", "exact")]
    edgegap.clock.advance(14.9)
    body = await edgegap.get(f"/v1/status/{short}")
    assert (body["current_status"], body["error"]) == ("Status.DEPLOYING", False)
    edgegap.clock.advance(0.1)
    body = await edgegap.get(f"/v1/status/{short}")
    assert (body["current_status"], body["running"], body["error"]) == ("Status.ERROR", False, True)
    assert "time_to_deploy of its version, 15 seconds" in body["error_detail"]
    edgegap.clock.advance(5)
    assert (await edgegap.get(f"/v1/status/{short}"))["current_status"] == "Status.ERROR"
    assert (await edgegap.get(f"/v1/status/{exact}"))["current_status"] == "Status.READY"


async def test_only_a_version_that_sets_its_time_to_deploy_has_one(serve):
    edgegap = await serve(time_to_ready=(60, 60), applications={"kart": {"known": {}}})
    image = {"docker_repository": "docker.io", "docker_image": "kart", "docker_tag": "1"}
    path = "/v1/app/kart/version"
    body = {"name": "new", "req_cpu": 512, "req_memory": 512, **image}
    assert (await edgegap.call("POST", path, json=body)).status == 200
    assert (await edgegap.call("POST", path, json={**body, "name": "set", "time_to_deploy": 59})).status == 200
    seconds = [(await edgegap.get(f"{path}/{name}"))["time_to_deploy"] for name in ("known", "new", "set")]
    assert seconds == [15, 15, 59]
    ids = [await edgegap.create(version=name) for name in ("known", "new", "set")]
    assert (await edgegap.call("PATCH", f"{path}/new", json={"time_to_deploy": 30})).status == 200
    ids.append(await edgegap.create(version="new"))
    edgegap.clock.advance(60)
    history = edgegap.local.history
    assert [history[request_id].status for request_id in ids] == ["ready", "ready", "error", "error"]


async def test_a_planned_failure_is_replaced_only_if_the_time_to_deploy_is_shorter(serve):
    edgegap = await serve(
        time_to_ready=(20, 20), applications={"kart": {"short": {"time_to_deploy": 15}, "long": {"time_to_deploy": 21}}}
    )
    edgegap.local.faults.add("deployments.create", "errored", times=None, detail="no image")
    short, long = [await edgegap.create(version=version) for version in ("short", "long")]
    edgegap.clock.advance(20)
    details = [(await edgegap.get(f"/v1/status/{each}"))["error_detail"] for each in (short, long)]
    assert [detail == "no image" for detail in details] == [False, True]
    edgegap.local.faults.clear()
    edgegap.local.faults.add("deployments.create", "unprocessable", message="no room")
    user = {"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}
    body = {"application": "kart", "version": "short", "users": [user]}
    at_once = (await edgegap.call("POST", "/v2/deployments", json=body)).body["request_id"]
    status = await edgegap.get(f"/v1/status/{at_once}")
    assert (status["current_status"], status["error_detail"]) == ("Status.ERROR", "no room")


@pytest.mark.parametrize("seconds", [14, 15.5, "20"])
async def test_a_time_to_deploy_is_at_least_15_whole_seconds(seconds):
    with pytest.raises(ValueError, match="the settings of kart v1 are invalid: time_to_deploy"):
        LocalEdgegap(applications={"kart": {"v1": {"time_to_deploy": seconds}}})


@pytest.mark.parametrize(
    ("application", "version", "names"), [("cart", "v1.2", "application"), ("kart", "v9", "version")]
)
async def test_unknown_applications_and_versions_are_rejected_if_applications_are_configured(
    serve, application, version, names
):
    edgegap = await serve(applications={"kart": {"v1.1": {}, "v1.2": {}}})
    user = {"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}
    body = {"application": application, "version": version, "users": [user]}
    reply = await edgegap.call("POST", "/v2/deployments", json=body)
    assert reply.status == 400
    assert reply.body["message"].startswith(names)
    older = {"app_name": application, "version_name": version, "ip_list": ["203.0.113.7"]}
    assert (await edgegap.call("POST", "/v1/deploy", json=older)).status == 404
    assert len(edgegap.local.history) == 0


async def test_v1_deploys_the_newest_version_by_default(serve):
    edgegap = await serve(applications={"kart": {"v1.1": {}, "v1.2": {}}})
    reply = await edgegap.call("POST", "/v1/deploy", json={"app_name": "kart", "ip_list": ["203.0.113.7"]})
    assert reply.body["request_version"] == "v1.2"


async def test_the_parameters_of_the_creation_are_kept(edgegap_server):
    request_id = await edgegap_server.create(
        environment_variables=[{"key": "MODE", "value": "fast", "is_hidden": True}],
        webhook_on_ready={"url": "http://127.0.0.1:1/ready"},
        resources={"cpu_units": 512, "memory_mib": 1024},
        tags=["a", "b", "a"],
    )
    deployment = edgegap_server.local.deployments[request_id]
    assert deployment.environment == {"MODE": "fast"}
    assert deployment.webhooks == {"ready": "http://127.0.0.1:1/ready"}
    assert deployment.resources == {"cpu_units": 512, "memory_mib": 1024}
    assert deployment.tags == ["a", "b"]
    assert "fast" not in repr(deployment)


async def test_the_same_seed_gives_the_same_ids_and_token(serve):
    one, other, third = await serve(seed=7), await serve(seed=7), await serve(seed=8)
    ids = [[await each.create() for _ in range(3)] for each in (one, other, third)]
    assert ids[0] == ids[1] != ids[2]
    assert one.local.token == other.local.token != third.local.token


async def test_is_joinable_by_session_can_be_updated(edgegap_server, conforms):
    deployment = await edgegap_server.ready()
    path = f"/v1/deployments/{deployment.request_id}"
    reply = await edgegap_server.call("PATCH", path, json={"is_joinable_by_session": False})
    conforms("deployment-update", reply)
    assert reply.body == {"is_joinable_by_session": False}
    assert deployment.is_joinable_by_session is False


@pytest.mark.looptime
async def test_without_a_clock_the_loop_time_is_used(serve):
    edgegap = await serve(clock=None)
    request_id = await edgegap.create()
    assert edgegap.local.deployments[request_id].state is DeploymentState.SEEKING
    await asyncio.sleep(6.1)
    assert edgegap.local.deployments[request_id].state is DeploymentState.READY
