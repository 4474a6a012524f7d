"""Private fleets: their hosts, and deployments on them."""


async def _hosts(edgegap, fleet, **params):
    return (await edgegap.get(f"/v2/private-fleets/{fleet}/hosts", **params))["data"]


async def _deploy(edgegap, *host_ids, **fields):
    user = {"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}
    body = {"private_host_ids": host_ids, "application": "kart", "version": "v1", "users": [user]}
    return await edgegap.call("POST", "/v2/private-fleets/deployments", json=body | fields)


async def test_a_deployment_runs_on_the_requested_host(serve):
    edgegap = await serve(private_fleets={"alpha": 3, "beta": 1})
    hosts = await _hosts(edgegap, "alpha")
    assert len({host["host_id"] for host in hosts}) == len({host["ip_address"] for host in hosts}) == 3
    reply = await _deploy(edgegap, hosts[1]["host_id"], resources={"cpu_units": 512, "memory_mib": 1024})
    assert reply.status == 202
    edgegap.clock.advance(10)
    deployment = edgegap.local.deployments[reply.body["request_id"]]
    status = await edgegap.get(f"/v1/status/{deployment.request_id}")
    assert (status["public_ip"], status["location"]["city"]) == (hosts[1]["ip_address"], hosts[1]["city"])
    assert (deployment.fleet_name, deployment.host_name) == ("alpha", hosts[1]["host_id"])


async def test_a_deployment_reserves_resources_of_its_host_until_it_terminates(edgegap_server):
    host = (await _hosts(edgegap_server, "test-fleet"))[0]
    before = host["allocated_cpu_units"], host["allocated_memory_mb"]
    resources = {"cpu_units": 512, "memory_mib": 1024}
    reply = await _deploy(edgegap_server, host["host_id"], resources=resources)
    host = (await _hosts(edgegap_server, "test-fleet"))[0]
    assert (host["allocated_cpu_units"], host["allocated_memory_mb"]) == (before[0] + 512, before[1] + 1024)
    edgegap_server.local.deployments[reply.body["request_id"]].stop()
    edgegap_server.clock.advance(10)
    host = (await _hosts(edgegap_server, "test-fleet"))[0]
    assert (host["allocated_cpu_units"], host["allocated_memory_mb"]) == before


async def test_deployments_are_filtered_by_fleet_and_host(edgegap_server):
    host = (await _hosts(edgegap_server, "test-fleet"))[0]
    private = (await _deploy(edgegap_server, host["host_id"])).body["request_id"]
    public = await edgegap_server.create()

    async def rows(field, operator, value):
        return await edgegap_server.rows({"field": field, "operator": operator, "value": value})

    assert await rows("fleet_name", "eq", "test-fleet") == [private]
    assert await rows("fleet_name", "ilike", "TEST%") == [private]
    assert await rows("host_name", "in", [host["host_id"]]) == [private]
    assert await rows("fleet_name", "neq", "test-fleet") == [public]


async def test_unknown_hosts_and_fleets_are_rejected(edgegap_server):
    host = (await _hosts(edgegap_server, "test-fleet"))[0]["host_id"]
    reply = await _deploy(edgegap_server, host, "nowhere")
    assert reply.status == 400
    assert "nowhere" in reply.body["message"]
    assert (await _deploy(edgegap_server)).status == 400
    assert (await edgegap_server.call("GET", "/v2/private-fleets/nowhere/hosts")).status == 400
    assert len(edgegap_server.local.history) == 0


async def test_hosts_are_listed_in_pages(serve):
    edgegap = await serve(private_fleets={"alpha": 12})
    assert len(await _hosts(edgegap, "alpha")) == 10
    assert len(await _hosts(edgegap, "alpha", page=2)) == 2
