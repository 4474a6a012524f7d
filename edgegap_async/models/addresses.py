"""Where IP addresses are. Only the document of 2024 lists it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import Number, extra_field


@attrs.frozen(kw_only=True)
class PublicAddress:
    """The address that a request came from."""

    public_ip: str
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Region:
    """A continent or a country: its name, and its code of two letters."""

    code: str | None = None
    name: str | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class AddressLocation:
    """Where an address is, in degrees north and east."""

    continent: Region | None = None
    country: Region | None = None
    latitude: Number | None = None
    longitude: Number | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Address:
    """What is known of an address; ``type`` is ipv4 or ipv6."""

    ip_address: str
    type: str | None = None
    location: AddressLocation | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Addresses:
    """What the service answers to whoever asks for many addresses."""

    addresses: tuple[Address, ...] = ()
    extra: Mapping[str, JSON] = extra_field()
