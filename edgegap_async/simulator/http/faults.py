"""What can be made to go wrong, as a script: which operation, what happens, how often.

Each kind is a row of a table: the options it takes, and how it turns the handling of a request into an
outcome. An outcome is an answer, or a cut: the connection ends before the answer or in the middle of it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final, Protocol, TypeAlias

import attrs

from edgegap_async.codec import dumps
from edgegap_async.operations import OPERATIONS, Operation
from edgegap_async.simulator.domain.deployment import PlannedFailure
from edgegap_async.simulator.http.messages import Reply

EVERY: Final = "*"
"""Stands for any operation."""

WEBHOOK: Final = "webhook"
"""Stands for the webhooks that are sent."""

_NEEDED: Final = object()
"""The default of an option that has none."""


@attrs.frozen
class Cut:
    """The connection ends: after half of ``answer``, or, where that is None, without a byte.

    ``reset`` ends it with a TCP reset instead of an orderly end.
    """

    answer: Reply | None = None
    reset: bool = False


FaultResult: TypeAlias = Reply | Cut


class Exchange(Protocol):
    """What a fault may do with the request it has been given."""

    def handle(self, doom: PlannedFailure | None = None) -> Reply:
        """Handle the request as if nothing were wrong; ``doom`` is for what it creates."""
        ...

    async def gone(self) -> None:
        """Wait until the client has left."""
        ...

    async def told(self, request_id: str) -> None:
        """Wait until a webhook of a deployment was sent."""
        ...


Options: TypeAlias = Mapping[str, Any]
Behaviour: TypeAlias = Callable[[Options, Exchange], Awaitable[FaultResult]]


@attrs.frozen(kw_only=True)
class Option:
    """An option of a kind: its default, and what it must be."""

    default: Any = _NEEDED
    accepts: Callable[[Any], bool]
    wanted: str


@attrs.frozen(kw_only=True)
class Kind:
    """A kind of fault. One that ``precedes`` the request is neither counted nor authorised."""

    behave: Behaviour
    options: Mapping[str, Option] = attrs.field(factory=dict[str, Option])
    precedes: bool = False
    creates: bool = False
    """Whether it is only for operations that create a deployment."""
    hooks: bool = False
    """Whether it is for webhooks, and not for requests."""


async def _reset(_: Options, __: Exchange) -> FaultResult:
    return Cut(reset=True)


async def _drop_after_commit(_: Options, exchange: Exchange) -> FaultResult:
    exchange.handle()
    return Cut()


async def _status(options: Options, exchange: Exchange) -> FaultResult:
    if options["after_commit"]:
        exchange.handle()
    body: Any = options["body"]
    content = body.encode() if isinstance(body, str) else body
    return Reply(options["code"], content, options["headers"] or {})


async def _delay(options: Options, exchange: Exchange) -> FaultResult:
    await asyncio.sleep(options["seconds"])
    return exchange.handle()


async def _stall(_: Options, exchange: Exchange) -> FaultResult:
    exchange.handle()
    await exchange.gone()
    return Cut()


async def _truncate(_: Options, exchange: Exchange) -> FaultResult:
    answer = exchange.handle()
    return Cut(answer if answer.content else None)  # nothing has no half


async def _not_json(_: Options, __: Exchange) -> FaultResult:
    return Reply(200, _HTML, {"Content-Type": "text/html; charset=utf-8"})


async def _rate_limited(options: Options, _: Exchange) -> FaultResult:
    return too_many_requests(options["retry_after"])


async def _errored(options: Options, exchange: Exchange) -> FaultResult:
    return exchange.handle(PlannedFailure(options["detail"]))


async def _unprocessable(options: Options, exchange: Exchange) -> FaultResult:
    answer = exchange.handle(PlannedFailure(options["message"], at_once=True))
    if answer.status >= 300:  # refused: nothing was created that could be in error
        return answer
    return Reply(422, {"request_id": answer.body["request_id"], "message": options["message"]})


async def _early(_: Options, exchange: Exchange) -> FaultResult:
    answer = exchange.handle()
    if answer.status < 300:
        await exchange.told(answer.body["request_id"])
    return answer


async def _of_a_hook(_: Options, __: Exchange) -> FaultResult:
    raise AssertionError("this happens to webhooks, not to requests")


_HTML: Final = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Who are you?</body></html>\n"


def too_many_requests(retry_after: float | str | None) -> Reply:
    """The refusal of a request that is over a limit; what the service really sends is not known."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Reply(429, {"message": "Too many requests"}, headers)


_FLAG: Final = Option(default=False, accepts=lambda value: isinstance(value, bool), wanted="True or False")
_SECONDS: Final = Option(
    accepts=lambda value: isinstance(value, int | float) and value >= 0, wanted="a number of seconds"
)


def _sentence(default: str) -> Option:
    return Option(default=default, accepts=lambda value: isinstance(value, str), wanted="a text")


def _is_body(value: Any) -> bool:
    try:
        dumps(value)
    except TypeError:
        return False
    return value is None or isinstance(value, str | dict | list)


