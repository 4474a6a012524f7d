"""From errors of the client to problem details (RFC 9457): a table, and nothing of what an error holds but its id.

The message of an error is for the operator: it can name the application, the operation and the service's own words.
What a response shows is the status and the sentence of a row, and the id of the deployment, which support can look up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import attrs

from edgegap_async.errors import (
    JSON,
    APIError,
    BadRequest,
    Conflict,
    DeadlineExceeded,
    DecodeError,
    EdgegapError,
    Gone,
    NotFound,
    Outcome,
    RateLimited,
    TransportError,
    Unprocessable,
    WaitError,
    WaitTimeout,
)

MEDIA_TYPE: Final = "application/problem+json"

_RETRY_AFTER_SECONDS: Final = 1.0
"""The Retry-After of an error that has none: the rates are per second."""

_MAX_RETRY_AFTER_SECONDS: Final = 3600.0


def _was_not_sent(error: EdgegapError) -> bool:
    return isinstance(error, DeadlineExceeded) and error.outcome is Outcome.NOT_SENT


def _is_of_a_proxy(error: EdgegapError) -> bool:
    return isinstance(error, APIError) and not error.from_service


def _always(error: EdgegapError) -> bool:
    return True


@attrs.frozen
class ProblemKind:
    """One row of the table.

    Attributes:
        errors: The classes of errors that it is about.
        status: The status of the response.
        detail: The sentence that the response shows.
        applies: Whether it is about an error of these classes.
        may_retry: Whether the response says when to try again.
    """

    errors: tuple[type[EdgegapError], ...]
    status: HTTPStatus
    detail: str
    applies: Callable[[EdgegapError], bool] = _always
    may_retry: bool = False


_BUSY: Final = "Too many game servers are requested at the moment. Try again later."
_NO_RESPONSE: Final = "The game server service did not respond as expected."

# fmt: off
PROBLEMS: Final[tuple[ProblemKind, ...]] = (
    ProblemKind((RateLimited,), HTTPStatus.SERVICE_UNAVAILABLE, _BUSY, may_retry=True),
    ProblemKind((DeadlineExceeded,), HTTPStatus.SERVICE_UNAVAILABLE, _BUSY, applies=_was_not_sent, may_retry=True),
    ProblemKind((WaitTimeout,), HTTPStatus.GATEWAY_TIMEOUT, "The game server was not ready in time."),
    ProblemKind((DeadlineExceeded,), HTTPStatus.GATEWAY_TIMEOUT, "The game server service did not respond in time."),
    ProblemKind((WaitError,), HTTPStatus.BAD_GATEWAY, "The game server could not be started."),
    ProblemKind((APIError,), HTTPStatus.BAD_GATEWAY, _NO_RESPONSE, applies=_is_of_a_proxy),
    ProblemKind((BadRequest,), HTTPStatus.BAD_REQUEST, "The game server service refused the request."),
    ProblemKind((NotFound,), HTTPStatus.NOT_FOUND, "There is no such resource."),
    ProblemKind((Conflict,), HTTPStatus.CONFLICT, "The resource exists already, or is in use."),
    ProblemKind((Gone,), HTTPStatus.GONE, "The resource was deleted."),
    ProblemKind((Unprocessable,), HTTPStatus.UNPROCESSABLE_ENTITY, "The request cannot be carried out."),
    ProblemKind((APIError, TransportError, DecodeError), HTTPStatus.BAD_GATEWAY, _NO_RESPONSE),
    ProblemKind((EdgegapError,), HTTPStatus.INTERNAL_SERVER_ERROR, "The server could not handle the request."),
)
"""The first row that applies decides."""
# fmt: on


@attrs.frozen(kw_only=True)
class Problem:
    """The response to a request that ended with an error.

    Attributes:
        status: The HTTP status.
        content: The problem details.
        retry_after: The value of the ``Retry-After`` header in seconds, None for no header.
    """

    status: int
    content: dict[str, JSON]
    retry_after: int | None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response, beside its type and length."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


def problem_details(error: EdgegapError) -> Problem:
    """Return the problem details of an error: ``status``, ``title``, ``detail`` and, if it has one, ``request_id``."""
    kind = next(kind for kind in PROBLEMS if isinstance(error, kind.errors) and kind.applies(error))
    content: dict[str, JSON] = {"title": kind.status.phrase, "status": kind.status.value, "detail": kind.detail}
    request_id = getattr(error, "request_id", None)
    if request_id is not None:
        content["request_id"] = request_id
    retry_after = _retry_after(error) if kind.may_retry else None
    return Problem(status=kind.status.value, content=content, retry_after=retry_after)


def _retry_after(error: EdgegapError) -> int:
    seconds = getattr(error, "retry_after", None)
    if seconds is None:
        seconds = _RETRY_AFTER_SECONDS
    return max(math.ceil(min(seconds, _MAX_RETRY_AFTER_SECONDS)), 1)
