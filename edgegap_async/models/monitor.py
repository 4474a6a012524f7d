"""What the service says of itself. Only the document of 2024 lists it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import extra_field


@attrs.frozen(kw_only=True)
class Monitor:
    """The service: its name and version, where it is and where its document is, and what ails it."""

    name: str | None = None
    version: str | None = None
    host: str | None = None
    host_url: str | None = None
    spec_url: str | None = None
    messages: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    extra: Mapping[str, JSON] = extra_field()
