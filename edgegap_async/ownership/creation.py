"""One create request, as the guard carries it out, and how it can end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar, get_args

import attrs

from edgegap_async.errors import (
    JSON,
    DeadlineExceeded,
    DecodeError,
    EdgegapError,
    Outcome,
    ServerError,
    TransportError,
)
from edgegap_async.models.states import State
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.validation import positive, validate_choice, validate_int

OnCancel: TypeAlias = Literal["stop", "keep"]
"""What happens to a server if the task that creates it is cancelled meanwhile."""


class Created(Protocol):
    """The response to a create request."""

    @property
    def request_id(self) -> str:
        """The server's id."""
        ...


CreatedT = TypeVar("CreatedT", bound=Created)


@attrs.frozen(kw_only=True)
class ListedServer:
    """A row of the list as the guard needs it: with all tags, also the guard's own."""

    request_id: str
    fqdn: str | None = None
    status: State | None = None
    tags: tuple[str, ...] = ()


def _validate_on_cancel(_: object, __: object, value: str) -> None:
    validate_choice(value, get_args(OnCancel), "on_cancel")


def no_webhooks(_: GuardTag) -> dict[str, JSON]:
    """Return no webhook fields."""
    return {}


def not_reported(_: GuardTag, __: str) -> None:
    """Report a created server to nothing."""


@attrs.frozen(kw_only=True)
class Creation(Generic[CreatedT]):
    """One create request.

    Attributes:
        operation_id: Its row in the table of operations.
        model: What its response is decoded to.
        body: Its JSON body, without the guard's tag; its environment variables can be secrets.
        application: The application's name.
        version: The version's name, None for the newest.
        adopt: Makes of a row in the list what the lost response would have been.
        webhooks: Returns the body's webhook fields; fields of the body itself take precedence.
        on_created: Called with the id of the server as soon as it is known, also that of one created in error.
        seconds: The deadline of the create request, its repetitions and look-ups together.
        is_guarded: Whether to send a tag and to look the server up by it if the response is lost.
        on_cancel: What happens to the server if the calling task is cancelled.
    """

    operation_id: str
    model: type[CreatedT]
    body: dict[str, JSON] = attrs.field(repr=False)
    application: str
    version: str | None
    adopt: Callable[[ListedServer], CreatedT]
    webhooks: Callable[[GuardTag], dict[str, JSON]] = no_webhooks
    on_created: Callable[[GuardTag, str], None] = not_reported
    seconds: float
    is_guarded: bool = True
    on_cancel: OnCancel = attrs.field(default="stop", validator=_validate_on_cancel)

    @property
    def name(self) -> str:
        """What the server is called in the log: its application and version."""
        return f"{self.application} {self.version or '(newest)'}"


def _validate_max_attempts(_: object, __: object, value: int) -> None:
    validate_int(value, "GuardPolicy.max_attempts", minimum=1)


@attrs.frozen(kw_only=True)
class GuardPolicy:
    """How a create request whose response is lost is looked up.

    A server counts as absent when the list does not show it ``settle_seconds`` after its request ended. It is then
    requested again, and the list is searched for duplicates in the background.

    Attributes:
        settle_seconds: How long the list may lag. If it is seen to lag by more than half of that, it is given twice
            the lag.
        max_settle_seconds: The most that it is given.
        watch_seconds: How late a server may start that is still found and stopped; the search then goes on for the
            settle time, in which the list may lag.
        max_attempts: How often a server is requested in all.
    """

    settle_seconds: float = attrs.field(default=4.0, validator=positive)
    max_settle_seconds: float = attrs.field(default=20.0, validator=positive)
    watch_seconds: float = attrs.field(default=15.0, validator=positive)
    max_attempts: int = attrs.field(default=3, validator=_validate_max_attempts)


def may_have_been_created(error: EdgegapError) -> bool:
    """Return whether a create request that failed with this error may have started a server whose id is unknown."""
    match error:
        case TransportError(outcome=outcome) | DeadlineExceeded(outcome=outcome):
            return outcome is Outcome.UNKNOWN
        case ServerError() | DecodeError():
            return True
        case _:
            return False
