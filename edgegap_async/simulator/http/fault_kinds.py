"""The kinds of faults: one class each, with its options as fields and one method that applies it."""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Protocol, TypeAlias

import attrs

from edgegap_async.errors import ConfigurationError
from edgegap_async.json_codec import dumps
from edgegap_async.simulator.domain.deployment import PlannedFailure
from edgegap_async.simulator.http.active_request import ActiveRequest
from edgegap_async.simulator.http.messages import DroppedConnection, Reply, RequestResult
from edgegap_async.simulator.http.responses import too_many_requests
from edgegap_async.validation import suggestion, validate_int, validate_number

_HTML: Final = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n"


class WebhookDelivery(Protocol):
    """A webhook that is due: what a fault can do with it."""

    def skip(self) -> None:
        """Log the webhook without sending it."""
        ...

    async def send(self) -> None:
        """Log the webhook, send it and wait for the response."""
        ...


class RequestFault(ABC):
    """A fault of a request; the fields of each kind are its options."""

    name: ClassVar[str]
    """The name that ``faults.add`` takes."""
    before_request: ClassVar[bool] = False
    """Whether it applies before the request is read, authorized and counted."""
    creates_only: ClassVar[bool] = False
    """Whether it applies only to operations that create a deployment."""

    @abstractmethod
    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Serve the request with this fault."""


class WebhookFault(ABC):
    """A fault of a webhook; the fields of each kind are its options."""

    name: ClassVar[str]
    """The name that ``faults.add`` takes."""

    @abstractmethod
    async def apply(self, delivery: WebhookDelivery) -> None:
        """Deliver the webhook with this fault."""


# validators of options


def _what(kind: RequestFault | WebhookFault, option: attrs.Attribute[Any]) -> str:
    return f"the option {option.name} of the fault {kind.name!r}"


def _status_code(kind: RequestFault, option: attrs.Attribute[Any], value: int) -> None:
    validate_int(value, _what(kind, option), minimum=200, maximum=599)


def _seconds(kind: RequestFault | WebhookFault, option: attrs.Attribute[Any], value: float) -> None:
    validate_number(value, f"{_what(kind, option)} (seconds)", minimum=0)


def _instance_of(*types: type) -> Any:
    names = " or ".join("None" if each is type(None) else each.__name__ for each in types)

    def check(kind: RequestFault, option: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, types):
            raise ConfigurationError(f"{_what(kind, option)} must be {names}, not {type(value).__name__}")

    return check


def _json(kind: RequestFault, option: attrs.Attribute[Any], value: object) -> None:
    try:
        dumps(value)
    except TypeError as error:
        raise ConfigurationError(f"{_what(kind, option)} must be JSON: {error}") from error


# faults of requests


@attrs.frozen
class ResetFault(RequestFault):
    """Resets the connection before the request is read."""

    name = "reset"
    before_request = True

    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Reset the connection."""
        return DroppedConnection(reset=True)


@attrs.frozen
class DropAfterCommitFault(RequestFault):
    """Handles the request and closes the connection without a response."""

    name = "drop_after_commit"

    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Handle the request and drop the connection."""
        request.handle()
        return DroppedConnection()


@attrs.frozen(kw_only=True)
class StatusFault(RequestFault):
    """Responds with a given status."""

    name = "status"

    code: int = attrs.field(validator=_status_code)
    """The status, from 200 to 599."""
    body: Any = attrs.field(default=None, validator=[_instance_of(str, dict, list, type(None)), _json])
    """The response body: JSON, a string that is sent as plain text, or None for no body."""
    headers: Mapping[str, str] | None = attrs.field(default=None, validator=_instance_of(dict, type(None)))
    after_commit: bool = attrs.field(default=False, validator=_instance_of(bool))
    """Whether to handle the request first; by default, nothing is carried out."""

    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Respond with the status."""
        if self.after_commit:
            request.handle()
        return Reply(self.code, self.body.encode() if isinstance(self.body, str) else self.body, self.headers or {})


@attrs.frozen(kw_only=True)
class DelayFault(RequestFault):
    """Handles the request and responds after a delay."""

    name = "delay"

    seconds: float = attrs.field(validator=_seconds)

    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Wait, then handle the request, even if the client has disconnected meanwhile."""
        await asyncio.sleep(self.seconds)
        return request.handle()


@attrs.frozen
class StallFault(RequestFault):
    """Handles the request and never responds; the connection stays open until the client closes it."""

    name = "stall"

    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Handle the request and wait until the client disconnects."""
        request.handle()
        await request.disconnected()
        return DroppedConnection()


