"""The locations of IP addresses; only the 2024 document lists these operations."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from edgegap_async.models.ip import Address, AddressesResponse, PublicAddress
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_ip_address, validate_ip_addresses

MAX_ADDRESSES: Final = 20
"""The most addresses that the service looks up in one request."""


class IP(Service):
    """``edgegap.ip``: where IP addresses are.

    ::

        address = await edgegap.ip.lookup("203.0.113.7")
        if address.location is not None:
            print(address.location.latitude, address.location.longitude)
    """

    async def get(self, *, timeout: float | None = None) -> PublicAddress:
        """Return the address from which the service sees this client: ``GET /v1/ip``."""
        return await self._call("IP", PublicAddress, timeout=timeout)

    async def lookup(self, ip_address: str, *, timeout: float | None = None) -> Address:
        """Look up one address: ``GET /v1/ip/{ip}/lookup``.

        Raises:
            ConfigurationError: ``ip_address`` is not an IPv4 or IPv6 address; nothing was sent.
        """
        return await self._call("IP lookup", Address, validate_ip_address(ip_address), timeout=timeout)

    async def lookup_many(self, ip_addresses: Sequence[str], *, timeout: float | None = None) -> tuple[Address, ...]:
        """Look up many addresses: ``POST /v1/ips/lookup``, 20 addresses a request, concurrently.

        Args:
            ip_addresses: IPv4 or IPv6 addresses.
            timeout: Deadline of all requests together in seconds, None for the client's.

        Returns:
            The addresses in the order of the requests.

        Raises:
            ConfigurationError: ``ip_addresses`` is empty or holds something other than an address; nothing was sent.
            EdgegapError: One request failed; the others are cancelled.
        """
        addresses = validate_ip_addresses(ip_addresses, "ip_addresses")
        try:
            async with asyncio.TaskGroup() as group:
                requests = [
                    group.create_task(self._lookup(addresses[start : start + MAX_ADDRESSES], timeout))
                    for start in range(0, len(addresses), MAX_ADDRESSES)
                ]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return tuple(address for request in requests for address in request.result())

    async def _lookup(self, addresses: list[str], timeout: float | None) -> tuple[Address, ...]:
        found = await self._call("IPs lookup", AddressesResponse, body={"addresses": [*addresses]}, timeout=timeout)
        return found.addresses
