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
    ├── JournalError                          the journal on disk cannot be written or read
    ├── CoordinationError                     the store that several processes share does not respond
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

_MAX_MESSAGE_LENGTH: Final = 500
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def cleaned(text: str, limit: int = _MAX_MESSAGE_LENGTH) -> str:
    """Return text from the service on one line and of bounded length, so that it can be shown and logged."""
    line = _CONTROL.sub(" ", text).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


class Outcome(enum.Enum):
    """Whether a request without a response may have been carried out."""

    NOT_SENT = "not sent"
    """The request provably did not reach the service."""
    UNKNOWN = "unknown"
    """The request may have been carried out."""


class EdgegapError(Exception):
    """The base of every error that this library raises about the service or about its own use."""

    def __reduce__(self) -> tuple[Any, ...]:
        # process pools and task queues pickle errors, and these take more arguments than their message
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[EdgegapError], arguments: tuple[Any, ...], attributes: dict[str, Any]) -> EdgegapError:
    error = kind.__new__(kind)
    error.args = arguments
    error.__dict__.update(attributes)
    if (notes := attributes.get("__notes__")) is not None:
        error.__dict__["__notes__"] = list(notes)  # a note that is added to a copy is not added to the original
    return error


class ConfigurationError(EdgegapError, ValueError):
    """A value passed to the client is invalid; nothing was sent."""


class ClientStateError(ConfigurationError, RuntimeError):
    """The client is not open yet, is closed already, or was opened in another event loop."""


class TransportError(EdgegapError):
    """There is no usable response.

    Attributes:
        outcome: Whether the service may have carried out the request.
        operation: The operation, None outside of a call.
        is_permanent: Whether a retry would fail in the same way: the proxy refuses the client's user name and password.
    """

    def __init__(
        self, message: str, *, outcome: Outcome, operation: str | None = None, is_permanent: bool = False
    ) -> None:
        """Keep the attributes.

        Args:
            message: The error message.
            outcome: Whether the service may have carried out the request.
            operation: The operation, None outside of a call.
            is_permanent: Whether a retry would fail in the same way.
        """
        super().__init__(message)
        self.outcome = outcome
        self.operation = operation
        self.is_permanent = is_permanent


class DeadlineExceeded(EdgegapError, TimeoutError):
    """The call's ``timeout=`` ran out.

    Attributes:
        outcome: Whether the service may have carried out the request.
        operation: The operation, None outside of a call.
    """

    def __init__(self, message: str, *, outcome: Outcome = Outcome.NOT_SENT, operation: str | None = None) -> None:
        """Keep the attributes.

        Args:
            message: The error message.
            outcome: Whether the service may have carried out the request.
            operation: The operation, None outside of a call.
        """
        super().__init__(message)
        self.outcome = outcome
        self.operation = operation


class DecodeError(EdgegapError):
    """A response that is not what the service's document says.

    Attributes:
        operation: The operation.
        path: Where in the document the response is wrong, as in ``$.data[3].tags``; never the value.
    """

    def __init__(self, message: str, *, operation: str, path: str = "$") -> None:
        """Keep the attributes.

        Args:
            message: The error message.
            operation: The operation.
            path: Where the response is wrong.
        """
        super().__init__(message)
        self.operation = operation
        self.path = path


