"""The status of the service itself; document of 2024 only."""

from __future__ import annotations

import attrs

from edgegap_async.models.base import Model


@attrs.frozen(kw_only=True)
class Monitor(Model):
    """The status of the service.

    Attributes:
        name: The service's name.
        version: The service's version.
        host: Its host name.
        host_url: Its URL.
        spec_url: The URL of its OpenAPI document.
        messages: Announcements.
        errors: Known problems.
    """

    name: str | None = None
    version: str | None = None
    host: str | None = None
    host_url: str | None = None
    spec_url: str | None = None
    messages: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
