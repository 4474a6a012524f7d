"""Smart fleets, which keep deployments running by policies; only the 2024 document lists them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import NoneType
from typing import get_args

from edgegap_async.errors import JSON
from edgegap_async.models.encoding import omit_none, string_values, unless_none
from edgegap_async.models.fleets import Fleet, FleetLink, FleetPolicy, PolicyData, PolicyType
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore
from edgegap_async.validation import validate_choice, validate_int, validate_list, validate_name, validate_number


class Policies(Service):
    """``edgegap.fleets.policies``: where a fleet keeps deployments, and how many. Policies are independent."""

    async def create(
        self,
        fleet_name: str,
        name: str,
        *,
        enabled: bool,
        type: PolicyType,
        minimum: int,
        maximum: int,
        threshold: float,
        data: PolicyData,
        timeout: float | None = None,
    ) -> FleetPolicy:
        """Add a policy to a fleet: ``POST /v1/fleet/{fleet_name}/policies``.

        Args:
            fleet_name: The fleet's name.
            name: The policy's name.
            enabled: Whether the policy applies.
            type: ``"Location"``, ``"Tag"`` or ``"Coordinates"``; decides the shape of ``data``.
            minimum: The fewest deployments to keep, at least 1.
            maximum: The most deployments to keep, at least 1.
            threshold: The share of sockets in use, 0.1 to 1, from which another deployment is started.
            data: Where the deployments run: filters, or the whole JSON object for a type that needs another shape.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: A value is out of range or unknown; nothing was sent.
            NotFound: There is no fleet of that name.
        """
        body: dict[str, JSON] = {
            "name": _validate_policy_name(name),
            "enabled": enabled,
            "type": _validate_type(type),
            "minimum": validate_int(minimum, "minimum", minimum=1),
            "maximum": _validate_maximum(maximum),
            "threshold": _validate_threshold(threshold),
            "data": _data_json(data),
        }
        return await self._call("fleet-policies-create", FleetPolicy, fleet_name, body=body, timeout=timeout)

    async def get(self, fleet_name: str, name: str, *, timeout: float | None = None) -> FleetPolicy:
        """Return a policy: ``GET /v1/fleet/{fleet_name}/policies/{policy_name}``.

        Args:
            fleet_name: The fleet's name.
            name: The policy's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such fleet or policy.
        """
        return await self._call("fleet-policies-get", FleetPolicy, fleet_name, name, timeout=timeout)

    async def update(
        self,
        fleet_name: str,
        name: str,
        *,
        new_name: str | None = None,
        enabled: bool | None = None,
        type: PolicyType | None = None,
        minimum: int | None = None,
        maximum: int | None = None,
        threshold: float | None = None,
        data: PolicyData | None = None,
        create_time: datetime | None = None,
        last_updated: datetime | None = None,
        timeout: float | None = None,
    ) -> FleetPolicy:
        """Change the fields that are not None: ``PATCH /v1/fleet/{fleet_name}/policies/{policy_name}``.

        Args:
            fleet_name: The fleet's name.
            name: The policy's present name.
            new_name: The name it gets.
            enabled: Whether the policy applies.
            type: ``"Location"``, ``"Tag"`` or ``"Coordinates"``; decides the shape of ``data``.
            minimum: The fewest deployments to keep; 0 is allowed here.
            maximum: The most deployments to keep, at least 1.
            threshold: The share of sockets in use, 0.1 to 1, from which another deployment is started.
            data: Where the deployments run: filters, or the whole JSON object for a type that needs another shape.
            create_time: The document allows setting it; UTC without a time zone.
            last_updated: The document allows setting it; UTC without a time zone.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: A value is out of range or unknown; nothing was sent.
            NotFound: There is no such fleet or policy.
        """
        body = {
            **omit_none(
                name=unless_none(_validate_policy_name, new_name),
                enabled=enabled,
                type=unless_none(_validate_type, type),
                minimum=unless_none(validate_int, minimum, "minimum"),
                maximum=unless_none(_validate_maximum, maximum),
                threshold=unless_none(_validate_threshold, threshold),
                data=unless_none(_data_json, data),
            ),
            **string_values(create_time=create_time, last_updated=last_updated),
        }
        return await self._call("fleet-policies-update", FleetPolicy, fleet_name, name, body=body, timeout=timeout)

    async def delete(self, fleet_name: str, name: str, *, timeout: float | None = None) -> None:
        """Delete a policy: ``DELETE /v1/fleet/{fleet_name}/policies/{policy_name}``.

        Args:
            fleet_name: The fleet's name.
            name: The policy's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such fleet or policy.
        """
        await self._call("fleet-policies-delete", NoneType, fleet_name, name, timeout=timeout)

    def list(
        self, fleet_name: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[FleetPolicy]:
        """List the policies of a fleet: ``GET /v1/fleet/{fleet_name}/policies``.

        Args:
            fleet_name: The fleet's name.
            page_size: Rows per request.
            timeout: Deadline of each request in seconds, None for the client's.

        Raises:
            NotFound: There is no fleet of that name (raised when the list is read).
        """
        return self._list(
            "fleet-policies-list",
            FleetPolicy,
            fleet_name,
            key=lambda policy: policy.name,
            page_size=page_size,
            timeout=timeout,
        )


class Fleets(Service):
    """``edgegap.fleets``: deployments of linked versions, kept running by policies.

    ::

        await edgegap.fleets.create("north", enabled=True)
        await edgegap.fleets.link_version("north", application="kart", version="v1.2")
    """

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        self.policies: Policies = Policies(core)

    async def create(self, name: str, *, enabled: bool | None = None, timeout: float | None = None) -> Fleet:
        """Create a fleet without policies: ``POST /v1/fleet``.

        Args:
            name: The fleet's name.
            enabled: Whether it starts deployments; None for the service's default, disabled.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The name is invalid; nothing was sent.
        """
        body = {"name": _validate_fleet_name(name), **omit_none(enabled=enabled)}
        return await self._call("fleet-create", Fleet, body=body, timeout=timeout)

    async def get(self, name: str, *, timeout: float | None = None) -> Fleet:
        """Return a fleet: ``GET /v1/fleet/{fleet_name}``.

        Raises:
            NotFound: There is no fleet of that name.
        """
        return await self._call("fleet-get", Fleet, name, timeout=timeout)

    async def update(
        self, name: str, *, new_name: str | None = None, enabled: bool | None = None, timeout: float | None = None
    ) -> Fleet:
        """Rename, enable or disable a fleet: ``PATCH /v1/fleet/{fleet_name}``.

        Args:
            name: The fleet's present name.
            new_name: The name it gets, None to keep it.
            enabled: Whether it starts deployments, None to keep the setting.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The new name is invalid; nothing was sent.
            NotFound: There is no fleet of that name.
        """
        body = omit_none(name=unless_none(_validate_fleet_name, new_name), enabled=enabled)
        return await self._call("fleet-update", Fleet, name, body=body, timeout=timeout)

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Delete a fleet with its policies and links: ``DELETE /v1/fleet/{fleet_name}``.

        Raises:
            NotFound: There is no fleet of that name.
        """
        await self._call("fleet-delete", NoneType, name, timeout=timeout)

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[Fleet]:
        """List all fleets: ``GET /v1/fleets``."""
        return self._list("fleets", Fleet, key=lambda fleet: fleet.name, page_size=page_size, timeout=timeout)

    async def link_version(
        self, name: str, *, application: str, version: str, timeout: float | None = None
    ) -> FleetLink:
        """Link a version to a fleet: ``PUT /v1/fleet/{fleet_name}/app/{app_name}/version/{version_name}``.

        From then on the service starts deployments of the version automatically, as the fleet's policies say.

        Args:
            name: The fleet's name.
            application: The application's name.
            version: The version's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such fleet or version.
        """
        return await self._call("fleet-link-app-version", FleetLink, name, application, version, timeout=timeout)

    async def unlink_version(self, name: str, *, application: str, version: str, timeout: float | None = None) -> None:
        """Remove the link that ``link_version`` made; the fleet and the version remain.

        ``DELETE /v1/fleet/{fleet_name}/app/{app_name}/version/{version_name}``.

        Args:
            name: The fleet's name.
            application: The application's name.
            version: The version's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such fleet, version or link.
        """
        await self._call("fleet-unlink-app-version", NoneType, name, application, version, timeout=timeout)


def _validate_fleet_name(name: str) -> str:
    return validate_name(name, "the fleet's name")


def _validate_policy_name(name: str) -> str:
    return validate_name(name, "the policy's name")


def _validate_type(type: PolicyType) -> str:
    return validate_choice(type, get_args(PolicyType), "a policy's type")


def _validate_maximum(maximum: int) -> int:
    return validate_int(maximum, "maximum", minimum=1)


def _validate_threshold(threshold: float) -> float:
    return validate_number(threshold, "threshold", minimum=0.1, maximum=1)


def _data_json(data: PolicyData) -> JSON:
    if isinstance(data, Mapping):
        return dict(data)
    return {"filters": [one.as_json() for one in validate_list(data, "a policy's data")]}
