"""Requests that cannot be sent: each ends with an error of the tree that says that nothing was sent."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses

from edgegap_async import EdgegapClient, RetryPolicy
from edgegap_async.errors import APIError, ConfigurationError, EdgegapError, Outcome, TransportError
from edgegap_async.ownership.creation import may_have_been_created
from edgegap_async.simulator import LocalEdgegap

ID = "0123456789ab"
ONCE = RetryPolicy(max_attempts=1)
NO_HOSTS = ["a..b", ".a", "a" * 64, "a b", "a\x00b", "a_é..b", "-", "a%zzb", "[::1", "[1.2]", "*"]


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


class FakeProxy:
    """An HTTP proxy that answers every request with one response, and records the requests' first lines."""

    def __init__(self, response: bytes) -> None:
        self.response = response
        self.heads: list[bytes] = []
        self.authority = ""
        self._handlers: set[asyncio.Task[Any] | None] = set()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._handlers.add(asyncio.current_task())
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.response)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._handlers.discard(asyncio.current_task())

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[FakeProxy]:
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self.authority = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self
            while self._handlers:
                await asyncio.sleep(0.001)


def refusal(status: str) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
    ).encode()


async def failure_of(edgegap: EdgegapClient) -> EdgegapError:
    async with edgegap:
        with pytest.raises(EdgegapError) as caught:
            await edgegap.deployments.create("kart", "v1", users=["203.0.113.7"], guard=False)
    return caught.value


@pytest.mark.parametrize("host", [host for host in NO_HOSTS if host != "-"])
def test_a_base_url_whose_host_cannot_exist_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        EdgegapClient("abc", base_url=f"http://{host}/")


@pytest.mark.parametrize("host", [host for host in NO_HOSTS if host != "-"])
def test_a_proxy_whose_host_cannot_exist_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="proxy"):
        EdgegapClient("abc", proxy=f"http://user:hunter2@{host}/")


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "127.0.0.1:8080", "http://", "", "http://127.0.0.1:port"])
def test_a_proxy_that_is_no_http_url_is_refused(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="proxy"):
        EdgegapClient("abc", proxy=proxy)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "localhost", "api.edgegap.com", "a_b.example", "bücher.example", "api.edgegap.com."]
)
def test_a_host_that_can_exist_is_accepted(host: str) -> None:
    assert EdgegapClient("abc", base_url=f"http://{host}:8080", proxy=f"http://user:hunter2@{host}:8080")


@pytest.mark.parametrize(
    "failure",
    [
        UnicodeError("encoding with 'idna' codec failed (UnicodeError: label empty or too long)"),
        aiohttp.InvalidURL("http://a..b"),
        aiohttp.ServerFingerprintMismatch(b"a", b"b", "127.0.0.1", 1),
    ],
    ids=lambda it: type(it).__name__,
)
async def test_a_failure_before_the_connection_says_that_nothing_was_sent(failure: Exception) -> None:
    with aioresponses() as service:
        service.post("http://127.0.0.1:1/v2/deployments", exception=failure)
        error = await failure_of(EdgegapClient("abc", base_url="http://127.0.0.1:1", retry=ONCE))
    assert isinstance(error, TransportError)
    assert error.outcome is Outcome.NOT_SENT
    assert "nothing was sent" in str(error)


@pytest.mark.parametrize(
    "failure",
    [
        ValueError("odd"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        aiohttp.ClientResponseError(None, (), status=400),  # type: ignore[arg-type]
        aiohttp.ClientConnectionError("Connector is closed"),
    ],
    ids=lambda it: type(it).__name__,
)
async def test_any_other_failure_has_an_unknown_outcome(failure: Exception) -> None:
    with aioresponses() as service:
        service.post("http://127.0.0.1:1/v2/deployments", exception=failure)
        error = await failure_of(EdgegapClient("abc", base_url="http://127.0.0.1:1"))
    assert isinstance(error, TransportError)
    assert error.outcome is Outcome.UNKNOWN
    assert may_have_been_created(error)


async def test_a_resolver_that_cannot_encode_the_name_is_a_transport_error() -> None:
    """The name reaches the resolver unchecked if the session is another's."""

    class Resolver(aiohttp.abc.AbstractResolver):
        async def resolve(self, host: str, *_: Any, **__: Any) -> Any:
            "a..b".encode("idna")

        async def close(self) -> None:
            pass

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Resolver())) as session:
        error = await failure_of(EdgegapClient("abc", base_url="http://a.example", session=session, retry=ONCE))
    assert isinstance(error, TransportError)
    assert error.outcome is Outcome.NOT_SENT


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "[::1]", "localhost"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_closed_port_is_a_transport_error(unused_tcp_port: int, scheme: str, host: str) -> None:
    error = await failure_of(EdgegapClient("abc", base_url=f"{scheme}://{host}:{unused_tcp_port}", retry=ONCE))
    assert isinstance(error, TransportError)
    assert error.outcome is Outcome.NOT_SENT
    assert isinstance(error.__cause__, OSError)


