"""A local Edgegap, reached over its socket by a plain HTTP client, with a virtual clock."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import attrs
import orjson
import pytest

from edgegap_async.simulator import LocalEdgegap, SimulatedDeployment, VirtualClock
from edgegap_async.simulator.specification import response_validator, violations

USER = {"user_type": "geo_coordinates", "user_data": {"latitude": 45.5, "longitude": -73.6}}


@attrs.frozen
class Reply:
    """A response; ``body`` is None unless it is JSON."""

    status: int
    body: Any
    headers: Mapping[str, str]
    text: str


@attrs.define
class Edgegap:
    """A local Edgegap, and the requests that tests send to it."""

    local: LocalEdgegap
    session: aiohttp.ClientSession
    clock: VirtualClock

    async def call(self, method: str, path: str, **options: Any) -> Reply:
        headers = {"Authorization": f"token {self.local.token}"} | options.pop("headers", {})
        async with self.session.request(method, path, headers=headers, **options) as response:
            content = await response.read()
        return Reply(response.status, _json(content), response.headers, content.decode())

    async def get(self, path: str, **params: Any) -> Any:
        reply = await self.call("GET", path, params=params)
        assert reply.status == 200, reply
        return reply.body

    async def create(self, application: str = "kart", version: str = "v1.2", **fields: Any) -> str:
        body = {"application": application, "version": version, "users": [USER]} | fields
        reply = await self.call("POST", "/v2/deployments", json=body)
        assert reply.status == 202, reply
        return str(reply.body["request_id"])

    async def ready(self, **fields: Any) -> SimulatedDeployment:
        request_id = await self.create(**fields)
        self.clock.advance(10)
        return self.local.deployments[request_id]

    async def rows(self, *filters: dict[str, Any], **params: Any) -> list[str]:
        query = {"query": orjson.dumps({"filters": filters}).decode()} if filters else {}
        return [row["request_id"] for row in (await self.get("/v1/deployments", **query, **params))["data"]]


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


Serve = Callable[..., Awaitable[Edgegap]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a local Edgegap with any settings; by default with a virtual clock and without rate limits."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(**settings: Any) -> Edgegap:
            clock = settings.setdefault("clock", VirtualClock())
            settings.setdefault("rate_limits", None)
            local = await stack.enter_async_context(LocalEdgegap(**settings))
            session = await stack.enter_async_context(aiohttp.ClientSession(local.url))
            session._retry_connection = False  # tests expect the error of a dropped connection
            return Edgegap(local, session, clock)

        yield start


@pytest.fixture
async def edgegap_server(serve: Serve) -> Edgegap:
    """A local Edgegap with default settings."""
    return await serve()


@pytest.fixture
def conforms() -> Callable[[str, Reply], None]:
    """Asserts that a response conforms to the specification."""

    def check(operation_id: str, reply: Reply) -> None:
        validator = response_validator(operation_id, reply.status)
        if validator is None:
            assert not reply.text
        else:
            assert not list(map(str, violations(validator, reply.body)))

    return check
