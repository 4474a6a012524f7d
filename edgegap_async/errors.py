"""The errors of this library, as a tree.

::

    EdgegapError
    ├── ConfigurationError (ValueError)       a value passed to the client cannot work; nothing was sent
    │   └── ClientStateError (RuntimeError)   the client is not open, is closed, or belongs to another event loop
    ├── TransportError                        no usable response; ``outcome`` says whether the service may have acted
    ├── DeadlineExceeded (TimeoutError)       ``timeout=`` ran out
    ├── DecodeError                           a response that is not what the service's document says
    ├── APIError                              the service refused: status, message, details
    │   ├── BadRequest             400
    │   ├── AuthenticationError    401
    │   ├── PermissionDenied       403
    │   ├── NotFound               404
    │   ├── Conflict               409
    │   ├── Gone                   410
    │   ├── Unprocessable          422
    │   ├── FailedDependency       424
    │   ├── RateLimited            429
    │   └── ServerError            5xx
    ├── WaitError                             a wait ended, and what was waited for is not ready: kind, id, last state
    │   ├── WaitFailed                        ... because it is in error
    │   ├── WaitTerminated                    ... because it was stopped or deleted
    │   ├── WaitTimeout (DeadlineExceeded)    ... because the time ran out
    │   └── DeploymentError                   the same for a deployment: request_id
    │       ├── DeploymentFailed (WaitFailed)
    │       ├── DeploymentTerminated (WaitTerminated)
    │       └── ReadyTimeout (WaitTimeout)
    └── CleanupFailed                         something that the client started may still run, and be billed
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"
    """Anything a JSON document can hold."""
else:  # what reads annotations when the program runs cannot follow a type that holds itself
    JSON = Any

_LONGEST_MESSAGE: Final = 500
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def cleaned(text: str, limit: int = _LONGEST_MESSAGE) -> str:
    """Text from the other side on one line and of bounded length, so that it can be shown and logged."""
    line = _CONTROL.sub(" ", text).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


class Outcome(enum.Enum):
    """Whether a request that got no answer can have had an effect."""

    NOT_SENT = "not sent"
    """Provably nothing reached the service."""
    UNKNOWN = "unknown"
    """It may have been carried out."""


class EdgegapError(Exception):
    """Everything this library raises about the service or about its own use."""

    def __reduce__(self) -> tuple[Any, ...]:
        # the arguments of these classes are more than their text: process pools and task queues rebuild them so
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[EdgegapError], arguments: tuple[Any, ...], attributes: dict[str, Any]) -> EdgegapError:
    error = kind.__new__(kind)
    error.args = arguments
    error.__dict__.update(attributes)
    return error


class ConfigurationError(EdgegapError, ValueError):
    """Something given to the client cannot work; nothing was sent."""


class ClientStateError(ConfigurationError, RuntimeError):
    """The client is not open yet, is closed already, or was opened in another event loop."""


class TransportError(EdgegapError):
    """No usable answer came; ``outcome`` tells whether the service can have acted on the request."""

    def __init__(self, message: str, *, outcome: Outcome, operation: str | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.operation = operation


class DeadlineExceeded(EdgegapError, TimeoutError):
    """The call's ``timeout=`` ran out; ``outcome`` tells whether the service can have acted on it."""

    def __init__(self, message: str, *, outcome: Outcome = Outcome.NOT_SENT, operation: str | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.operation = operation


class DecodeError(EdgegapError):
    """An answer that is not what the service's document says; ``path`` is where, never what it held."""

    def __init__(self, message: str, *, operation: str, path: str = "$") -> None:
        super().__init__(message)
        self.operation = operation
        self.path = path


class APIError(EdgegapError):
    """The service answered with an error.

    ``message`` and ``details`` are the service's own, capped, on one line and without the token. ``request_id``
    is set when the answer names a deployment (a 422 does: it exists, in error, and has to be stopped).
    """

    def __init__(
        self,
        status: int,
        message: str,
        details: Mapping[str, JSON] | None = None,
        operation: str | None = None,
        *,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        self.status = status
        self.message = message
        self.details: Mapping[str, JSON] = details or {}
        self.operation = operation
        self.retry_after = retry_after
        self.request_id = request_id
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        told = self.message or "no message"
        if self.details:
            told = f"{told} ({cleaned(', '.join(f'{name}: {text}' for name, text in self.details.items()))})"
        advice = _ADVICE.get(self.status)
        return f"{self.operation or 'request'} answered {self.status}: {told}" + (f". {advice}" if advice else "")


class BadRequest(APIError):
    """400: the service did not accept what was sent."""


class AuthenticationError(APIError):
    """401: the token is missing, wrong or revoked."""


class PermissionDenied(APIError):
    """403: the token is valid and not allowed to do this."""


class NotFound(APIError):
    """404: there is nothing of that name."""


class Conflict(APIError):
    """409: something of that name exists already, or is in use."""


class Gone(APIError):
    """410: it existed and is gone."""


class Unprocessable(APIError):
    """422: understood and not possible; with a ``request_id`` the deployment exists and is in error."""


class FailedDependency(APIError):
    """424: something the service needs failed (a container image that cannot be pulled)."""


class RateLimited(APIError):
    """429: the organisation sends more than it may; ``retry_after`` is in seconds, None when not told."""


class ServerError(APIError):
    """5xx: the service failed."""


_BY_STATUS: Final[Mapping[int, type[APIError]]] = {
    400: BadRequest,
    401: AuthenticationError,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Unprocessable,
    424: FailedDependency,
    429: RateLimited,
}

_ADVICE: Final[Mapping[int, str]] = {
    401: "Check EDGEGAP_API_TOKEN, or the token given to the client",
    403: "The token is valid but may not do this",
    429: "The organisation's limit is shared: look for other processes that use the same token",
}


def api_error_class(status: int) -> type[APIError]:
    """The class of the tree for an HTTP status."""
    return _BY_STATUS.get(status, ServerError if status >= 500 else APIError)


class WaitError(EdgegapError):
    """A wait ended, and what was waited for is not ready.

    Attributes:
        kind: What was waited for: ``"deployment"``, ``"session"``, ``"relay session"``, ``"lobby"`` ...
        id: Its id, or its names separated by spaces.
        last_state: The state seen last, None if none was seen.
        reason: Why, in the service's own words where it gives any.
    """

    def __init__(
        self, message: str, *, kind: str, id: str, last_state: str | None = None, reason: str | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.id = id
        self.last_state = last_state
        self.reason = reason


class WaitFailed(WaitError):
    """What was waited for is in error. It still exists until it is deleted."""


class WaitTerminated(WaitError):
    """What was waited for was stopped or deleted before it was ready."""


class WaitTimeout(WaitError, DeadlineExceeded):
    """What was waited for was not ready in time."""

    operation: str | None = None
    outcome: Outcome = Outcome.UNKNOWN


class DeploymentError(WaitError):
    """A game server that will not become ready; ``request_id`` is its id."""

    def __init__(
        self, message: str, *, request_id: str, last_state: str | None = None, reason: str | None = None
    ) -> None:
        super().__init__(message, kind="deployment", id=request_id, last_state=last_state, reason=reason)
        self.request_id = request_id


class DeploymentFailed(DeploymentError, WaitFailed):
    """The deployment is in error. It still exists, and is billed, until it is stopped."""


class DeploymentTerminated(DeploymentError, WaitTerminated):
    """The deployment was stopped before it was ready, or the service does not know it."""


class ReadyTimeout(DeploymentError, WaitTimeout):
    """The deployment was not ready in time."""


class CleanupFailed(EdgegapError):
    """Something that the client started may still run, and be billed: see to it by hand.

    ``id`` is that of what could not be removed or, where a creation's answer was lost, the tag that finds it.
    """

    def __init__(self, message: str, *, id: str) -> None:
        super().__init__(message)
        self.id = id
