"""What a response means: its error, its Retry-After, and the secrets that an error must not show."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from edgegap_async.errors import JSON, APIError, DecodeError, api_error_class, cleaned
from edgegap_async.json_codec import loads
from edgegap_async.secret import Secret
from edgegap_async.transport.attempt import HttpResponse

_QUOTED_KEYS: Final = re.compile(r"""\[['"].*['"…]\]""")
"""The part of a DecodeError's path from the first to the last key that the service chose; a long key ends in "…"."""


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
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def scrub_text(text: str, secrets: Iterable[Secret]) -> str:
    """Return text with ``secrets`` replaced by ``***``: a service may repeat what it was sent."""
    for secret in sorted(secrets, key=_length, reverse=True):  # one can be a part of another
        text = secret.scrub(text)
    return text


def _length(secret: Secret) -> int:
    return len(secret.reveal())


def scrub_decode_error(error: DecodeError, secrets: Iterable[Secret]) -> DecodeError:
    """Return the error without ``secrets`` in its path; it has no cause and no traceback.

    Of the response, a DecodeError shows only the keys of mappings. The stack frames in its traceback hold the values.
    """
    path = _QUOTED_KEYS.sub(lambda keys: scrub_text(keys[0], secrets), error.path)
    message = str(error)
    if path != error.path:
        message = message.replace(error.path, path)
    return DecodeError(message, operation=error.operation, path=path)


def api_error(response: HttpResponse, operation: str, secrets: Iterable[Secret] = ()) -> APIError:
    """Create the error for a response that is not a success; any body is accepted.

    Args:
        response: The response.
        operation: The operation's id.
        secrets: What the error must not show, though the response may repeat it.
    """
    secrets = tuple(secrets)
    body = _parse_object(response.body)
    request_id = _string(body, "request_id")
    return api_error_class(response.status)(
        response.status,
        cleaned(_message(response, body, secrets)),
        {scrub_text(name, secrets): _scrub_json(value, secrets) for name, value in _details(body).items()},
        operation,
        retry_after=retry_after(response.headers),
        # it names what has to be stopped, so it is changed only if the whole of it is a secret
        request_id=None if request_id in {secret.reveal() for secret in secrets} else request_id,
        from_service=_string(body, "message") is not None,
    )


def _scrub_json(value: JSON, secrets: tuple[Secret, ...]) -> JSON:
    match value:
        case str():
            return scrub_text(value, secrets)
        case list():
            return [_scrub_json(item, secrets) for item in value]
        case dict():
            return {scrub_text(name, secrets): _scrub_json(item, secrets) for name, item in value.items()}
        case _:
            return value


def _parse_object(body: bytes) -> dict[str, JSON]:
    try:
        parsed = loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _string(body: dict[str, JSON], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _message(response: HttpResponse, body: dict[str, JSON], secrets: tuple[Secret, ...]) -> str:
    if 300 <= response.status < 400:
        host = _host(response.headers.get("Location", ""), secrets)
        return f"a redirect{f' to {host}' if host else ''}, which is not followed"
    if message := _string(body, "message") or _string(body, "error"):
        return scrub_text(message, secrets)
    if not response.body.strip() and not response.is_too_large:
        return "an empty body"
    content_type = response.headers.get("Content-Type", "no content type").partition(";")[0]
    size = "larger than max_response_bytes" if response.is_too_large else f"{len(response.body)} bytes"
    return f"no message ({scrub_text(content_type, secrets)}, {size})"


def _host(location: str, secrets: tuple[Secret, ...]) -> str | None:
    """Return only the host of a URL: its path and query can hold secrets."""
    try:
        # urlsplit returns the host in lower case, in which a secret would not be found
        return urlsplit(f"//{scrub_text(urlsplit(location).netloc, secrets)}").hostname
    except ValueError:
        return None


def _details(body: dict[str, JSON]) -> dict[str, JSON]:
    for name in ("details", "errors"):
        if (details := body.get(name)) and isinstance(details, dict):
            return details
    return {}
