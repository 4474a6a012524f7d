"""Smart fleets, which only the document of 2024 lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import NoneType
from typing import get_args

from edgegap_async.errors import JSON
from edgegap_async.models.base import MessageResponse
from edgegap_async.models.encoding import omit_none, string_values
from edgegap_async.models.fleets import Fleet, FleetLink, FleetPolicy, PolicyData, PolicyType
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.transport import Pipeline
from edgegap_async.validation import validate_choice, validate_int, validate_list, validate_name, validate_number


class Policies(Service):
    """``edgegap.fleets.policies``: where and how many deployments a fleet keeps; each counts for itself."""

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

        It keeps ``minimum`` to ``maximum`` deployments, both at least 1, and starts another once ``threshold``, a
        share from 0.1 to 1, of the sockets is taken. ``data`` says where: filters, or for a type that wants another
        shape the object itself. Raises ConfigurationError out of range.
        """
        return await self._pipeline.call(
            "fleet-policies-create",
            FleetPolicy,
            path={"fleet_name": fleet_name},
            body={
                "name": validate_name(name, "the policy's name"),
                "enabled": enabled,
                "type": validate_choice(type, get_args(PolicyType), "a policy's type"),
                "minimum": validate_int(minimum, "minimum", minimum=1),
                "maximum": validate_int(maximum, "maximum", minimum=1),
                "threshold": validate_number(threshold, "threshold", minimum=0.1, maximum=1),
                "data": _data(data),
            },
            timeout=timeout,
        )

    async def get(self, fleet_name: str, name: str, *, timeout: float | None = None) -> FleetPolicy:
        """One policy: ``GET /v1/fleet/{fleet_name}/policies/{policy_name}``. Raises NotFound."""
        return await self._pipeline.call(
            "fleet-policies-get", FleetPolicy, path={"fleet_name": fleet_name, "policy_name": name}, timeout=timeout
        )

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
        """Change what is given: ``PATCH /v1/fleet/{fleet_name}/policies/{policy_name}``. Raises NotFound.

        Takes what ``create`` does, a ``minimum`` of 0 too. The document also lets the two times be given; without a
        zone they are UTC.
        """
        return await self._pipeline.call(
            "fleet-policies-update",
            FleetPolicy,
            path={"fleet_name": fleet_name, "policy_name": name},
            body={
                **omit_none(
                    name=None if new_name is None else validate_name(new_name, "the policy's name"),
                    enabled=enabled,
                    type=None if type is None else validate_choice(type, get_args(PolicyType), "a policy's type"),
                    minimum=None if minimum is None else validate_int(minimum, "minimum"),
                    maximum=None if maximum is None else validate_int(maximum, "maximum", minimum=1),
                    threshold=None
                    if threshold is None
                    else validate_number(threshold, "threshold", minimum=0.1, maximum=1),
                    data=None if data is None else _data(data),
                ),
                **string_values(create_time=create_time, last_updated=last_updated),
            },
            timeout=timeout,
        )

    async def delete(self, fleet_name: str, name: str, *, timeout: float | None = None) -> None:
        """Remove a policy: ``DELETE /v1/fleet/{fleet_name}/policies/{policy_name}``. Raises NotFound."""
        await self._pipeline.call(
            "fleet-policies-delete", NoneType, path={"fleet_name": fleet_name, "policy_name": name}, timeout=timeout
        )

    def list(
        self, fleet_name: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[FleetPolicy]:
        """The policies of a fleet: ``GET /v1/fleet/{fleet_name}/policies``."""
        return self._list(
            "fleet-policies-list",
            FleetPolicy,
            key=lambda policy: policy.name,
            path={"fleet_name": fleet_name},
            page_size=page_size,
            timeout=timeout,
        )


class Fleets(Service):
    """``edgegap.fleets``: deployments of a version that are kept running by policies."""

    def __init__(self, pipeline: Pipeline, prefetch: int) -> None:
        super().__init__(pipeline, prefetch)
        self.policies: Policies = Policies(pipeline, prefetch)

    async def create(self, name: str, *, enabled: bool | None = None, timeout: float | None = None) -> Fleet:
        """Add a fleet: ``POST /v1/fleet``; it is not enabled unless that is asked for, and has no policies yet."""
        return await self._pipeline.call(
            "fleet-create",
            Fleet,
            body={"name": validate_name(name, "the fleet's name"), **omit_none(enabled=enabled)},
            timeout=timeout,
        )

    async def get(self, name: str, *, timeout: float | None = None) -> Fleet:
        """One fleet: ``GET /v1/fleet/{fleet_name}``. Raises NotFound."""
        return await self._pipeline.call("fleet-get", Fleet, path={"fleet_name": name}, timeout=timeout)

    async def update(
        self, name: str, *, new_name: str | None = None, enabled: bool | None = None, timeout: float | None = None
    ) -> Fleet:
        """Rename a fleet, enable or disable it: ``PATCH /v1/fleet/{fleet_name}``. Raises NotFound."""
        return await self._pipeline.call(
            "fleet-update",
            Fleet,
            path={"fleet_name": name},
            body=omit_none(
                name=None if new_name is None else validate_name(new_name, "the fleet's name"), enabled=enabled
            ),
            timeout=timeout,
        )

    async def delete(self, name: str, *, timeout: float | None = None) -> MessageResponse:
        """Remove a fleet with its policies and links: ``DELETE /v1/fleet/{fleet_name}``. Raises NotFound."""
        return await self._pipeline.call("fleet-delete", MessageResponse, path={"fleet_name": name}, timeout=timeout)

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[Fleet]:
        """All fleets: ``GET /v1/fleets``."""
        return self._list("fleets", Fleet, key=lambda fleet: fleet.name, page_size=page_size, timeout=timeout)

    async def link_version(
        self, name: str, *, application: str, version: str, timeout: float | None = None
    ) -> FleetLink:
        """Have a fleet run a version: ``PUT /v1/fleet/{fleet_name}/app/{app_name}/version/{version_name}``.

        From then on it starts deployments by itself, as its policies say. Raises NotFound.
        """
        return await self._pipeline.call(
            "fleet-link-app-version",
            FleetLink,
            path={"fleet_name": name, "app_name": application, "version_name": version},
            timeout=timeout,
        )

    async def unlink_version(self, name: str, *, application: str, version: str, timeout: float | None = None) -> None:
        """End what ``link_version`` began: ``DELETE /v1/fleet/{fleet_name}/app/{app_name}/version/{version_name}``.

        Fleet and version stay. Raises NotFound.
        """
        await self._pipeline.call(
            "fleet-unlink-app-version",
            NoneType,
            path={"fleet_name": name, "app_name": application, "version_name": version},
            timeout=timeout,
        )


def _data(data: PolicyData) -> JSON:
    if isinstance(data, Mapping):
        return dict(data)
    return {"filters": [one.as_json() for one in validate_list(data, "a policy's data")]}
