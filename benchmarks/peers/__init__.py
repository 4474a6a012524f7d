"""The clients that are measured: ours, and those to compare it with.

Each peer is a module with a class ``Client``, which has the methods of ``Peer``. It is imported only when it is needed,
since each needs packages that not every environment has.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, Self

import attrs

from benchmarks.results import OURS

See = Callable[[str], object]


class Peer(Protocol):
    """What each client does in the workloads."""

    @classmethod
    def open(cls, url: str, *, limited: bool = False) -> AbstractAsyncContextManager[Self]:
        """Open a client.

        Args:
            url: The base URL of the server.
            limited: Whether it keeps to the documented rate limits; else it has none, or such as are never reached.
        """
        ...

    async def status(self, request_id: str) -> str:
        """Get the status of a deployment, and return the request id in the response."""
        ...

    async def rows(self, see: See) -> None:
        """Stream the list of deployments, and call ``see`` with the request id of each row."""
        ...

    @staticmethod
    def decode(body: bytes) -> Sequence[object]:
        """Decode the body of a page of the list, and return its rows."""
        ...


@attrs.frozen(kw_only=True)
class PeerInfo:
    """Where a peer is, and what it needs.

    Attributes:
        name: The peer's name in results.
        module: The module in this folder.
        about: What it is made of.
        needs: The modules that it imports.
        has_limits: Whether it can keep to the rate limits.
    """

    name: str
    module: str
    about: str
    needs: tuple[str, ...]
    has_limits: bool = False

    @property
    def missing(self) -> str:
        """Why the peer cannot be measured, empty if it can."""
        absent = [name for name in self.needs if importlib.util.find_spec(name) is None]
        return f"not installed ({', '.join(absent)})" if absent else ""

    def load(self) -> type[Peer]:
        """Import the peer's class."""
        client: type[Peer] = importlib.import_module(f"benchmarks.peers.{self.module}").Client
        return client


FLOOR: Final = "aiohttp + orjson"
HAND_WRITTEN: Final = "hand-written"
GENERATED: Final = "openapi-python-client"

PEERS: Final = (
    PeerInfo(
        name=FLOOR,
        module="bare_aiohttp",
        about="bare aiohttp, bodies parsed by orjson, no models: the floor",
        needs=("aiohttp", "orjson"),
    ),
    PeerInfo(
        name=OURS,
        module="edgegap",
        about="this package",
        needs=("edgegap_async",),
        has_limits=True,
    ),
    PeerInfo(
        name="sockets + orjson",
        module="raw_sockets",
        about="an asyncio.Protocol that finds the Content-Length and nothing else, no models",
        needs=("orjson",),
    ),
    PeerInfo(
        name=HAND_WRITTEN,
        module="hand_written",
        about="aiohttp, cattrs, aiolimiter and tenacity, written in an afternoon",
        needs=("aiohttp", "orjson", "cattrs", "aiolimiter", "tenacity"),
        has_limits=True,
    ),
    PeerInfo(
        name=GENERATED,
        module="generated",
        about="a client generated from the service's document",
        needs=("openapi_python_client", "httpx", "attrs"),
    ),
    PeerInfo(
        name="httpx + pydantic",
        module="httpx_pydantic",
        about="httpx, bodies validated by pydantic models",
        needs=("httpx", "pydantic"),
    ),
)
