"""Inside the game server: what the service tells a container about itself, and how it stops itself.

::

    me = InjectedEnvironment()
    print(me.ports["gameport"].external, me.deployment_location)
    await me.stop()
"""

# ruff: noqa: RUF009 - the calls in the class are fields
from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar, cast

import attrs

from edgegap_async.client import EdgegapClient
from edgegap_async.codec import loads
from edgegap_async.config import Secret
from edgegap_async.decoding.decoder import structure
from edgegap_async.errors import ConfigurationError, DecodeError
from edgegap_async.models.deployments import DeploymentRow, StopReceipt
from edgegap_async.models.locations import Location
from edgegap_async.models.ports import NO_PORTS, Port, Ports
from edgegap_async.models.tags import Tag, without_guard_tags

T = TypeVar("T")

_PREFIX: Final = "ARBITRIUM_"
_OWN_URL: Final = re.compile(r"(?P<base>https?://.+)/v1/(?:self/stop|context)/(?P<id>[^/]+)/(?P<key>[^/]+)/?")
_PORT_VARIABLE: Final = re.compile(r"PORT_(?P<name>.+)_(?P<part>INTERNAL|EXTERNAL|PROTOCOL)")


def _injected(environ: Mapping[str, str]) -> dict[str, str]:
    """What the service injected, without the prefix and without what is empty."""
    return {
        name.removeprefix(_PREFIX): value.strip()
        for name, value in environ.items()
        if name.startswith(_PREFIX) and value.strip()
    }


# what the variables hold: all are texts, and none of them may keep a game server from starting


def _whole(text: str) -> int | None:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None


def _tags(text: str) -> tuple[str, ...]:
    return without_guard_tags(tag.strip() for tag in text.split(",") if tag.strip())


def _object(text: str) -> dict[str, Any]:
    try:
        found: object = loads(text.encode())
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _location(text: str) -> Location | None:
    try:
        return structure(_object(text), Location, operation=f"{_PREFIX}DEPLOYMENT_LOCATION") if _object(text) else None
    except DecodeError:
        return None


def _ports(injected: Mapping[str, str]) -> Ports:
    """The ports of the mapping, else those that have variables of their own, whose names are in upper case."""
    rows = _rows(_object(injected.get("PORTS_MAPPING", "")).get("ports"))
    if not rows:
        for name, value in injected.items():
            if found := _PORT_VARIABLE.fullmatch(name):
                rows.setdefault(found["name"], {})[found["part"].lower()] = value
    return Ports({name: _port(name, row) for name, row in rows.items()}) if rows else NO_PORTS


def _rows(value: object) -> dict[str, dict[str, Any]]:
    """The objects in an object, by name."""
    named = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return {name: row for name, row in named.items() if isinstance(row, dict)}


def _port(name: str, row: Mapping[str, Any]) -> Port:
    return Port(
        name=str(row.get("name") or name),
        internal=_whole(str(row.get("internal"))),
        external=_whole(str(row.get("external"))),
        protocol=None if row.get("protocol") is None else str(row["protocol"]),
    )


def _variable(name: str, read: Callable[[str], T], *, missing: T, shown: bool = True) -> T:
    """A field that is read from a variable."""

    def value(me: InjectedEnvironment) -> T:
        text = me.injected.get(name)
        return missing if text is None else read(text)

    field: Any = attrs.field(init=False, repr=shown, default=attrs.Factory(value, takes_self=True))
    return cast("T", field)


def _text(name: str, *, shown: bool = True) -> str | None:
    return _variable(name, str, missing=None, shown=shown)


def _number(name: str) -> int | None:
    return _variable(name, _whole, missing=None)


def _flag(name: str) -> bool:
    return _variable(name, lambda text: text.lower() in {"true", "1"}, missing=False)


def _hidden(name: str) -> Secret | None:
    return _variable(name, Secret, missing=None)


