"""Locations of IP addresses; only the document of 2024 lists the operations."""

from __future__ import annotations

import attrs

from edgegap_async.models.base import Model, Number


@attrs.frozen(kw_only=True)
class PublicAddress(Model):
    """The public IP address from which the client's requests arrive."""

    public_ip: str


@attrs.frozen(kw_only=True)
class Region(Model):
    """A continent or a country: its name and its two-letter code."""

    code: str | None = None
    name: str | None = None


@attrs.frozen(kw_only=True)
class AddressLocation(Model):
    """The location of an address.

    Attributes:
        continent: The continent.
        country: The country.
        latitude: Degrees north.
        longitude: Degrees east.
    """

    continent: Region | None = None
    country: Region | None = None
    latitude: Number | None = None
    longitude: Number | None = None


@attrs.frozen(kw_only=True)
class Address(Model):
    """An address and its location.

    Attributes:
        ip_address: The address.
        type: ``ipv4`` or ``ipv6``.
        location: Where it is, None if unknown.
    """

    ip_address: str
    type: str | None = None
    location: AddressLocation | None = None


@attrs.frozen(kw_only=True)
class AddressesResponse(Model):
    """The response of ``POST /v1/ips/lookup``: the addresses in the order of the request."""

    addresses: tuple[Address, ...] = ()
