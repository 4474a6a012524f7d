"""The machines that deployments run on: their addresses and their ports."""

from __future__ import annotations

import random
from collections import deque
from typing import Final

import attrs

from edgegap_async.simulator.domain.geography import City
from edgegap_async.simulator.settings import PortSettings

EXTERNAL_PORTS: Final = range(30000, 33000)

_DOCUMENTATION_RANGES: Final = ("192.0.2", "198.51.100", "203.0.113")
"""The ranges that RFC 5737 reserves for documentation: connecting to such an address reaches no real host."""

_ADDRESSES: Final = tuple(f"{net}.{host}" for net in _DOCUMENTATION_RANGES for host in range(1, 255))


def documentation_address(number: int) -> str:
    """Return the address with a number. The 762 addresses repeat after the last one."""
    return _ADDRESSES[number % len(_ADDRESSES)]


@attrs.frozen
class OpenPort:
    """A port of a deployment, with the external port that leads to it."""

    settings: PortSettings
    external: int


@attrs.define(eq=False)
class Machine:
    """A machine in a city, with its pool of external ports."""

    city: City
    address: str
    fleet: str | None = None
    """The name of the machine's private fleet."""
    host_id: str | None = None
    """The machine's id in its private fleet."""
    _rng: random.Random = attrs.field(factory=random.Random, repr=False, alias="rng")
    _free: deque[int] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        ports = list(EXTERNAL_PORTS)
        self._rng.shuffle(ports)
        self._free = deque(ports)

    @property
    def free_ports(self) -> int:
        """How many external ports are free."""
        return len(self._free)

    def open(self, settings: tuple[PortSettings, ...]) -> tuple[OpenPort, ...]:
        """Assign a free external port to each port of a deployment.

        Raises:
            IndexError: If there are fewer free ports than settings: compare with ``free_ports`` first.
        """
        return tuple(OpenPort(each, self._free.popleft()) for each in settings)

    def close(self, ports: tuple[OpenPort, ...]) -> None:
        """Free the ports of a deployment. The port that is free for longest is assigned first."""
        self._free.extend(port.external for port in ports)
