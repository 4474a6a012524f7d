"""Smart fleets, which keep deployments running by policies; only the document of 2024 lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import extra_field
from edgegap_async.models.filters import DeployFilter

PolicyType: TypeAlias = Literal["Location", "Tag", "Coordinates"]
"""What a policy's deployments are placed by."""

PolicyData: TypeAlias = Sequence[DeployFilter] | Mapping[str, JSON]
"""Where a policy's deployments go: filters, or an object of another shape where its type asks for one."""


@attrs.frozen(kw_only=True)
class Fleet:
    """A fleet; it does nothing before it is enabled, has a policy and is linked to a version."""

    name: str
    enabled: bool | None = None
    create_time: datetime | None = None
    last_updated: datetime | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class FleetLink:
    """That a fleet runs deployments of an application's version."""

    fleet: str
    app: str
    app_version: str
    create_time: datetime | None = None
    last_updated: datetime | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class FleetPolicy:
    """What a fleet keeps to: between ``minimum`` and ``maximum`` deployments in the places that ``data`` describes.

    Another deployment is started once ``threshold``, a share from 0.1 to 1, of the sockets is taken. ``type`` is
    Location, Tag or Coordinates and decides the shape of ``data``.
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
    extra: Mapping[str, JSON] = extra_field()
