"""The floor: bare aiohttp, bodies parsed by orjson, no models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
import orjson

from benchmarks.peers.plain import PlainClient


class Client(PlainClient):
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, limited: bool = False) -> AsyncIterator[Self]:
        async with aiohttp.ClientSession(headers={"Authorization": "token benchmark"}) as session:
            yield cls(session, url)

    async def get(self, path: str) -> Any:
        async with self._session.get(self._url + path) as response:
            return orjson.loads(await response.read())
