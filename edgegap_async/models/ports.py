"""Ports of a game server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs

from edgegap_async.models.base import Model


@attrs.frozen(kw_only=True)
class Port(Model):
    """A port that a version declares, and where players reach it.

    Attributes:
        name: The name that the version gives it.
        internal: The port number in the container.
        external: The port number on the host, None while the port is not open.
        protocol: ``UDP``, ``TCP``, ``HTTP`` ...; the service shows ``WS`` as ``Websocket``.
        tls_upgrade: Whether the service speaks TLS in front of the container.
        link: The complete address; it has a scheme for HTTP and WS only.
        proxy: The number of the port at the proxy, if there is one.
    """

    name: str | None = None
    internal: int | None = None
    external: int | None = None
    protocol: str | None = None
    tls_upgrade: bool | None = None
    link: str | None = None
    proxy: int | None = None


class ReceivedPorts:
    """The ports of a response before they are first read; the ports of most rows of a list never are.

    A compiled decoder leaves ``_by_name`` unset, and sets what ``Ports`` creates it from.
    """

    __slots__ = ("_create", "_received")

    _create: Callable[[Any], Mapping[str, Port]]
    _received: Any

    if not TYPE_CHECKING:  # for a type checker, a class with this method has every attribute

        def __getattr__(self, name: str) -> Any:
            """Create ``_by_name``; Python calls this only for attributes that are not set."""
            if name != "_by_name" or (received := self._received) is None:
                return object.__getattribute__(self, name)
            created = self._create(received)
            object.__setattr__(self, "_by_name", created)
            object.__setattr__(self, "_received", None)  # second: another thread may be here as well
            return created


@attrs.frozen(repr=False)
class Ports(Mapping[str, Port], ReceivedPorts):
    """Ports by name, ``ports["gameport"]``, or by their number in the container, ``ports[7777]``.

    A port without a name has its number, as a string, as its key. A lookup that finds no port raises KeyError with the
    ports that exist.
    """

    _by_name: Mapping[str, Port] = MappingProxyType({})

    def __getitem__(self, key: str | int) -> Port:
        wanted = str(key)
        if wanted in self._by_name:
            return self._by_name[wanted]
        for port in self._by_name.values():
            if str(port.internal) == wanted:
                return port
        known = ", ".join(f"{name} ({port.internal})" for name, port in self._by_name.items())
        raise KeyError(f"no port {key!r}; known: {known or 'none yet'}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __hash__(self) -> int:
        return hash(frozenset(self._by_name.items()))

    def __repr__(self) -> str:
        return f"Ports({dict(self._by_name)!r})"


NO_PORTS: Final = Ports()
"""The ports of a server that has none, or none yet."""
