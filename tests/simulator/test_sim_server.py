"""The server: authorization, routing, the request log, its own errors, settings, shutdown."""

import asyncio
import contextlib
import gc
import time
import warnings

import aiohttp
import pytest
from yarl import URL

from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import LocalEdgegap, VirtualClock, server
from edgegap_async.simulator.handlers.table import HANDLERS
from edgegap_async.simulator.http.routing import MatchedRoute, Routes

# authorization and binding


@pytest.mark.parametrize(
    "authorization", [None, "", "{token}", "token", "token token {token}", "Bearer {token}", "token {token}x"]
)
async def test_a_request_without_the_token_gets_401(edgegap_server, authorization):
    headers = {} if authorization is None else {"Authorization": authorization.format(token=edgegap_server.local.token)}
    async with edgegap_server.session.get("/v1/deployments", headers=headers) as response:
        assert response.status == 401
        assert list(await response.json()) == ["message"]


async def test_the_token_can_be_set(serve):
    edgegap = await serve(token="mine")
    assert edgegap.local.token == "mine"
    await edgegap.get("/v1/deployments")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])
def test_a_host_that_other_machines_reach_needs_allow_remote(host):
    with pytest.raises(ValueError, match="allow_remote"):
        LocalEdgegap(host=host)


async def test_allow_remote_binds_all_interfaces(serve):
    edgegap = await serve(host="0.0.0.0", allow_remote=True)
    assert edgegap.local.url.startswith("http://127.0.0.1:")
    await edgegap.get("/v1/deployments")


async def test_localhost_is_accepted_as_host(serve):
    await (await serve(host="localhost")).get("/v1/deployments")


# routing


def test_every_path_is_routed_to_its_operation():
    routes = Routes()
    for operation in OPERATIONS.values():
        path = operation.path
        for number, name in enumerate(operation.parameters):
            path = path.replace(f"{{{name}}}", f"x%2F{number}")
        expected = {name: f"x/{number}" for number, name in enumerate(operation.parameters)}
        assert routes.find(operation.method, path) == MatchedRoute(operation, expected)


async def test_an_unknown_path_gets_404_and_is_logged(edgegap_server):
    for path in ("/", "/v1", "/v1/deployments/", "/v3/deployments", "/v1/deployments/a/b/c/d"):
        reply = await edgegap_server.call("GET", path)
        assert (reply.status, list(reply.body)) == (404, ["message"])
        assert edgegap_server.local.requests[-1].operation_id is None


async def test_an_unknown_method_gets_405_with_the_allowed_ones(edgegap_server):
    reply = await edgegap_server.call("PUT", "/v1/deployments/x/tags")
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/apps/",
        "/v1//apps",
        "//v1/apps",
        "/v1/status//",
        "/v1/container-registry/images/local/game-server/tags/",
        "/v1/container-registry/images/local//game-server/tags",
    ],
)
async def test_no_slash_may_be_added_to_a_path(edgegap_server, path):
    """No document says that the service tolerates one."""
    assert (await edgegap_server.call("GET", URL(f"{edgegap_server.local.url}{path}", encoded=True))).status == 404


async def test_head_has_the_status_and_the_headers_of_get_and_no_body(edgegap_server):
    for path, status in (("/v1/apps", 200), ("/v1/locations", 200), ("/v1/app/unknown", 404), ("/nothing", 404)):
        with_body = await edgegap_server.call("GET", path)
        reply = await edgegap_server.call("HEAD", path)
        assert (reply.status, reply.text) == (status, "")
        assert (reply.headers["Content-Length"], reply.headers["Content-Type"]) == (
            with_body.headers["Content-Length"],
            with_body.headers["Content-Type"],
        )
        assert edgegap_server.local.requests[-1].method == "HEAD"
    assert (await edgegap_server.call("HEAD", "/v2/deployments")).status == 405
    assert edgegap_server.local.requests[-1].status == 405


@pytest.mark.parametrize("fault", ["truncate", "not_json", "drop_after_commit"])
async def test_a_fault_applies_to_head_too(edgegap_server, fault):
    edgegap_server.local.faults.add("application-list", fault)
    with contextlib.suppress(aiohttp.ClientError):
        assert (await edgegap_server.call("HEAD", "/v1/apps")).text == ""
    assert (await edgegap_server.call("HEAD", "/v1/apps")).status == 200


def test_every_operation_has_a_handler():
    assert HANDLERS.keys() == OPERATIONS.keys()


# the request log and the server's own errors


