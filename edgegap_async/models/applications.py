"""Applications: the games of an organisation."""

from __future__ import annotations

from datetime import datetime

import attrs

from edgegap_async.models.base import Model


@attrs.frozen(kw_only=True)
class Application(Model):
    """A game, whose versions are deployed.

    Attributes:
        name: The application's name.
        is_active: Whether its versions can be deployed.
        image: The icon in base64, also in every row of a list; not shown in ``repr``.
        is_telemetry_agent_active: Whether telemetry is enabled (document of 2024 only).
        create_time: When it was created, in UTC.
        last_updated: When it was changed last, in UTC.
    """

    name: str
    is_active: bool | None = None
    image: str | None = attrs.field(default=None, repr=False)
    is_telemetry_agent_active: bool | None = None
    create_time: datetime | None = None
    last_updated: datetime | None = None
