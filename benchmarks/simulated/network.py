"""A network in memory: connections between protocols of one event loop, with delays and faults from a seed."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import aiohttp
import attrs
from aiohttp.client_proto import ResponseHandler

from benchmarks.simulated.event_loop import VirtualLoop, process

_LOCALHOST: Final = "127.0.0.1"


@attrs.frozen(kw_only=True)
class Weather:
    """How the network behaves from one moment to another.

    Attributes:
        begins: In seconds.
        ends: In seconds.
        refused: The share of connections that are refused.
        unanswered: The share of connections that are never established.
        reset: The share of pieces of data with which the connection is reset instead of delivering them.
        lost: The share of pieces of data after which a direction of a connection delivers nothing more.
        split: The share of pieces of data that arrive in parts.
    """

    begins: float
    ends: float
    refused: float = 0.0
    unanswered: float = 0.0
    reset: float = 0.0
    lost: float = 0.0
    split: float = 0.0


_CALM: Final = Weather(begins=0, ends=0)


class Network:
    """Connects clients to servers of the same process."""

    def __init__(self, loop: VirtualLoop, rng: random.Random, latency: tuple[float, float]) -> None:
        """Connect nothing yet.

        Args:
            loop: The event loop.
            rng: The source of delays and faults.
            latency: The shortest and the longest delay of a piece of data, in seconds.
        """
        self.weather: tuple[Weather, ...] = ()
        self.open: dict[MemoryTransport, None] = {}
        """Both ends of each connection that is open."""
        self.connections = 0
        self.as_server = contextvars.Context()
        """The context in which servers are connected: their tasks inherit it."""
        self.dead: set[int] = set()
        """The processes that ended without closing anything: none of their connections is established any more."""
        self.loop = loop
        self.rng = rng
        self._latency = latency
        self._servers: dict[int, Callable[[], asyncio.BaseProtocol]] = {}

    def now(self) -> Weather:
        """The present weather."""
        moment = self.loop.time()
        return next((each for each in self.weather if each.begins <= moment < each.ends), _CALM)

    def delay(self) -> float:
        return self.rng.uniform(*self._latency)

    def listen(self, factory: Callable[[], asyncio.BaseProtocol], port: int) -> _Server:
        port = port or 20_000 + len(self._servers)
        self._servers[port] = factory
        return _Server(self, port)

    def close(self, port: int) -> None:
        del self._servers[port]

    async def connect(self, port: int, factory: Callable[[], Any]) -> Any:
        """Return a protocol that is connected to the server at a port.

        Raises:
            ConnectionRefusedError: There is no server.
        """
        weather = self.now()
        if self.rng.random() < weather.unanswered:
            await self.loop.create_future()
        await asyncio.sleep(self.delay())
        if process.get() in self.dead:
            raise ConnectionRefusedError("this process has ended")
        if port not in self._servers or self.rng.random() < weather.refused:
            raise ConnectionRefusedError(f"connection to port {port} refused")
        self.connections += 1
        here = MemoryTransport(self, 1024 + self.connections, contextvars.copy_context())
        there = MemoryTransport(self, port, self.as_server.copy())
        here.peer, there.peer = there, here
        protocol = factory()
        there.context.run(there.connect, self._servers[port]())
        here.connect(protocol)
        return protocol

    def kill(self, number: int) -> None:
        """Reset all connections of a process that ended without closing them."""
        self.dead.add(number)
        for transport in [each for each in self.open if each.context.get(process) == number]:
            transport.die()


class MemoryTransport(asyncio.Transport):
    """One end of a connection."""

    peer: MemoryTransport

    def __init__(self, network: Network, port: int, context: contextvars.Context) -> None:
        """Connect nothing yet.

        Args:
            network: The network.
            port: The port of this end.
            context: The context in which data arrives.
        """
        super().__init__({"peername": (_LOCALHOST, port), "sockname": (_LOCALHOST, port)})
        self.context = context
        self._network = network
        self._protocol: Any = None
        self._under_way: deque[bytes | None] = deque()
        self._arrived: deque[bytes | None] = deque()
        self._latest_arrival = 0.0
        self._is_paused = False
        self._is_closing = False
        self._is_lost = False
        self._is_silent = False

    def connect(self, protocol: Any) -> None:
        self._protocol = protocol
        self._network.open[self] = None
        protocol.connection_made(self)

    # what the protocol calls

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._is_closing or not data or self._is_silent:
            return
        weather, rng = self._network.now(), self._network.rng
        chance = rng.random()
        if chance < weather.reset:
            self._lose_later()
            self.peer._lose_later()
        elif chance < weather.reset + weather.lost:
            self._is_silent = True
        elif len(data) > 1 and rng.random() < weather.split:
            half = rng.randrange(1, len(data))
            self.peer._send(bytes(data[:half]))
            self.peer._send(bytes(data[half:]))
        else:
            self.peer._send(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        self.peer._send(None)

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            if not self._is_silent:
                self.peer._send(None)
            self._network.loop.call_soon(self._lose, None)

    def abort(self) -> None:
        if not self._is_lost:
            self._is_closing = True
            self._network.loop.call_soon(self._lose, None)
            self.peer._lose_later()

    def die(self) -> None:
        """Lose the connection because the process of this end has ended; its protocol learns of it only if it runs."""
        self._is_closing = True
        del self._network.open[self]
        self._is_lost = True
        self._network.loop.call_soon(self._protocol.connection_lost, None, context=self.context)
        self.peer._lose_later()

    def is_closing(self) -> bool:
        return self._is_closing

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        self._is_paused = False
        self._network.loop.call_soon(self._deliver_arrived)

    def is_reading(self) -> bool:
        return not self._is_paused

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    # what arrives

    def _send(self, data: bytes | None) -> None:
        """Have data, or the end of the stream, arrive after what was sent before."""
        loop = self._network.loop
        self._latest_arrival = max(self._latest_arrival, loop.time() + self._network.delay())
        self._under_way.append(data)
        # timers of one moment have no order
        loop.call_at(self._latest_arrival, self._arrive, context=self.context)

    def _arrive(self) -> None:
        self._arrived.append(self._under_way.popleft())
        self._deliver_arrived()

    def _deliver_arrived(self) -> None:
        while self._arrived and not self._is_paused and not self._is_lost:
            data = self._arrived.popleft()
            if data is None:
                if not self._protocol.eof_received():
                    self.close()
                return
            if not self._is_closing:
                self._protocol.data_received(data)

    def _lose_later(self) -> None:
        error, delay = ConnectionResetError("reset by peer"), self._network.delay()
        self._network.loop.call_later(delay, self._lose, error, context=self.context)

    def _lose(self, error: Exception | None) -> None:
        self._is_closing = True
        if not self._is_lost:
            self._is_lost = True
            del self._network.open[self]
            self._protocol.connection_lost(error)


@attrs.define
class _Server:
    """What ``create_server`` of an event loop returns."""

    _network: Network
    _port: int

    @property
    def sockets(self) -> list[Any]:
        return [self]

    def getsockname(self) -> tuple[str, int]:
        return _LOCALHOST, self._port

    def close(self) -> None:
        self._network.close(self._port)

    async def wait_closed(self) -> None:
        pass


def connector_of(network: Network) -> Callable[..., aiohttp.BaseConnector]:
    """A class to be used in place of aiohttp's connector: its connections are in the network."""

    class MemoryConnector(aiohttp.BaseConnector):
        def __init__(self, *, limit: int = 100, **_: Any) -> None:
            super().__init__(limit=limit)

        async def _create_connection(
            self, req: aiohttp.ClientRequest, traces: Any, timeout: aiohttp.ClientTimeout
        ) -> ResponseHandler:
            try:
                async with asyncio.timeout(timeout.sock_connect):
                    return await network.connect(req.url.port or 80, self._factory)  # type: ignore[no-any-return]
            except TimeoutError as error:
                raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {req.url}") from error
            except OSError as error:
                raise aiohttp.ClientConnectorError(req.connection_key, error) from error

    return MemoryConnector