KINDS: Final[Mapping[str, Kind]] = {
    "reset": Kind(behave=_reset, precedes=True),
    "drop_after_commit": Kind(behave=_drop_after_commit),
    "status": Kind(
        behave=_status,
        options={
            "code": Option(accepts=lambda value: isinstance(value, int) and 200 <= value <= 599, wanted="200 to 599"),
            "body": Option(default=None, accepts=_is_body, wanted="JSON, a text or None"),
            "headers": Option(
                default=None,
                accepts=lambda value: value is None or isinstance(value, dict),
                wanted="texts by name",
            ),
            "after_commit": _FLAG,
        },
    ),
    "delay": Kind(behave=_delay, options={"seconds": _SECONDS}),
    "stall": Kind(behave=_stall),
    "truncate": Kind(behave=_truncate),
    "not_json": Kind(behave=_not_json),
    "rate_limited": Kind(
        behave=_rate_limited,
        options={
            "retry_after": Option(
                default=None,
                accepts=lambda value: value is None or isinstance(value, int | float | str),
                wanted="seconds, a text or None",
            )
        },
    ),
    "errored": Kind(
        behave=_errored,
        options={"detail": _sentence("The image could not be pulled in time")},
        creates=True,
    ),
    "unprocessable": Kind(
        behave=_unprocessable,
        options={"message": _sentence("The deployment is in error")},
        creates=True,
    ),
    "early": Kind(behave=_early, creates=True),
    "lost": Kind(behave=_of_a_hook, hooks=True),
    "duplicate": Kind(behave=_of_a_hook, hooks=True),
    "late": Kind(behave=_of_a_hook, options={"seconds": _SECONDS}, hooks=True),
}
"""Every kind of fault by its name."""


@attrs.define(kw_only=True, eq=False)
class Fault:
    """A fault that is scripted: ``left`` is how often it will still happen, None for always."""

    operation_id: str
    name: str
    kind: Kind
    options: Options
    left: int | None
    probability: float
    happened: int = 0

    def concerns(self, operation: Operation) -> bool:
        """Whether it is for an operation, and has not happened as often as it should."""
        if self.left == 0 or (self.kind.creates and operation.idempotency != "create"):
            return False
        return self.operation_id in {EVERY, operation.operation_id}

    def spend(self) -> None:
        """Count that it happens."""
        self.happened += 1
        if self.left is not None:
            self.left -= 1

    def give_back(self) -> None:
        """Count that after all it did not happen: the request was refused before."""
        self.happened -= 1
        if self.left is not None:
            self.left += 1


class Faults:
    """The script of faults of a local Edgegap."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._script: list[Fault] = []

    def add(
        self,
        operation_id: str,
        kind: str,
        times: int | None = 1,
        *,
        probability: float = 1.0,
        **options: Any,
    ) -> Fault:
        """Let a kind of fault happen to the next ``times`` requests for an operation (None: to all).

        ``operation_id`` is a name of the table of operations or ``"*"``. Faults for one operation happen in
        the order they were added; with a ``probability`` below 1 a request may pass one by, and meets the
        next. Raises ``ValueError`` for an operation, a kind or an option there is not.
        """
        found = KINDS.get(kind)
        if found is None:
            raise ValueError(f"there is no kind of fault {kind!r}: {', '.join(KINDS)}")
        if found.hooks != (operation_id == WEBHOOK):
            raise ValueError(f"{kind!r} is {'only' if found.hooks else 'not'} for {WEBHOOK!r}, not {operation_id!r}")
        if operation_id not in {EVERY, WEBHOOK} and operation_id not in OPERATIONS:
            raise ValueError(f"there is no operation {operation_id!r}")
        if found.creates and operation_id != EVERY and OPERATIONS[operation_id].idempotency != "create":
            raise ValueError(f"{kind!r} is for operations that create a deployment, not {operation_id!r}")
        if times is not None and times < 1:
            raise ValueError(f"times is a number from 1, or None for always, not {times}")
        if not 0 < probability <= 1:
            raise ValueError(f"a probability is more than 0 and at most 1, not {probability}")
        fault = Fault(
            operation_id=operation_id,
            name=kind,
            kind=found,
            options=_read_options(kind, found, options),
            left=times,
            probability=probability,
        )
        self._script.append(fault)
        return fault

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._script.clear()

    def take(self, operation: Operation) -> Fault | None:
        """The fault that happens to a request for an operation, already spent."""
        for fault in self._script:
            if fault.concerns(operation) and self._chance.random() < fault.probability:
                fault.spend()
                return fault
        return None

    def take_of_hooks(self) -> Fault | None:
        """The fault that happens to a webhook, already spent."""
        for fault in self._script:
            if fault.kind.hooks and fault.left != 0 and self._chance.random() < fault.probability:
                fault.spend()
                return fault
        return None

    def __iter__(self) -> Iterator[Fault]:
        """The faults still to come."""
        return iter([fault for fault in self._script if fault.left != 0])

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _read_options(name: str, kind: Kind, given: Options) -> Options:
    unknown = given.keys() - kind.options.keys()
    if unknown:
        raise ValueError(f"{name!r} has no option {', '.join(sorted(unknown))}")
    read: dict[str, Any] = {}
    for option, rule in kind.options.items():
        value = given.get(option, rule.default)
        if value is _NEEDED:
            raise ValueError(f"{name!r} needs the option {option}: {rule.wanted}")
        if not rule.accepts(value):
            raise ValueError(f"the option {option} of {name!r} is {rule.wanted}, not {value!r}")
        read[option] = value
    return read