async def test_requests_are_logged_without_the_token(edgegap_server):
    edgegap_server.clock.advance(3)
    body = {"application": "kart"}
    await edgegap_server.call("POST", "/v2/deployments", json=body, headers={"X-Mine": "1"})
    await edgegap_server.call("GET", "/v1/deployments/a%2Fb/tags", params={"page": 2})
    first, second = edgegap_server.local.requests
    assert (first.at, first.method, first.path, first.status) == (3, "POST", "/v2/deployments", 400)
    assert (first.operation_id, first.body) == ("v2-deployment-create", body)
    assert first.headers["x-mine"] == "1"
    assert edgegap_server.local.token not in repr(edgegap_server.local.requests)
    assert (second.query, second.body, second.status) == ({"page": "2"}, None, 404)
    with pytest.raises(AttributeError):
        first.path = "/"


async def test_an_error_of_the_server_itself_gets_500_and_is_raised_at_the_end(monkeypatch):
    def broken(*_):
        raise KeyError("mine")

    monkeypatch.setattr(server, "HANDLERS", {"location-list": broken})
    with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012
        async with LocalEdgegap(clock=VirtualClock()) as local, aiohttp.ClientSession() as session:
            headers = {"Authorization": f"token {local.token}"}
            async with session.get(f"{local.url}/v1/locations", headers=headers) as response:
                assert response.status == 500
                assert "mine" in (await response.json())["message"]
            assert [type(crash) for crash in local.crashes] == [KeyError]
            assert local.requests[0].status == 500
    assert caught.value.exceptions[0].args == ("mine",)


async def test_an_error_of_the_block_is_not_replaced_by_the_servers_own(monkeypatch):
    local = LocalEdgegap()
    local.crashes.append(KeyError("mine"))
    with pytest.raises(ZeroDivisionError):
        async with local:
            _ = 1 / 0


# start and end


def test_the_error_of_an_unknown_setting_names_the_version_and_a_close_match():
    with pytest.raises(ValueError, match=r"kart v1 takes no setting 'port': did you mean 'ports'\?"):
        LocalEdgegap(applications={"kart": {"v1": {"port": 3}}})


async def test_a_server_whose_start_failed_can_be_started_later(unused_tcp_port):
    local = LocalEdgegap(port=unused_tcp_port)
    async with LocalEdgegap(port=unused_tcp_port):
        with pytest.raises(OSError, match="in use"):
            await local.__aenter__()
    async with local:
        assert local.url.endswith(f":{unused_tcp_port}")


async def test_it_is_used_inside_one_async_with_block():
    local = LocalEdgegap()
    for use in (lambda: local.url, lambda: local.deployments, lambda: local.history, lambda: local.clock):
        with pytest.raises(RuntimeError, match="async with"):
            use()
    async with local:
        url = local.url
    assert len(local.deployments) == 0
    with pytest.raises(RuntimeError, match="once"):
        await local.__aenter__()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)


async def test_shutdown_takes_no_time_with_stalled_and_delayed_requests():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with aiohttp.ClientSession() as session:
            async with LocalEdgegap(jitter=0.001) as local:
                headers = {"Authorization": f"token {local.token}"}
                local.faults.add("deployment-list", "stall", times=10)
                local.faults.add("deployment-list", "delay", times=10, seconds=60)
                requests = [
                    asyncio.create_task(session.get(f"{local.url}/v1/deployments", headers=headers)) for _ in range(20)
                ]
                while len(local.requests) < 10:
                    await asyncio.sleep(0.005)
                start = time.perf_counter()
            assert time.perf_counter() - start < 0.5
            replies = await asyncio.gather(*requests, return_exceptions=True)
        assert all(isinstance(reply, aiohttp.ClientError) or reply.status == 429 for reply in replies)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        gc.collect()


async def test_a_client_that_disconnects_during_its_request_is_no_crash(edgegap_server):
    host, port = edgegap_server.local.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /v2/deployments HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.02)
    assert not edgegap_server.local.crashes
    await edgegap_server.get("/v1/deployments")


@pytest.mark.parametrize(
    "settings",
    [
        {"time_to_ready": (3, 2)},
        {"time_to_ready": (-1, 2)},
        {"counting": "leaky"},
        {"rate_limits": {"deploys": 3}},
        {"max_page_size": 0},
        {"list_lag": -1},
        {"jitter": -1},
        {"applications": {"kart": {"v1": {"session_config": {"kind": "Solo"}}}}},
        {"applications": {"kart": {"v1": {"port": 3}}}},
        {"applications": {"kart": {"v1": {"ports": [{"number": 3}]}}}},
    ],
)
def test_invalid_settings_are_refused(settings):
    with pytest.raises(ValueError):
        LocalEdgegap(**settings)


async def test_client_connects_to_the_server(serve):
    edgegap = await serve()
    await edgegap.create()
    async with edgegap.local.client(timeout=5) as client:
        assert await client.deployments.list().total() == 1


async def test_200_concurrent_creates_get_200_ids(serve):
    edgegap = await serve()
    ids = await asyncio.gather(*(edgegap.create() for _ in range(200)))
    assert len(set(ids)) == 200 == len(edgegap.local.deployments)


def test_a_clock_cannot_be_moved_back():
    with pytest.raises(ValueError):
        VirtualClock().advance(-1)
