"""A TCP proxy on loopback between the client and the local Edgegap, which spoils exchanges as it is told.

It reads as much HTTP as it needs to know where a request and an answer end, and does to the bytes what a bad network
does: the server knows nothing of it.
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

Kind: TypeAlias = Literal[
    "forward",
    "refuse",  # reset before a byte of the request goes on
    "half_request",  # half of the request goes on, then both sides are reset
    "lose_answer",  # the answer is read to its end and thrown away
    "half_answer",  # half of the answer comes, then the end
    "swallow",  # the request goes on, no answer ever comes
]
Plan: TypeAlias = Callable[[str, str], Kind]
"""What happens to an exchange, by its method and path."""

_HEAD: Final = b"\r\n\r\n"


def shares(chance: random.Random, of: Mapping[Kind, float], only: str = "") -> Plan:
    """A plan that spoils exchanges at random, those whose path holds ``only``; what is left is forwarded."""
    kinds, weights = [*of, "forward"], [*of.values(), 1 - sum(of.values())]
    return lambda _, path: chance.choices(kinds, weights)[0] if only in path else "forward"  # type: ignore[return-value]


@attrs.define
class FaultProxy:
    """Listens while the block lasts; ``exchanges`` are the methods, paths and fates of what came."""

    target: str
    plan: Plan = lambda _, __: "forward"
    exchanges: list[tuple[str, str, Kind]] = attrs.field(factory=list)
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

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        parts = urlsplit(self.target)
        upstream, onward = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 24)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._exchange(reader, writer, upstream, onward):
                    pass
        finally:
            self._serving.discard(task)
            for each in (writer, onward):
                each.transport.abort()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
    ) -> bool:
        """Carry one request over and its answer back, or spoil it; False where the connection ends with it."""
        request = await _message(reader)
        method, path, _ = request.split(b" ", 2)
        kind = self.plan(method.decode(), path.decode())
        self.exchanges.append((method.decode(), path.decode(), kind))
        if kind in {"refuse", "half_request"}:
            if kind == "half_request":
                onward.write(request[: len(request) // 2])
                await onward.drain()
            _reset(onward)
            _reset(writer)
            return False
        onward.write(request)
        await onward.drain()
        answer = await _message(upstream)
        if kind == "swallow":
            await reader.read()  # until the client has enough of it
            return False
        if kind == "lose_answer":
            _reset(writer)
            return False
        writer.write(answer if kind == "forward" else answer[: len(answer) // 2])
        await writer.drain()
        if kind == "half_answer":
            writer.close()
            return False
        return True


async def _message(reader: asyncio.StreamReader) -> bytes:
    """One request or answer, whose length its head tells; those of the client and the local Edgegap all do."""
    head = await reader.readuntil(_HEAD)
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    return head + (await reader.readexactly(length) if length else b"")


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a TCP reset: closing without lingering does that."""
    connection = writer.get_extra_info("socket")
    # a loop lends its socket for nothing but looking at it, so this is set on a duplicate
    with suppress(OSError), socket.fromfd(connection.fileno(), connection.family, connection.type) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
