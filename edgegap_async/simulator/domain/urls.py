"""Checks of the URLs in request bodies."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from edgegap_async.simulator.domain.rejection import Rejection


def validate_url(field: str, value: Any) -> None:
    """Check that a value is an HTTP or HTTPS URL with a host.

    Raises:
        Rejection: It is not. The message names the field.
    """
    try:
        parts = urlsplit(str(value))
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_url = False
    if not is_url:
        raise Rejection(400, f"{field}: this must be a URL that starts with http:// or https://")
