"""Where IP addresses are; only the document of 2024 lists it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from edgegap_async.models.ip import Address, AddressesResponse, PublicAddress
from edgegap_async.models.users import User
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_ip_addresses

MOST_AT_ONCE: Final = 20
"""The most addresses that the service looks up in one request."""


class IP(Service):
    """``edgegap.ip``: where addresses are."""

    async def get(self, *, timeout: float | None = None) -> PublicAddress:
        """The address that this client has for the service: ``GET /v1/ip``."""
        return await self._pipeline.call("IP", PublicAddress, timeout=timeout)

    async def lookup(self, ip_address: str, *, timeout: float | None = None) -> Address:
        """Where an address is: ``GET /v1/ip/{ip}/lookup``. Raises ConfigurationError for what is none."""
        ip = User.ip(ip_address).ip_address or ""
        return await self._pipeline.call("IP lookup", Address, path={"ip": ip}, timeout=timeout)

    async def lookup_many(self, ip_addresses: Sequence[str], *, timeout: float | None = None) -> tuple[Address, ...]:
        """Where many addresses are: ``POST /v1/ips/lookup``, as many requests at once as it takes, 20 addresses each.

        They come in the order of the requests. ``timeout`` bounds all together, in seconds. Raises ConfigurationError
        for what is no address, and what the first request that fails raises.
        """
        wanted = validate_ip_addresses(ip_addresses, "ip_addresses")
        try:
            async with asyncio.TaskGroup() as group:
                parts = [
                    group.create_task(self._lookup(wanted[start : start + MOST_AT_ONCE], timeout))
                    for start in range(0, len(wanted), MOST_AT_ONCE)
                ]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return tuple(found for part in parts for found in part.result())

    async def _lookup(self, some: list[str], timeout: float | None) -> tuple[Address, ...]:
        answer = await self._pipeline.call(
            "IPs lookup", AddressesResponse, body={"addresses": [*some]}, timeout=timeout
        )
        return answer.addresses
