"""What one call sends, how long it may take, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import attrs

from edgegap_async.errors import JSON, DeadlineExceeded, Outcome
from edgegap_async.limits import Priority
from edgegap_async.operations import Operation
from edgegap_async.secret import Secret
from edgegap_async.transport.attempt import HttpRequest


@attrs.define
class CallEffect:
    """What a call may have done so far; it is known also if the task of the call is cancelled.

    Attributes:
        outcome: Whether an attempt can have had an effect at the service.
    """

    outcome: Outcome = Outcome.NOT_SENT


class RequestOptions(TypedDict, total=False):
    """What a call takes besides its operation and its path; every key is optional."""

    query: Mapping[str, str] | None
    """The query parameters, by name."""
    body: JSON
    """What to send as JSON; None sends no body."""
    timeout: float | None
    """The deadline over everything the call does, in seconds; None uses the client's ``timeout``."""
    priority: Priority
    """The place in the queue of the rate bucket, ``Priority.CALL`` by default."""
    token: Secret | None
    """Sent unchanged instead of the organisation's token, for calls from inside a container."""
    secrets: tuple[Secret, ...]
    """Other values that errors must not show. Models hold what a response repeats of them as ``Secret``."""
    effect: CallEffect
    """Kept up to date while the call is under way."""


class CallOptions(RequestOptions, total=False):
    """What a call takes besides its operation; every key is optional."""

    path: Mapping[str, str] | None
    """The values of the path's parameters, by name."""


@attrs.define(kw_only=True)
class PendingCall(HttpRequest):
    """One call under way: the request that each attempt sends, its deadline, and its attempts so far.

    Attributes:
        operation: The operation.
        secrets: What errors must not show: the token, and other values in the request.
        priority: The place in the queue of the rate bucket.
        seconds: The timeout of the call, for error messages.
        deadline: The time of the event loop at which the call ends.
        effect: What the attempts can have done.
        attempt: How many attempts were begun.
        failures: How many attempts failed for another reason than 429.
        bucket_pause: How long the rate bucket pauses after the last 429, in seconds.
    """

    operation: Operation
    secrets: tuple[Secret, ...]
    priority: Priority
    seconds: float
    deadline: float
    effect: CallEffect
    attempt: int = 0
    failures: int = 0
    bucket_pause: float = 0.0

    def deadline_exceeded(self) -> DeadlineExceeded:
        """Create the error for a deadline that passes while the call waits for a response."""
        effect = "" if self.effect.outcome is Outcome.NOT_SENT else "; the service may have carried out the request"
        return DeadlineExceeded(
            f"{self.operation.operation_id}: the timeout of {self.seconds:.3g} s ended while waiting for a response "
            f"(attempt {self.attempt}){effect}",
            outcome=self.effect.outcome,
            operation=self.operation.operation_id,
        )
