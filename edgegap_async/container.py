"""Inside the game server: reads the variables that Edgegap injects into a container, and stops its own deployment.

::

    environment = InjectedEnvironment()
    print(environment.ports["gameport"].external, environment.deployment_location)
    await environment.stop()
"""

# ruff: noqa: RUF009 - the functions called in the class body return attrs fields
from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar, cast

import attrs

from edgegap_async.client import EdgegapClient
from edgegap_async.decoding.decoder import structure
from edgegap_async.errors import ConfigurationError, DecodeError
from edgegap_async.frames import without_locals
from edgegap_async.json_codec import loads
from edgegap_async.models.deployments import DeploymentRow, StopReceipt
from edgegap_async.models.locations import Location
from edgegap_async.models.ports import NO_PORTS, Port, Ports
from edgegap_async.models.tags import Tag, without_guard_tags
from edgegap_async.secret import Secret

T = TypeVar("T")

_PREFIX: Final = "ARBITRIUM_"
_SELF_URL: Final = re.compile(r"(?P<base>https?://.+)/v1/(?:self/stop|context)/(?P<id>[^/]+)/(?P<key>[^/]+)/?")
_PORT_VARIABLE: Final = re.compile(r"PORT_(?P<name>.+)_(?P<field>INTERNAL|EXTERNAL|PROTOCOL)")


