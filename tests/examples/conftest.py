"""Fixtures: a real Valkey server, empty at the start of each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from benchmarks.own_valkey import OwnValkey


@pytest.fixture(scope="module")
def valkey_server() -> Iterator[OwnValkey]:
    server = OwnValkey()
    yield server
    server.stop()


@pytest.fixture
async def valkey(valkey_server: OwnValkey) -> AsyncIterator[Redis]:
    async with Redis.from_url(valkey_server.url, decode_responses=True, socket_timeout=None) as client:
        await client.flushall()
        yield client
