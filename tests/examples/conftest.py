"""Fixtures: a real Valkey server, empty at the start of each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from coordination.stores import Server
from redis.asyncio import Redis


@pytest.fixture(scope="module")
def valkey_server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
async def valkey(valkey_server: Server) -> AsyncIterator[Redis]:
    async with Redis.from_url(valkey_server.url, decode_responses=True, socket_timeout=None) as client:
        await client.flushall()
        yield client
