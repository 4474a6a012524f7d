"""Smart fleets, which keep deployments running by policies; document of 2024 only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.base import Model
from edgegap_async.models.location_filters import DeployFilter

PolicyType: TypeAlias = Literal["Location", "Tag", "Coordinates"]
"""By what a policy chooses the locations of its deployments."""

PolicyData: TypeAlias = Sequence[DeployFilter] | Mapping[str, JSON]
"""The locations of a policy's deployments: filters, or an object of another shape if the policy's type requires one."""


@attrs.frozen(kw_only=True)
class Fleet(Model):
    """A fleet; it starts deployments only when it is enabled, has a policy and is linked to a version.

    Attributes:
        name: The fleet's name.
        enabled: Whether it is enabled.
        create_time: When it was created, in UTC.
        last_updated: When it was changed last, in UTC.
    """

    name: str
    enabled: bool | None = None
    create_time: datetime | None = None
    last_updated: datetime | None = None


@attrs.frozen(kw_only=True)
class FleetLink(Model):
    """The link between a fleet and the version that it deploys.

    Attributes:
        fleet: The fleet's name.
        app: The application's name.
        app_version: The version's name.
        create_time: When it was created, in UTC.
        last_updated: When it was changed last, in UTC.
    """

    fleet: str
    app: str
    app_version: str
    create_time: datetime | None = None
    last_updated: datetime | None = None


@attrs.frozen(kw_only=True)
class FleetPolicy(Model):
    """A policy of a fleet: how many deployments run, and where.

    Attributes:
        name: The policy's name.
        enabled: Whether it is enabled.
        type: ``Location``, ``Tag`` or ``Coordinates``; it decides the shape of ``data``.
        minimum: The fewest deployments.
        maximum: The most deployments.
        threshold: The share of sockets, 0.1 to 1, that are taken when another deployment is started.
        data: The locations of the deployments.
        create_time: When it was created, in UTC.
        last_updated: When it was changed last, in UTC.
    """

    name: str
    enabled: bool | None = None
    type: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    threshold: float | None = None
    data: Mapping[str, JSON] | None = None
    create_time: datetime | None = None
    last_updated: datetime | None = None
