"""The responses that no handler makes: a rejected request, too many requests, an unknown path."""

from __future__ import annotations

from typing import Any

from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.http.messages import Reply


def rejection_reply(rejection: Rejection) -> Reply:
    """Return the response for a request that a check or a handler rejected."""
    body: dict[str, Any] = {"message": rejection.message}
    return Reply(rejection.status, body | {"details": dict(rejection.details)} if rejection.details else body)


def too_many_requests(retry_after: float | str | None) -> Reply:
    """Return a 429 response; its body is a guess, because the service documents none."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Reply(429, {"message": "Too many requests"}, headers)


def unknown_path(method: str, allowed: frozenset[str]) -> Reply:
    """Return the response for a path or a method that no operation has.

    Args:
        method: The method of the request.
        allowed: The methods that the path has; empty if no operation has the path.
    """
    if allowed:
        return Reply(405, {"message": f"the method {method} is not allowed"}, {"Allow": ", ".join(sorted(allowed))})
    return Reply(404, {"message": "no operation has this path"})
