"""What a response means: its error, its Retry-After, and the secrets to remove from it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from multidict import CIMultiDict

from edgegap_async.errors import JSON, APIError, api_error_class, cleaned
from edgegap_async.json_codec import loads
from edgegap_async.secret import Secret
from edgegap_async.transport.attempt import HttpResponse


def retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """Parse the ``Retry-After`` header: an integer, a fraction or a date.

    Args:
        headers: The headers of the response.
        now: Returns the wall-clock time in seconds since 1970; a date is relative to it.

    Returns:
        Seconds to wait, at least 0, or None without a usable header.
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now()
        except ValueError:
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def scrub_secrets(response: HttpResponse, secrets: Iterable[Secret]) -> HttpResponse:
    """Return the response with ``secrets`` replaced by ``***``: a service may repeat what it was sent."""
    body, headers = response.body, response.headers
    for secret in secrets:
        body = secret.scrub(body)
        if response.status >= 300:  # headers are only ever shown by errors
            headers = CIMultiDict((name, secret.scrub(value.encode()).decode()) for name, value in headers.items())
    if body is response.body and headers is response.headers:
        return response
    return HttpResponse(status=response.status, headers=headers, body=body)


def api_error(response: HttpResponse, operation: str) -> APIError:
    """Create the error for a response that is not a success; any body is accepted."""
    body = _parse_object(response.body)
    return api_error_class(response.status)(
        response.status,
        cleaned(_message(response, body)),
        _details(body),
        operation,
        retry_after=retry_after(response.headers),
        request_id=_string(body, "request_id"),
        from_service=_string(body, "message") is not None,
    )


def _parse_object(body: bytes) -> dict[str, JSON]:
    try:
        parsed = loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _string(body: dict[str, JSON], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _message(response: HttpResponse, body: dict[str, JSON]) -> str:
    if 300 <= response.status < 400:
        host = _host(response.headers.get("Location", ""))
        return f"a redirect{f' to {host}' if host else ''}, which is not followed"
    if message := _string(body, "message") or _string(body, "error"):
        return message
    if not response.body.strip():
        return "an empty body"
    content_type = response.headers.get("Content-Type", "no content type").partition(";")[0]
    return f"no message ({content_type}, {len(response.body)} bytes)"


def _host(location: str) -> str | None:
    """Return only the host of a URL: its path and query can hold secrets."""
    try:
        return urlsplit(location).hostname
    except ValueError:
        return None


def _details(body: dict[str, JSON]) -> dict[str, JSON]:
    for name in ("details", "errors"):
        if (details := body.get(name)) and isinstance(details, dict):
            return details
    return {}
