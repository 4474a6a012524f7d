"""A call: limiter, attempts, back-off and decoding under one deadline."""

from __future__ import annotations

import asyncio
import logging
import math
import re
import warnings
from collections.abc import Mapping
from types import NoneType
from typing import Final, Protocol, TypedDict, TypeVar, Unpack, cast
from urllib.parse import quote, urlencode

import attrs
import tenacity

from edgegap_async.config import Secret, Settings
from edgegap_async.errors import (
    JSON,
    APIError,
    DeadlineExceeded,
    EdgegapError,
    Gone,
    NotFound,
    Outcome,
    RateLimited,
    TransportError,
)
from edgegap_async.events import BucketStats, Event, EventHook, EventKind, Stats
from edgegap_async.limits import Priority, TokenBucket
from edgegap_async.operations import OPERATIONS, Bucket, Operation
from edgegap_async.transport.attempt import HttpResponse, HttpSession
from edgegap_async.transport.responses import api_error, scrubbed
from edgegap_async.transport.retry import RetryBudget, RetryPolicy, may_repeat
from edgegap_async.validation import validate_name, validate_timeout

T = TypeVar("T")

logger: Final = logging.getLogger("edgegap_async")

_LEVELS: Final[Mapping[EventKind, int]] = {
    EventKind.LIMITED: logging.WARNING,
    EventKind.RETRIED: logging.INFO,
}

_PLAIN: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]*")
"""What needs neither check nor quotes in a path: every id, and most names."""

_LEAST_SECONDS: Final = 0.001
"""What an attempt gets that begins in the deadline's last moment."""


class CallOptions(TypedDict, total=False):
    """What a call is made of, beside its operation."""

    path: Mapping[str, str] | None
    """The values of the path's parameters."""
    query: Mapping[str, str] | None
    body: JSON
    timeout: float | None
    """The deadline over everything the call does, in seconds; None is the client's."""
    priority: Priority
    token: Secret | None
    """Sent as it is instead of the organisation's, for what runs inside a container."""
    secrets: tuple[Secret, ...]
    """What else of the call no error must show; models hold as ``Secret`` what an answer repeats of it."""


@attrs.define(kw_only=True)
class _Tally:
    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    waited_seconds: float = 0.0


@attrs.define(kw_only=True)
class _Call:
    """One call on its way: what is sent, until when, and how far it has come."""

    operation: Operation
    url: str
    body: JSON
    authorization: str
    token: Secret
    secrets: tuple[Secret, ...]
    priority: Priority
    seconds: float
    deadline: float
    attempt: int = 0
    failures: int = 0
    outcome: Outcome = Outcome.NOT_SENT
    rest: float = 0.0


class Decode(Protocol):
    """Turns the body of a response into a model."""

    def __call__(self, body: bytes, model: type[T], *, operation: str) -> T:
        """Return the model; raises DecodeError, which names the operation."""
        ...


