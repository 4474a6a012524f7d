"""Checks of the URLs in request bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from edgegap_async.simulator.domain.rejection import Rejection


def validate_url(field: str, value: Any) -> None:
    """Check that a value is an HTTP or HTTPS URL with a host.

    Raises:
        Rejection: It is not. The message names the field.
    """
    url = str(value)
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        is_url = is_url and url.split() == [url]
    except ValueError:
        is_url = False
    if not is_url:
        raise Rejection(400, f"{field}: this must be a URL that starts with http:// or https://")


def optional_url(body: Mapping[str, Any], field: str) -> str | None:
    """Return the URL in a field of a request body; None if the body lacks the field.

    Raises:
        Rejection: The field is not an HTTP or HTTPS URL with a host.
    """
    if field in body:
        validate_url(field, body[field])
    return body.get(field)
