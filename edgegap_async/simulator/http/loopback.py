"""Hosts and addresses: whether one is on loopback, and the base URL of a bound socket."""

from __future__ import annotations

import ipaddress
from typing import Any


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def base_url(bound: tuple[Any, ...]) -> str:
    """Return the URL of a bound socket address; the loopback address for a socket bound to all interfaces."""
    address = ipaddress.ip_address(bound[0])
    if address.is_unspecified:
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"http://[{address}]:{bound[1]}" if address.version == 6 else f"http://{address}:{bound[1]}"