class Pipeline:
    """Sends calls: each through its rate bucket, repeated as its idempotency allows, inside one deadline."""

    def __init__(
        self,
        settings: Settings,
        session: HttpSession,
        buckets: Mapping[Bucket, TokenBucket],
        policy: RetryPolicy,
        on_event: EventHook | None,
        decode: Decode,
    ) -> None:
        self.settings = settings
        self._decode = decode
        self._session = session
        self._buckets = buckets
        self._policy = policy
        self._budget = RetryBudget(policy.budget)
        self._on_event = on_event
        self._warned: set[str] = set()
        self._authorization = settings.token.header("token")
        self._tallies: dict[Bucket, _Tally] = {name: _Tally() for name in buckets}

    async def call(self, operation_id: str, model: type[T], **parts: Unpack[CallOptions]) -> T:
        """Carry out an operation and decode its answer; the model ``NoneType`` stands for no body.

        Raises the errors of ``edgegap_async.errors``.
        """
        operation = OPERATIONS[operation_id]
        call = self._call(operation, parts)
        try:
            answer = await self._carry_out(call)
        except (NotFound, Gone):
            # A repeated DELETE finds nothing because the attempt whose answer was lost did its work.
            if operation.method != "DELETE" or call.outcome is Outcome.NOT_SENT or model is not NoneType:
                raise
            return cast("T", None)
        return cast("T", None) if model is NoneType else self._decode(answer.body, model, operation=operation_id)

    async def call_if_told(self, operation_id: str, model: type[T], **parts: Unpack[CallOptions]) -> T | None:
        """Like ``call``, for an operation that may also answer with nothing (204): None then."""
        body = await self.send(operation_id, **parts)
        return self._decode(body, model, operation=operation_id) if body.strip() else None

    async def send(self, operation_id: str, **parts: Unpack[CallOptions]) -> bytes:
        """Carry out an operation and give the answer's body as it is; raises like ``call``."""
        return (await self._carry_out(self._call(OPERATIONS[operation_id], parts))).body

    def slot_in(self, bucket: Bucket, priority: Priority) -> float:
        """Seconds until a call could have a slot of a bucket, 0 for now: a bound, others may come and go."""
        return self._buckets[bucket].slot_in(priority)

    def stats(self) -> Stats:
        """What all calls together have done so far."""
        return Stats(
            buckets={
                name: BucketStats(
                    requests=tally.requests,
                    retries=tally.retries,
                    rate_limited=tally.rate_limited,
                    waited_seconds=tally.waited_seconds,
                    rate=None if math.isinf(self._buckets[name].rate) else self._buckets[name].rate,
                )
                for name, tally in self._tallies.items()
            }
        )

    def _call(self, operation: Operation, parts: CallOptions) -> _Call:
        self._session.opened()
        if not operation.listed and operation.operation_id not in self._warned:
            self._warned.add(operation.operation_id)
            warnings.warn(
                f"{operation.call} ({operation.method} {operation.path}): only the document of 2024 lists it",
                DeprecationWarning,
                stacklevel=2,
            )
        timeout, token = parts.get("timeout"), parts.get("token")
        seconds = self.settings.timeout if timeout is None else validate_timeout(timeout)
        url = self.settings.base_url + _filled(operation, parts.get("path") or {})
        if query := parts.get("query"):
            url = f"{url}?{urlencode(query)}"
        return _Call(
            operation=operation,
            url=url,
            body=parts.get("body"),
            authorization=self._authorization if token is None else token.header(),
            token=self.settings.token if token is None else token,
            secrets=parts.get("secrets", ()),
            priority=parts.get("priority", Priority.CALL),
            seconds=seconds,
            deadline=asyncio.get_running_loop().time() + seconds,
        )

    async def _carry_out(self, call: _Call) -> HttpResponse:
        """Attempts, each of whose parts ends at the deadline, so that no timer over all of them is needed."""
        try:
            answer = await self._attempt(call)
        except EdgegapError as error:
            if not may_repeat(error, call.operation.idempotency):
                raise
            answer = await self._repeat(call, error)
        self._budget.earn()
        return answer

    async def _repeat(self, call: _Call, error: EdgegapError) -> HttpResponse:
        failed = [error]

        async def attempt() -> HttpResponse:
            # The first was made before: the machinery of repeating would cost it as much as all the rest does.
            if failed:
                raise failed.pop()
            return await self._attempt(call)

        retrying = tenacity.AsyncRetrying(
            sleep=asyncio.sleep,
            retry=tenacity.retry_if_exception(lambda error: may_repeat(error, call.operation.idempotency)),
            wait=lambda state: self._pause(call, _failure(state)),
            stop=lambda state: self._is_last(call, state.upcoming_sleep, _failure(state)),
            before_sleep=lambda state: self._tell(call, EventKind.RETRIED, seconds=state.upcoming_sleep),
            reraise=True,
        )
        answer: HttpResponse = await retrying(attempt)
        return answer

    async def _attempt(self, call: _Call) -> HttpResponse:
        loop = asyncio.get_running_loop()
        bucket, tally = self._buckets[call.operation.bucket], self._tallies[call.operation.bucket]
        operation = call.operation.operation_id
        call.attempt += 1
        left = call.deadline - loop.time()
        try:
            waited = await bucket.acquire(None if math.isinf(left) else left, priority=call.priority)
        except DeadlineExceeded as error:
            raise DeadlineExceeded(f"{operation}: {error}", outcome=call.outcome, operation=operation) from None
        if waited:
            tally.waited_seconds += waited
            self._tell(call, EventKind.WAITED, seconds=waited)

        tally.requests += 1
        tally.retries += call.attempt > 1
        self._tell(call, EventKind.SENT)
        before, call.outcome = call.outcome, Outcome.UNKNOWN
        sent_at = loop.time()
        try:
            answer = await self._session.send(
                call.operation.method,
                call.url,
                authorization=call.authorization,
                body=call.body,
                seconds=max(min(self._policy.attempt_timeout, call.deadline - sent_at), _LEAST_SECONDS),
                operation=operation,
            )
        except TransportError as error:
            if error.outcome is Outcome.NOT_SENT:
                call.outcome = before
            self._tell(call, EventKind.FAILED, seconds=loop.time() - sent_at, reason=error.outcome.value)
            if loop.time() >= call.deadline - _LEAST_SECONDS:
                raise _too_late(call) from error
            raise
        self._tell(call, EventKind.ANSWERED, seconds=loop.time() - sent_at, status=answer.status)
        answer = scrubbed(answer, (call.token,))
        if 200 <= answer.status < 300:
            return answer
        refusal = api_error(scrubbed(answer, call.secrets), operation)
        if answer.status < 500:
            call.outcome = before  # refused, so not carried out this time
        if isinstance(refusal, RateLimited):
            tally.rate_limited += 1
            call.rest = bucket.slow_down(refusal.retry_after, sent_at=sent_at)
            self._tell(call, EventKind.LIMITED, seconds=call.rest, status=answer.status)
        raise refusal

    def _pause(self, call: _Call, error: BaseException) -> float:
        if isinstance(error, RateLimited):
            return call.rest
        call.failures += 1
        asked = error.retry_after if isinstance(error, APIError) else None
        return self._policy.pause(call.failures) if asked is None else asked

    def _is_last(self, call: _Call, pause: float, error: BaseException) -> bool:
        left = call.deadline - asyncio.get_running_loop().time()
        if pause > left:
            why = f"the next attempt would come in {pause:.3g} s and the timeout ends in {max(left, 0):.3g} s"
        elif isinstance(error, RateLimited):
            return False
        elif call.failures >= self._policy.max_attempts:
            why = f"{call.attempt} attempts were made"
        elif not self._budget.spend():
            why = "too many other calls failed as well (the client's retry budget is spent)"
        else:
            return False
        error.add_note(f"not repeated: {why}")
        return True

    def _tell(
        self,
        call: _Call,
        kind: EventKind,
        *,
        seconds: float = 0.0,
        status: int | None = None,
        reason: str = "",
    ) -> None:
        level = _LEVELS.get(kind, logging.DEBUG)
        logs = logger.isEnabledFor(level)
        if not logs and self._on_event is None:
            return
        event = Event(
            kind=kind,
            operation_id=call.operation.operation_id,
            bucket=call.operation.bucket,
            attempt=call.attempt,
            seconds=seconds,
            status=status,
            reason=reason,
        )
        if logs:
            logger.log(level, "%s", event)
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:  # an observer that fails must not lose the answer: it may name a server that runs
                logger.exception("on_event failed on %s", event)


def _too_late(call: _Call) -> DeadlineExceeded:
    carried_out = "" if call.outcome is Outcome.NOT_SENT else "; it may have been carried out"
    return DeadlineExceeded(
        f"{call.operation.operation_id}: not done within {call.seconds:.3g} s, while waiting for the answer "
        f"(attempt {call.attempt}){carried_out}",
        outcome=call.outcome,
        operation=call.operation.operation_id,
    )


def _failure(state: tenacity.RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome is not None else None
    if error is None:
        raise AssertionError("only failures are repeated")
    return error


def _filled(operation: Operation, path: Mapping[str, str]) -> str:
    """The operation's path with its parameters in place, each kept inside its segment (or segments)."""
    filled = operation.path
    for name in operation.parameters:
        value = path[name]
        if type(value) is not str or not _PLAIN.fullmatch(value):
            parts = value.split("/") if name == operation.nested and type(value) is str else [value]
            what = name.replace("_", " ").replace("-", " ")
            value = "/".join(quote(validate_name(part, what), safe="") for part in parts)
        filled = filled.replace(f"{{{name}}}", value)
    return filled
