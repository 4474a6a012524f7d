"""Applications: the games that an organisation has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import extra_field


@attrs.frozen(kw_only=True)
class Application:
    """A game, whose versions are deployed; one that is not active cannot be.

    ``image`` is its icon in base64, in every row of a list too. ``is_telemetry_agent_active`` stands only in the
    document of 2024.
    """

    name: str
    is_active: bool | None = None
    image: str | None = attrs.field(default=None, repr=False)
    is_telemetry_agent_active: bool | None = None
    create_time: datetime | None = None
    last_updated: datetime | None = None
    extra: Mapping[str, JSON] = extra_field()