class APIError(EdgegapError):
    """The service answered with an error.

    Attributes:
        status: The HTTP status.
        message: The service's own message, shortened, on one line and without the secrets that were sent.
        details: The service's details by field, if it gives any.
        operation: The operation.
        retry_after: The seconds of the ``Retry-After`` header, None without one.
        request_id: The deployment that the response names: with a 422 it exists, in error, and has to be stopped.
        from_service: Whether the body is JSON with a message, as the service sends it; False for anything else, such
            as the HTML page of a proxy.
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
        from_service: bool = True,
    ) -> None:
        """Keep the attributes.

        Args:
            status: The HTTP status.
            message: The service's message.
            details: The service's details by field.
            operation: The operation.
            retry_after: The seconds of the ``Retry-After`` header.
            request_id: The deployment that the response names.
            from_service: Whether the body is JSON with a message.
        """
        self.status = status
        self.message = message
        self.details: Mapping[str, JSON] = details or {}
        self.operation = operation
        self.retry_after = retry_after
        self.request_id = request_id
        self.from_service = from_service
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        message = self.message or "no message"
        if self.details:
            details = ", ".join(f"{name}: {text}" for name, text in self.details.items())
            message = f"{message} ({cleaned(details)})"
        advice = _ADVICE.get(self.status)
        return f"{self.operation or 'request'} answered {self.status}: {message}" + (f". {advice}" if advice else "")


class BadRequest(APIError):
    """400: the request is invalid; for some operations also an unknown id."""


class AuthenticationError(APIError):
    """401: the token is missing, wrong or revoked."""


class PermissionDenied(APIError):
    """403: the token is valid and not allowed to do this."""


class NotFound(APIError):
    """404: there is no resource of that name or id."""


class Conflict(APIError):
    """409: a resource of that name exists already, or is in use."""


class Gone(APIError):
    """410: the resource was deleted."""


class Unprocessable(APIError):
    """422: the request cannot be carried out; with a ``request_id`` the deployment exists and is in error."""


class FailedDependency(APIError):
    """424: something that the service depends on failed, such as pulling the container image."""


class RateLimited(APIError):
    """429: the organisation exceeds a rate limit; ``retry_after`` is in seconds, None without the header."""


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

PROXY_ADVICE: Final = "check the user name and password in proxy="

_ADVICE: Final[Mapping[int, str]] = {
    401: "Check EDGEGAP_API_TOKEN, or the token given to the client",
    403: "The token is valid but may not do this",
    407: f"This is the response of the HTTP proxy: {PROXY_ADVICE}",
    429: "The limit holds for the whole organisation: check which other processes use the same token",
}


def api_error_class(status: int) -> type[APIError]:
    """Return the class of the tree for an HTTP status."""
    return _BY_STATUS.get(status, ServerError if status >= 500 else APIError)


class WaitError(EdgegapError):
    """A wait ended, and what was waited for is not ready.

    Attributes:
        kind: What was waited for: ``"deployment"``, ``"session"``, ``"relay session"``, ``"lobby"`` ...
        id: Its id; if it has several names, these separated by slashes.
        last_state: The state seen last, None if none was seen.
        reason: Why, in the service's own words where it gives any.
    """

    def __init__(
        self, message: str, *, kind: str, id: str, last_state: str | None = None, reason: str | None = None
    ) -> None:
        """Keep the attributes.

        Args:
            message: The error message.
            kind: What was waited for.
            id: Its id.
            last_state: The state seen last.
            reason: Why.
        """
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

    def __init__(
        self, message: str, *, kind: str, id: str, last_state: str | None = None, reason: str | None = None
    ) -> None:
        """Keep the attributes, which are those of ``WaitError``.

        Args:
            message: The error message.
            kind: What was waited for.
            id: Its id.
            last_state: The state seen last.
            reason: The error of the last poll, if it failed.
        """
        super().__init__(message, kind=kind, id=id, last_state=last_state, reason=reason)
        self.outcome = Outcome.UNKNOWN  # what is waited for exists


class DeploymentError(WaitError):
    """A game server that will not become ready; ``request_id`` is its id."""

    def __init__(
        self, message: str, *, request_id: str, last_state: str | None = None, reason: str | None = None
    ) -> None:
        """Keep the attributes.

        Args:
            message: The error message.
            request_id: The deployment's id.
            last_state: The state seen last.
            reason: Why.
        """
        super().__init__(message, kind="deployment", id=request_id, last_state=last_state, reason=reason)
        self.request_id = request_id


class DeploymentFailed(DeploymentError, WaitFailed):
    """The deployment is in error. It still exists, and is billed, until it is stopped."""


class DeploymentTerminated(DeploymentError, WaitTerminated):
    """The deployment was stopped before it was ready, or the service does not know it."""


class ReadyTimeout(DeploymentError, WaitTimeout):
    """The deployment was not ready in time."""


class JournalError(EdgegapError):
    """The journal on disk cannot be written or read: it has no space, no permission, was removed or is damaged."""


class CoordinationError(EdgegapError):
    """The store that several processes share does not respond, or refuses a command."""


class CleanupFailed(EdgegapError):
    """Something that the client started may still run, and be billed, or the journal lacks what became of it.

    Attributes:
        id: Its id or, if the response to its create request was lost, the tag that finds it.
    """

    def __init__(self, message: str, *, id: str) -> None:
        super().__init__(message)
        self.id = id