@attrs.frozen
class InjectedEnvironment:
    """What the service puts into the environment of every container, typed.

    ``InjectedEnvironment()`` reads the environment of this process, ``InjectedEnvironment(mapping)`` any other. What is
    missing, empty or cannot be read is None, False or empty. CPU units are 1/1024 of a core, memory is in MB, the clock
    frequency in MHz.
    """

    injected: Mapping[str, str] = attrs.field(default=os.environ, converter=_injected, alias="environ", repr=False)
    """All of it as it came, by the variables' names without ARBITRIUM_; it holds tokens."""

    request_id: str | None = _text("REQUEST_ID")
    public_ip: str | None = _text("PUBLIC_IP")
    ports: Ports = attrs.field(init=False, default=attrs.Factory(lambda me: _ports(me.injected), takes_self=True))
    deployment_tags: tuple[str, ...] = _variable("DEPLOYMENT_TAGS", _tags, missing=())
    deployment_location: Location | None = _variable("DEPLOYMENT_LOCATION", _location, missing=None)
    deployment_vcpu_units: int | None = _number("DEPLOYMENT_VCPU_UNITS")
    deployment_memory_mb: int | None = _number("DEPLOYMENT_MEMORY_MB")
    host_id: str | None = _text("HOST_ID")
    host_base_clock_frequency: int | None = _number("HOST_BASE_CLOCK_FREQUENCY")
    host_in_private_fleet: bool = _flag("HOST_IN_PRIVATE_FLEET")
    private_fleet_id: str | None = _text("PRIVATE_FLEET_ID")
    host_beacon_enabled: bool = _flag("HOST_BEACON_ENABLED")
    host_beacon_public_ip: str | None = _text("HOST_BEACON_PUBLIC_IP")
    host_beacon_port_udp_external: int | None = _number("HOST_BEACON_PORT_UDP_EXTERNAL")
    host_beacon_port_tcp_external: int | None = _number("HOST_BEACON_PORT_TCP_EXTERNAL")
    delete_url: str | None = _text("DELETE_URL", shown=False)
    """Holds the key that stops the deployment."""
    delete_token: Secret | None = _hidden("DELETE_TOKEN")
    context_url: str | None = _text("CONTEXT_URL", shown=False)
    """Holds the number that belongs to the context's token."""
    context_token: Secret | None = _hidden("CONTEXT_TOKEN")

    async def stop(self, *, timeout: float = 60.0) -> StopReceipt:
        """Stop the deployment that this is: ``DELETE /v1/self/stop/{deployment_id}/{stop_key}``.

        The container gets SIGTERM, and its grace period, while or soon after this returns. ``timeout`` is in seconds.
        Raises ConfigurationError outside of a container, and the errors of the client.
        """
        async with _Own.of(self.delete_url, self.delete_token, "DELETE").client(timeout) as (edgegap, own):
            return await edgegap.deployments.self_stop(own.id, own.key, token=own.token)

    async def context(self, *, timeout: float = 60.0) -> DeploymentRow:
        """The deployment that this is, as it is now: ``GET /v1/context/{request_id}/{security_number}``.

        Raises like ``stop``. Only the service's document of 2024 lists it, like the two calls for tags.
        """
        async with _Own.of(self.context_url, self.context_token, "CONTEXT").client(timeout) as (edgegap, own):
            return await edgegap.context.get(own.id, own.number, token=own.token)

    async def create_tag(self, name: str, *, timeout: float = 60.0) -> Tag:
        """Tag the deployment that this is, so that lists find it: 1 to 40 characters. Raises like ``stop``."""
        async with _Own.of(self.context_url, self.context_token, "CONTEXT").client(timeout) as (edgegap, own):
            return await edgegap.context.create_tag(own.id, own.number, name, token=own.token)

    async def delete_tag(self, name: str, *, timeout: float = 60.0) -> None:
        """Take a tag from the deployment that this is. Raises like ``stop``, and NotFound."""
        async with _Own.of(self.context_url, self.context_token, "CONTEXT").client(timeout) as (edgegap, own):
            await edgegap.context.delete_tag(own.id, own.number, name, token=own.token)


@attrs.frozen
class _Own:
    """What one of the two URLs says, with the token that belongs to it."""

    base: str
    id: str
    key: str
    token: Secret

    @classmethod
    def of(cls, url: str | None, token: Secret | None, kind: str) -> _Own:
        found = _OWN_URL.fullmatch(url or "")
        if found is None or token is None:
            raise ConfigurationError(
                f"no {_PREFIX}{kind}_URL and {_PREFIX}{kind}_TOKEN: the service gives them to the containers it runs"
            )
        return cls(found["base"], found["id"], found["key"], token)

    @property
    def number(self) -> int:
        if not self.key.isdecimal():
            raise ConfigurationError(f"{_PREFIX}CONTEXT_URL does not end with a number")
        return int(self.key)

    @asynccontextmanager
    async def client(self, timeout: float) -> AsyncGenerator[tuple[EdgegapClient, _Own]]:
        # the client wants an organisation's token, and a container has none: these calls send their own
        async with EdgegapClient(self.token.reveal(), base_url=self.base, timeout=timeout) as edgegap:
            yield edgegap, self
