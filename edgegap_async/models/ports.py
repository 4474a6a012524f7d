"""The ports of a game server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import extra_field


@attrs.frozen(kw_only=True)
class Port:
    """A port that a version declares, and where players reach it.

    ``internal`` is the port in the container, ``external`` the one on the host. ``link`` is the whole address, with
    a scheme for http and ws only.
    """

    name: str | None = None
    internal: int | None = None
    external: int | None = None
    protocol: str | None = None
    tls_upgrade: bool | None = None
    link: str | None = None
    proxy: int | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(repr=False)
class Ports(Mapping[str, Port]):
    """Ports by name, ``ports["gameport"]``, or by internal number, ``ports[7777]``.

    A port without a name is keyed by its number as text. A port that is not there is a KeyError that names those
    that are.
    """

    _by_name: Mapping[str, Port] = MappingProxyType({})

    def __getitem__(self, key: str | int) -> Port:
        wanted = str(key)
        if wanted in self._by_name:
            return self._by_name[wanted]
        for port in self._by_name.values():
            if str(port.internal) == wanted:
                return port
        there = ", ".join(f"{name} ({port.internal})" for name, port in self._by_name.items())
        raise KeyError(f"no port {key!r}; there are: {there or 'none yet'}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __hash__(self) -> int:
        return hash(frozenset(self._by_name.items()))

    def __repr__(self) -> str:
        return f"Ports({dict(self._by_name)!r})"


NO_PORTS: Final = Ports()
