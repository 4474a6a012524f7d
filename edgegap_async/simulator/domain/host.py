"""The machines that deployments run on: their addresses and their ports."""

from __future__ import annotations

import random
from collections import deque
from typing import Any, Final

import attrs

from edgegap_async.simulator.domain.geography import City
from edgegap_async.simulator.settings import PortSettings

EXTERNAL_PORTS: Final = range(30000, 33000)

_DOCUMENTATION_RANGES: Final = ("192.0.2", "198.51.100", "203.0.113")
"""Addresses that are nobody's (RFC 5737): a client that dials one by mistake reaches no one."""

_ADDRESSES: Final = tuple(f"{net}.{host}" for net in _DOCUMENTATION_RANGES for host in range(1, 255))


def address(number: int) -> str:
    """The nth address there is; after the last one they come again."""
    return _ADDRESSES[number % len(_ADDRESSES)]


@attrs.frozen
class OpenPort:
    """A port of a deployment, and where it is reached from outside."""

    settings: PortSettings
    external: int

    def shown(self, fqdn: str) -> dict[str, Any]:
        """The port as an answer holds it; only web protocols have a scheme in their link."""
        protocol = self.settings.protocol.lower()
        if self.settings.tls_upgrade:
            protocol = {"http": "https", "ws": "wss"}.get(protocol, protocol)
        scheme = f"{protocol}://" if protocol in {"http", "https", "ws", "wss"} else ""
        return {
            "name": self.settings.name,
            "internal": self.settings.port,
            "external": self.external,
            "protocol": self.settings.protocol,
            "tls_upgrade": self.settings.tls_upgrade,
            "link": f"{scheme}{fqdn}:{self.external}",
        }


@attrs.define(eq=False)
class Machine:
    """A machine in a city; one of a private fleet has that fleet's name and an id."""

    city: City
    address: str
    fleet: str | None = None
    host_id: str | None = None
    _chance: random.Random = attrs.field(factory=random.Random, repr=False, alias="chance")
    _free: deque[int] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        ports = list(EXTERNAL_PORTS)
        self._chance.shuffle(ports)
        self._free = deque(ports)

    @property
    def free_ports(self) -> int:
        """How many external ports nobody has."""
        return len(self._free)

    def open(self, settings: tuple[PortSettings, ...]) -> tuple[OpenPort, ...]:
        """Give external ports to a deployment; there must be enough free ones."""
        return tuple(OpenPort(each, self._free.popleft()) for each in settings)

    def close(self, ports: tuple[OpenPort, ...]) -> None:
        """Take them back; of the free ports the one unused for longest is given out first."""
        self._free.extend(port.external for port in ports)
