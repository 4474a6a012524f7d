"""What an answer means: its errors, and how long it asks to wait."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from multidict import CIMultiDict

from edgegap_async.codec import loads
from edgegap_async.config import Secret
from edgegap_async.errors import JSON, APIError, api_error_class, cleaned
from edgegap_async.transport.attempt import HttpResponse


def retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """The seconds a ``Retry-After`` header asks for: a number, a fraction or a date; None without a usable one.

    ``now`` gives the wall clock in seconds since 1970, against which a date is counted.
    """
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now()
        except ValueError:
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def scrubbed(answer: HttpResponse, secrets: Iterable[Secret]) -> HttpResponse:
    """The answer without the secrets that were sent: a service may repeat them, in errors above all."""
    body, headers = answer.body, answer.headers
    for secret in secrets:
        body = secret.scrub(body)
        if answer.status >= 300:  # only then is anything of them shown
            headers = CIMultiDict((name, secret.scrub(value.encode()).decode()) for name, value in headers.items())
    return HttpResponse(status=answer.status, headers=headers, body=body)


def api_error(answer: HttpResponse, operation: str) -> APIError:
    """The error for an answer that is no success, whatever its body is."""
    body = _object(answer.body)
    return api_error_class(answer.status)(
        answer.status,
        cleaned(_message(answer, body)),
        _details(body),
        operation,
        retry_after=retry_after(answer.headers),
        request_id=_text(body, "request_id"),
    )


def _object(body: bytes) -> dict[str, JSON]:
    try:
        parsed = loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _text(body: dict[str, JSON], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _message(answer: HttpResponse, body: dict[str, JSON]) -> str:
    if 300 <= answer.status < 400:
        host = _host(answer.headers.get("Location", ""))
        return f"a redirect{f' to {host}' if host else ''}, which is not followed"
    if message := _text(body, "message") or _text(body, "error"):
        return message
    if not answer.body.strip():
        return "an empty body"
    kind = answer.headers.get("Content-Type", "no content type").partition(";")[0]
    return f"no message ({kind}, {len(answer.body)} bytes)"


def _host(location: str) -> str | None:
    """Only the host: what follows it in the address can hold anything."""
    try:
        return urlsplit(location).hostname
    except ValueError:
        return None


def _details(body: JSON) -> dict[str, JSON]:
    if not isinstance(body, dict):
        return {}
    for name in ("details", "errors"):
        if (details := body.get(name)) and isinstance(details, dict):
            return details
    return {}
