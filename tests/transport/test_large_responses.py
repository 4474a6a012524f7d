"""Responses larger than the client's limit, over real sockets."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edgegap_async import EdgegapClient, Event, RetryPolicy
from edgegap_async.errors import (
    AuthenticationError,
    BadRequest,
    ConfigurationError,
    DecodeError,
    EdgegapError,
    RateLimited,
    ServerError,
)
from edgegap_async.events import EventKind
from edgegap_async.ownership.creation import may_have_been_created

ID = "0123456789ab"
LIMIT = 2**20
BOMB_MEGABYTES = 64

Respond: TypeAlias = Callable[[web.StreamResponse], AsyncIterator[bytes]]


def gzip_bomb(megabytes: int) -> bytes:
    """Return zeros, compressed about a thousand times."""
    gzip = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return b"".join(gzip.compress(bytes(2**20)) for _ in range(megabytes)) + gzip.flush()


async def plain(response: web.StreamResponse) -> AsyncIterator[bytes]:
    response.content_length = 64 * LIMIT
    for _ in range(64):
        yield b"x" * LIMIT


async def chunked(response: web.StreamResponse) -> AsyncIterator[bytes]:
    response.enable_chunked_encoding()
    while True:
        yield b"x" * 65536


async def compressed(response: web.StreamResponse) -> AsyncIterator[bytes]:
    response.headers["Content-Encoding"] = "gzip"
    bomb = gzip_bomb(BOMB_MEGABYTES)
    response.content_length = len(bomb)
    yield bomb


class LargeService:
    """Sends large bodies, and counts the requests and the bytes that it could send."""

    def __init__(self) -> None:
        self.requests = 0
        self.bytes = 0
        self.url = ""

    @asynccontextmanager
    async def serving(self, respond: Respond, status: int = 200) -> AsyncIterator[LargeService]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests += 1
            response = web.StreamResponse(status=status, headers={"Content-Type": "application/json"})
            chunks = respond(response)
            first = await anext(chunks)
            await response.prepare(request)
            try:
                await response.write(first)
                async for chunk in chunks:
                    self.bytes += len(chunk)
                    await response.write(chunk)
            except ConnectionError:
                pass  # the client has closed the connection
            return response

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        async with TestServer(app) as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self


def small_client(service: LargeService, **settings: Any) -> EdgegapClient:
    return EdgegapClient("abc", base_url=service.url, max_response_bytes=LIMIT, **settings)


@pytest.mark.parametrize("respond", [plain, chunked, compressed])
async def test_a_response_above_the_limit_is_a_decode_error_and_not_requested_again(respond: Respond) -> None:
    async with LargeService().serving(respond) as service, small_client(service) as edgegap:
        with pytest.raises(DecodeError, match=r"deployment-get is larger than the client's max_response_bytes"):
            await edgegap.deployments.get(ID)
    assert service.requests == 1
    assert service.bytes < 32 * LIMIT, "the rest of the body was read as well"


async def test_a_compressed_response_is_not_decompressed_beyond_the_limit() -> None:
    async with LargeService().serving(compressed) as service, small_client(service) as edgegap:
        with pytest.raises(EdgegapError):
            await edgegap.deployments.get(ID)  # imports and caches of the first call are not measured
        tracemalloc.start()
        try:
            with pytest.raises(EdgegapError):
                await edgegap.deployments.get(ID)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 8 * LIMIT, f"{peak / 2**20:.0f} MB for a limit of {LIMIT / 2**20:.0f} MB"


async def test_a_create_whose_response_is_too_large_may_have_created() -> None:
    async with LargeService().serving(plain) as service, small_client(service) as edgegap:
        with pytest.raises(DecodeError) as caught:
            await edgegap.deployments.create("kart", "v1", users=["203.0.113.7"], guard=False)
    assert may_have_been_created(caught.value)
    assert service.requests == 1


@pytest.mark.parametrize(("status", "kind"), [(400, BadRequest), (401, AuthenticationError), (500, ServerError)])
@pytest.mark.parametrize("respond", [plain, chunked, compressed])
async def test_an_error_response_above_the_limit_keeps_its_status(
    respond: Respond, status: int, kind: type[EdgegapError]
) -> None:
    async with LargeService().serving(respond, status) as service, small_client(service) as edgegap:
        with pytest.raises(kind, match=r"no message \(application/json, larger than max_response_bytes\)"):
            await edgegap.deployments.get(ID)
    assert service.requests == 1


async def test_a_429_above_the_limit_pauses_its_bucket() -> None:
    events: list[Event] = []
    async with (
        LargeService().serving(chunked, 429) as service,
        small_client(service, retry=RetryPolicy(max_attempts=1), on_event=events.append) as edgegap,
    ):
        with pytest.raises(RateLimited):
            await edgegap.deployments.get(ID, timeout=0.5)
    assert EventKind.LIMITED in {event.kind for event in events}


@pytest.mark.parametrize("has_length", [True, False])
async def test_a_response_of_exactly_the_limit_is_read(has_length: bool) -> None:
    start, end = b'{"request_id": "' + ID.encode() + b'", "new": "', b'"}'
    body = start + b"x" * (LIMIT - len(start) - len(end)) + end

    async def send(response: web.StreamResponse, content: bytes) -> AsyncIterator[bytes]:
        if has_length:
            response.content_length = len(content)
        else:
            response.enable_chunked_encoding()
        yield content

    async with (
        LargeService().serving(lambda response: send(response, body)) as service,
        small_client(service) as edgegap,
    ):
        assert len(str((await edgegap.deployments.get(ID)).extra["new"])) == LIMIT - len(start) - len(end)
    one_more = body + b" "
    async with (
        LargeService().serving(lambda response: send(response, one_more)) as service,
        small_client(service) as edgegap,
    ):
        with pytest.raises(DecodeError):
            await edgegap.deployments.get(ID)


async def test_the_connection_of_a_response_above_the_limit_is_not_used_again() -> None:
    async with LargeService().serving(chunked) as service, small_client(service) as edgegap:
        for _ in range(3):
            with pytest.raises(DecodeError):
                await edgegap.deployments.get(ID)
        assert edgegap._session.require_open().connector is not None
        assert not edgegap._session.require_open().connector._conns  # type: ignore[union-attr]
    assert service.requests == 3


@pytest.mark.parametrize("value", [0, -1, 1.5, "1", True, None])
def test_a_limit_that_is_not_a_number_of_bytes_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match="max_response_bytes must be"):
        EdgegapClient("abc", max_response_bytes=value)  # type: ignore[arg-type]