async def test_a_tunnel_that_fails_does_not_show_the_password_of_the_proxy() -> None:
    """aiohttp's error for a failed handshake holds the URL of the proxy."""
    async with FakeProxy(b"HTTP/1.1 200 OK\r\n\r\n").serving() as proxy:
        settings: dict[str, Any] = {"proxy": f"http://user:hunter2@{proxy.authority}", "retry": ONCE}
        edgegap = EdgegapClient("abc", base_url="https://127.0.0.1:1", **settings)
        del settings
        error = await failure_of(edgegap)
    assert isinstance(error, TransportError)
    assert error.outcome is Outcome.NOT_SENT
    assert isinstance(error.__cause__, OSError)
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "hunter2" not in shown
    for link in (error, error.__cause__):
        assert "hunter2" not in repr([link, link.args, vars(link), link.__context__])


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway"])
async def test_a_proxy_that_refuses_a_tunnel_is_a_transport_error(status: str) -> None:
    async with FakeProxy(refusal(status)).serving() as proxy:
        settings: dict[str, Any] = {"proxy": f"http://{proxy.authority}", "retry": ONCE}
        error = await failure_of(EdgegapClient("s3cret", base_url="https://127.0.0.1:1", **settings))
    assert isinstance(error, TransportError)
    assert error.outcome is Outcome.NOT_SENT
    assert f"the proxy refused the connection with status {status[:3]}; nothing was sent" in str(error)
    assert [head.split()[0] for head in proxy.heads] == [b"CONNECT"]
    assert b"s3cret" not in proxy.heads[0]


@pytest.mark.parametrize(("status", "attempts"), [("407 Proxy Authentication Required", 1), ("502 Bad Gateway", 3)])
async def test_a_proxy_that_refuses_the_password_is_asked_once(status: str, attempts: int) -> None:
    async with FakeProxy(refusal(status)).serving() as proxy:
        settings: dict[str, Any] = {
            "proxy": f"http://{proxy.authority}",
            "retry": RetryPolicy(max_attempts=3, max_delay=0.01),
        }
        error = await failure_of(EdgegapClient("s3cret", base_url="https://127.0.0.1:1", **settings))
    assert isinstance(error, TransportError)
    assert error.is_permanent == (attempts == 1)
    assert ("check the user name and password in proxy=" in str(error)) == error.is_permanent
    assert len(proxy.heads) == attempts


async def test_a_proxy_that_refuses_a_plain_request_is_an_api_error() -> None:
    async with FakeProxy(refusal("407 Proxy Authentication Required")).serving() as proxy:
        settings: dict[str, Any] = {"proxy": f"http://{proxy.authority}"}
        error = await failure_of(EdgegapClient("abc", base_url="http://127.0.0.1:1", **settings))
    assert isinstance(error, APIError)
    assert error.status == 407
    assert "check the user name and password in proxy=" in str(error)
    assert not may_have_been_created(error)
    assert len(proxy.heads) == 1


@pytest.mark.parametrize(
    "value",
    [
        "Wed, 17 Dec 1000000000 19:33:30 GMT",
        "Wed, 17 Dec 99999999999999999999 19:33:30 GMT",
        "Wed, 17 Dec 2025 19:33:30 +99999999999999999999",
        "Wed, 17 Dec 0001 00:00:00 -0000",
        "9" * 5000,
    ],
)
async def test_an_odd_retry_after_does_not_replace_the_error(local: LocalEdgegap, value: str) -> None:
    local.faults.add("deployment-get", "status", code=503, body={"message": "no"}, headers={"Retry-After": value})
    async with local.client(retry=ONCE) as edgegap:
        with pytest.raises(APIError) as caught:
            await edgegap.deployments.get(ID)
    assert caught.value.status == 503


@pytest.mark.parametrize("value", ["\ud800", object(), nested(100_000)], ids=["surrogate", "object", "nested"])
async def test_a_value_that_is_not_json_is_a_configuration_error(local: LocalEdgegap, value: Any) -> None:
    async with local.client() as edgegap:
        with pytest.raises(ConfigurationError, match="cannot be sent as JSON"):
            await edgegap._pipeline.call("v2-deployment-create", type(None), body={"name": value})
    assert not local.requests


async def test_a_value_that_does_not_fit_in_a_url_is_a_configuration_error(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        with pytest.raises(ConfigurationError, match="cannot be part of a URL"):
            await edgegap.deployments.get("abc\ud800")
        with pytest.raises(ConfigurationError, match="cannot be part of a URL"):
            await edgegap._pipeline.call("deployment-list", type(None), query={"query": "\ud800"})
    assert not local.requests