@attrs.frozen
class TruncateFault(RequestFault):
    """Handles the request, sends half of the response body and closes the connection."""

    name = "truncate"

    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Handle the request and send half of the body; a response without a body is dropped."""
        reply = request.handle()
        return DroppedConnection(reply if reply.content else None)


@attrs.frozen
class NotJsonFault(RequestFault):
    """Responds with 200 and an HTML page, as a proxy in between might."""

    name = "not_json"

    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Respond with an HTML page; the request is not handled."""
        return Reply(200, _HTML, {"Content-Type": "text/html; charset=utf-8"})


@attrs.frozen(kw_only=True)
class RateLimitedFault(RequestFault):
    """Responds with 429."""

    name = "rate_limited"

    retry_after: float | str | None = attrs.field(default=None, validator=_instance_of(int, float, str, type(None)))
    """The ``Retry-After`` header: seconds, or a string that is sent unchanged; None sends no header."""

    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Respond with 429; the request is not handled."""
        return too_many_requests(self.retry_after)


@attrs.frozen(kw_only=True)
class ErroredFault(RequestFault):
    """Creates a deployment that ends in ERROR instead of READY."""

    name = "errored"
    creates_only = True

    detail: str = attrs.field(default="The image could not be pulled in time", validator=_instance_of(str))
    """The error detail of the deployment."""

    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Create the deployment and respond as usual."""
        return request.handle(PlannedFailure(self.detail))


@attrs.frozen(kw_only=True)
class UnprocessableFault(RequestFault):
    """Creates a deployment in ERROR and responds with 422 and its id."""

    name = "unprocessable"
    creates_only = True

    message: str = attrs.field(default="The deployment is in error", validator=_instance_of(str))
    """The message of the response, and the error detail of the deployment."""

    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Create the failed deployment; a request that is rejected gets its own response."""
        reply = request.handle(PlannedFailure(self.message, at_once=True))
        if reply.status >= 300:
            return reply
        return Reply(422, {"request_id": reply.body["request_id"], "message": self.message})


@attrs.frozen
class EarlyFault(RequestFault):
    """Creates a deployment and sends its first webhook before the response."""

    name = "early"
    creates_only = True

    async def apply(self, request: ActiveRequest) -> RequestResult:
        """Create the deployment and respond after its first webhook."""
        reply = request.handle()
        if reply.status < 300:
            await request.notified(reply.body["request_id"])
        return reply


# faults of webhooks


@attrs.frozen
class LostFault(WebhookFault):
    """Does not send the webhook."""

    name = "lost"

    async def apply(self, delivery: WebhookDelivery) -> None:
        """Log the webhook only."""
        delivery.skip()


@attrs.frozen
class DuplicateFault(WebhookFault):
    """Sends the webhook twice."""

    name = "duplicate"

    async def apply(self, delivery: WebhookDelivery) -> None:
        """Send the webhook, and send it again."""
        await delivery.send()
        await delivery.send()


@attrs.frozen(kw_only=True)
class LateFault(WebhookFault):
    """Sends the webhook after a delay, with the state at the time it was due."""

    name = "late"

    seconds: float = attrs.field(validator=_seconds)

    async def apply(self, delivery: WebhookDelivery) -> None:
        """Wait, then send the webhook."""
        await asyncio.sleep(self.seconds)
        await delivery.send()


FaultKind: TypeAlias = RequestFault | WebhookFault

FAULT_KINDS: Final[Mapping[str, type[FaultKind]]] = {
    kind.name: kind
    for kind in (
        ResetFault,
        DropAfterCommitFault,
        StatusFault,
        DelayFault,
        StallFault,
        TruncateFault,
        NotJsonFault,
        RateLimitedFault,
        ErroredFault,
        UnprocessableFault,
        EarlyFault,
        LostFault,
        DuplicateFault,
        LateFault,
    )
}
"""Every kind of fault by its name."""


def create_fault(name: str, options: Mapping[str, Any]) -> FaultKind:
    """Return a fault of a kind with these options.

    Raises:
        ConfigurationError: The kind or an option is unknown, or an option is missing or has an invalid value.
    """
    kind = FAULT_KINDS.get(name)
    if kind is None:
        raise ConfigurationError(f"there is no kind of fault {name!r}: {suggestion(name, FAULT_KINDS)}")
    known = inspect.signature(kind).parameters
    for option in options:
        if option not in known:
            hint = suggestion(option, known) if known else "it takes none"
            raise ConfigurationError(f"the fault {name!r} takes no option {option!r}: {hint}")
    for option, parameter in known.items():
        if parameter.default is parameter.empty and option not in options:
            raise ConfigurationError(f"the fault {name!r} needs the option {option}")
    return kind(**options)
