"""A TCP proxy on loopback between the client and the local Edgegap, which damages exchanges.

It parses just enough HTTP to know where a request and a response end, and then does to the bytes what a bad network
does. The server does not know of it.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias
from urllib.parse import urlsplit

import attrs

NetworkFault: TypeAlias = Literal[
    "forward",  # no fault
    "reset",  # the connection is reset before a byte of the request is forwarded
    "half_request",  # half of the request is forwarded, then both connections are reset
    "lose_response",  # the response is read to its end and discarded, then the connection is reset
    "half_response",  # half of the response is forwarded, then the connection is closed
    "no_response",  # the request is forwarded, and the connection stays open without a response
]
FaultPlan: TypeAlias = Callable[[str, str], NetworkFault]
"""Chooses what happens to an exchange, from its method and path."""

_END_OF_HEAD: Final = b"\r\n\r\n"


def random_faults(rng: random.Random, shares: Mapping[NetworkFault, float]) -> FaultPlan:
    """A plan with the given share of each fault; all other exchanges are forwarded."""
    faults, weights = [*shares, "forward"], [*shares.values(), 1 - sum(shares.values())]
    return lambda method, path: rng.choices(faults, weights)[0]  # type: ignore[return-value]


@attrs.define
class FaultProxy:
    """Listens inside its ``async with`` block; ``exchanges`` holds method, path and fault of each request."""

    target: str
    plan: FaultPlan = lambda method, path: "forward"
    exchanges: list[tuple[str, str, NetworkFault]] = attrs.field(factory=list)
    url: str = attrs.field(init=False, default="")
    _server: asyncio.Server = attrs.field(init=False, default=None)
    _serving: set[asyncio.Task[None]] = attrs.field(init=False, factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 24)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._server.close()
        for task in (serving := [*self._serving]):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0)

    async def _serve(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        parts = urlsplit(self.target)
        server_reader, server_writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 24)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._exchange(client_reader, client_writer, server_reader, server_writer):
                    pass
        finally:
            self._serving.discard(task)
            for writer in (client_writer, server_writer):
                writer.transport.abort()

    async def _exchange(
        self,
        client_reader: asyncio.StreamReader,
        client_writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> bool:
        """Forward one request and its response, or damage the exchange; return whether the connection goes on."""
        request = await _read_message(client_reader)
        method, path, _ = request.split(b" ", 2)
        fault = self.plan(method.decode(), path.decode())
        self.exchanges.append((method.decode(), path.decode(), fault))
        if fault in {"reset", "half_request"}:
            if fault == "half_request":
                server_writer.write(request[: len(request) // 2])
                await server_writer.drain()
            _reset(server_writer)
            _reset(client_writer)
            return False
        server_writer.write(request)
        await server_writer.drain()
        response = await _read_message(server_reader)
        if fault == "no_response":
            await client_reader.read()  # until the client closes the connection
            return False
        if fault == "lose_response":
            _reset(client_writer)
            return False
        client_writer.write(response if fault == "forward" else response[: len(response) // 2])
        await client_writer.drain()
        if fault == "half_response":
            client_writer.close()
            return False
        return True


async def _read_message(reader: asyncio.StreamReader) -> bytes:
    """Read one request or response. Those of the client and of the local Edgegap all have a Content-Length."""
    head = await reader.readuntil(_END_OF_HEAD)
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    return head + (await reader.readexactly(length) if length else b"")


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with a TCP reset, which is what closing it without lingering does."""
    connection = writer.get_extra_info("socket")
    # the event loop does not allow this option on its own socket, so it is set on a duplicate
    with suppress(OSError), socket.fromfd(connection.fileno(), connection.family, connection.type) as duplicate:
        duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
