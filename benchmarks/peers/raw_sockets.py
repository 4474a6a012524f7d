"""The least that asyncio allows: a protocol that finds the Content-Length and nothing else, no models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, cast
from urllib.parse import urlsplit

import orjson

from benchmarks.peers.plain import PlainClient

_END = b"\r\n\r\n"
_LENGTH = b"Content-Length: "


class Connection(asyncio.Protocol):
    """One connection, used for one request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._body: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        if self._body is not None and not self._body.done():
            self._body.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(_END)
        if end < 0:
            return
        at = self._received.index(_LENGTH) + len(_LENGTH)
        begins = end + len(_END)
        ends = begins + int(self._received[at : self._received.index(b"\r", at)])
        if len(self._received) >= ends and self._body is not None:
            self._body.set_result(bytes(self._received[begins:ends]))
            del self._received[:ends]

    async def request(self, request: bytes) -> bytes:
        """Send a request and return the body of the response."""
        self._body = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._body


class Client(PlainClient):
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port or 80
        self._rest = f" HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: token benchmark\r\n\r\n"
        self._idle: list[Connection] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, limited: bool = False) -> AsyncIterator[Self]:
        client = cls(url)
        try:
            yield client
        finally:
            for connection in client._idle:
                connection.transport.close()

    async def get(self, path: str) -> Any:
        if self._idle:
            connection = self._idle.pop()
        else:
            _, connection = await asyncio.get_running_loop().create_connection(Connection, *self._address)
        body = await connection.request(f"GET {path}{self._rest}".encode())
        self._idle.append(connection)
        return orjson.loads(body)