def _injected_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are not empty, without their prefix."""
    return {
        name.removeprefix(_PREFIX): value.strip()
        for name, value in environ.items()
        if name.startswith(_PREFIX) and value.strip()
    }


# Parsers of the variables' values. They never raise: an unexpected value must not keep a game server from starting.


def _parse_int(value: str) -> int | None:
    try:
        return int(float(value))
    except (ValueError, OverflowError):
        return None


def _parse_bool(value: str) -> bool:
    return value.lower() in {"true", "1"}


def _parse_tags(value: str) -> tuple[str, ...]:
    return without_guard_tags(tag.strip() for tag in value.split(",") if tag.strip())


def _parse_object(value: str) -> dict[str, Any]:
    try:
        decoded: object = loads(value.encode())
    except ValueError:
        return {}
    return cast("dict[str, Any]", decoded) if isinstance(decoded, dict) else {}


def _parse_location(value: str) -> Location | None:
    decoded = _parse_object(value)
    try:
        return structure(decoded, Location, operation=f"{_PREFIX}DEPLOYMENT_LOCATION") if decoded else None
    except DecodeError:
        return None


def _parse_ports(variables: Mapping[str, str]) -> Ports:
    """Return the ports of the mapping, or else those with variables of their own, whose names are in upper case."""
    rows = _nested_objects(_parse_object(variables.get("PORTS_MAPPING", "")).get("ports"))
    if not rows:
        for name, value in variables.items():
            if found := _PORT_VARIABLE.fullmatch(name):
                rows.setdefault(found["name"], {})[found["field"].lower()] = value
    return Ports({name: _port(name, row) for name, row in rows.items()}) if rows else NO_PORTS


def _nested_objects(value: object) -> dict[str, dict[str, Any]]:
    """Return the values of a JSON object that are objects themselves, by name."""
    items = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return {name: row for name, row in items.items() if isinstance(row, dict)}


def _port(name: str, row: Mapping[str, Any]) -> Port:
    return Port(
        name=str(row.get("name") or name),
        internal=_parse_int(str(row.get("internal"))),
        external=_parse_int(str(row.get("external"))),
        protocol=None if row.get("protocol") is None else str(row["protocol"]),
    )


# Fields whose default is read from a variable.


def _field(name: str, parse: Callable[[str], T], *, missing: T, shown: bool = True) -> T:
    """Return a field for a variable; ``missing`` is its value without the variable, ``shown`` puts it in the repr."""

    def read(environment: InjectedEnvironment) -> T:
        value = environment.injected.get(name)
        return missing if value is None else parse(value)

    field: Any = attrs.field(init=False, repr=shown, default=attrs.Factory(read, takes_self=True))
    return cast("T", field)


def _str_field(name: str, *, shown: bool = True) -> str | None:
    return _field(name, str, missing=None, shown=shown)


def _int_field(name: str) -> int | None:
    return _field(name, _parse_int, missing=None)


def _bool_field(name: str) -> bool:
    return _field(name, _parse_bool, missing=False)


def _secret_field(name: str) -> Secret | None:
    return _field(name, Secret, missing=None)


@attrs.frozen
class InjectedEnvironment:
    """The environment variables that Edgegap injects into every container, with types.

    ``InjectedEnvironment()`` reads the environment of this process, ``InjectedEnvironment(mapping)`` any other mapping.
    A variable that is missing, empty or invalid is None, False or empty: reading never fails.

    ::

        environment = InjectedEnvironment()
        port = environment.ports["gameport"].internal
        ...  # serve the match on this port
        await environment.stop()

    Attributes:
        injected: All variables as they were injected, by their names without the prefix ``ARBITRIUM_``. They include
            the tokens.
        request_id: The deployment's id.
        public_ip: The public address of the deployment.
        ports: The ports by name, from ``ARBITRIUM_PORTS_MAPPING``. If that is missing, they are read from the variables
            of each port, which have the names in upper case.
        deployment_tags: The deployment's tags, without those of the client itself.
        deployment_location: Where the deployment runs.
        deployment_vcpu_units: The deployment's share of CPU, in units of 1/1024 of a core.
        deployment_memory_mb: The deployment's memory, in MB.
        host_id: The id of the host that the deployment runs on.
        host_base_clock_frequency: The base clock frequency of the host, in MHz.
        host_in_private_fleet: Whether the host belongs to a private fleet.
        private_fleet_id: The id of that private fleet.
        host_beacon_enabled: Whether the host has a beacon, with which players measure their latency to it.
        host_beacon_public_ip: The public address of the beacon.
        host_beacon_port_udp_external: The UDP port of the beacon.
        host_beacon_port_tcp_external: The TCP port of the beacon.
        delete_url: The URL that stops the deployment. It contains the key for that, so it is not in the repr.
        delete_token: The token for ``delete_url``.
        context_url: The URL of the deployment's context. It contains the number that belongs to the token, so it is
            not in the repr.
        context_token: The token for ``context_url``.
    """

    injected: Mapping[str, str] = attrs.field(
        default=os.environ, converter=_injected_variables, alias="environ", repr=False
    )
    request_id: str | None = _str_field("REQUEST_ID")
    public_ip: str | None = _str_field("PUBLIC_IP")
    ports: Ports = attrs.field(
        init=False,
        default=attrs.Factory(lambda environment: _parse_ports(environment.injected), takes_self=True),
    )
    deployment_tags: tuple[str, ...] = _field("DEPLOYMENT_TAGS", _parse_tags, missing=())
    deployment_location: Location | None = _field("DEPLOYMENT_LOCATION", _parse_location, missing=None)
    deployment_vcpu_units: int | None = _int_field("DEPLOYMENT_VCPU_UNITS")
    deployment_memory_mb: int | None = _int_field("DEPLOYMENT_MEMORY_MB")
    host_id: str | None = _str_field("HOST_ID")
    host_base_clock_frequency: int | None = _int_field("HOST_BASE_CLOCK_FREQUENCY")
    host_in_private_fleet: bool = _bool_field("HOST_IN_PRIVATE_FLEET")
    private_fleet_id: str | None = _str_field("PRIVATE_FLEET_ID")
    host_beacon_enabled: bool = _bool_field("HOST_BEACON_ENABLED")
    host_beacon_public_ip: str | None = _str_field("HOST_BEACON_PUBLIC_IP")
    host_beacon_port_udp_external: int | None = _int_field("HOST_BEACON_PORT_UDP_EXTERNAL")
    host_beacon_port_tcp_external: int | None = _int_field("HOST_BEACON_PORT_TCP_EXTERNAL")
    delete_url: str | None = _str_field("DELETE_URL", shown=False)
    delete_token: Secret | None = _secret_field("DELETE_TOKEN")
    context_url: str | None = _str_field("CONTEXT_URL", shown=False)
    context_token: Secret | None = _secret_field("CONTEXT_TOKEN")

    @without_locals
    async def stop(self, *, timeout: float = 60.0) -> StopReceipt:
        """Stop the deployment that this process runs in: ``DELETE /v1/self/stop/{deployment_id}/{stop_key}``.

        The container receives SIGTERM, followed by its grace period, during this call or soon after it returns.
        Stopping a deployment that is already stopped is not an error.

        Args:
            timeout: The deadline of the call, in seconds.

        Raises:
            ConfigurationError: If ``delete_url`` or ``delete_token`` is missing, as it is outside of a container.
            EdgegapError: If the request fails.
        """
        async with _SelfEndpoint.parse(self.delete_url, self.delete_token, "DELETE").client(timeout) as (edgegap, own):
            return await edgegap.deployments.self_stop(own.id, own.key, token=own.token)

    @without_locals
    async def context(self, *, timeout: float = 60.0) -> DeploymentRow:
        """Return the current state of this deployment: ``GET /v1/context/{request_id}/{security_number}``.

        Only the service's document of 2024 lists this endpoint, as it does those of the two calls for tags.

        Args:
            timeout: The deadline of the call, in seconds.

        Raises:
            ConfigurationError: If ``context_url`` or ``context_token`` is missing or invalid.
            EdgegapError: If the request fails.
        """
        async with self._context_endpoint().client(timeout) as (edgegap, own):
            return await edgegap.context.get(own.id, own.number, token=own.token)

    @without_locals
    async def create_tag(self, name: str, *, timeout: float = 60.0) -> Tag:
        """Add a tag to this deployment, to find it in lists: ``POST /v1/context/{request_id}/{security_number}/tags``.

        Args:
            name: The tag, 1 to 40 characters.
            timeout: The deadline of the call, in seconds.

        Raises:
            ConfigurationError: If ``context_url`` or ``context_token`` is missing or invalid, or the tag is.
            Conflict: If the deployment has the tag already.
            EdgegapError: If the request fails.
        """
        async with self._context_endpoint().client(timeout) as (edgegap, own):
            return await edgegap.context.create_tag(own.id, own.number, name, token=own.token)

    @without_locals
    async def delete_tag(self, name: str, *, timeout: float = 60.0) -> None:
        """Remove a tag from this deployment: ``DELETE /v1/context/{request_id}/{security_number}/tags/{tag_name}``.

        Args:
            name: The tag.
            timeout: The deadline of the call, in seconds.

        Raises:
            ConfigurationError: If ``context_url`` or ``context_token`` is missing or invalid.
            NotFound: If the deployment does not have the tag.
            EdgegapError: If the request fails.
        """
        async with self._context_endpoint().client(timeout) as (edgegap, own):
            await edgegap.context.delete_tag(own.id, own.number, name, token=own.token)

    def _context_endpoint(self) -> _SelfEndpoint:
        return _SelfEndpoint.parse(self.context_url, self.context_token, "CONTEXT")


@attrs.frozen
class _SelfEndpoint:
    """One of the two injected URLs, parsed, with its token.

    Attributes:
        base: The base URL of the service.
        id: The deployment's id.
        key: The stop key or the security number.
        token: The token that authorizes the call.
    """

    base: str
    id: str
    key: str = attrs.field(repr=False)
    token: Secret

    @classmethod
    def parse(cls, url: str | None, token: Secret | None, kind: str) -> _SelfEndpoint:
        found = _SELF_URL.fullmatch(url or "")
        if found is None or token is None:
            raise ConfigurationError(
                f"{_PREFIX}{kind}_URL and {_PREFIX}{kind}_TOKEN are not set, or the URL is invalid: "
                "Edgegap sets them in the containers that it runs, so call this inside of one"
            )
        return cls(found["base"], found["id"], found["key"], token)

    @property
    def number(self) -> int:
        if not self.key.isdecimal():
            raise ConfigurationError(f"{_PREFIX}CONTEXT_URL must end with a number, the security number of the context")
        return int(self.key)

    @asynccontextmanager
    async def client(self, timeout: float) -> AsyncGenerator[tuple[EdgegapClient, _SelfEndpoint]]:
        # the client requires an organisation's token, which a container does not have: these calls send their own
        async with EdgegapClient(self.token.reveal(), base_url=self.base, timeout=timeout) as edgegap:
            yield edgegap, self
