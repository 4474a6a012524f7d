"""A call: rate limit, attempts, retries and decoding under one deadline."""

from __future__ import annotations

import asyncio
import logging
import math
import warnings
from collections.abc import Callable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, Unpack, cast

from edgegap_async.config import Settings
from edgegap_async.deadlines import SHORTEST_TIMEOUT
from edgegap_async.errors import (
    JSON,
    APIError,
    ClientStateError,
    ConfigurationError,
    DeadlineExceeded,
    DecodeError,
    EdgegapError,
    Gone,
    NotFound,
    Outcome,
    RateLimited,
    TransportError,
)
from edgegap_async.events import EventHook, EventKind
from edgegap_async.json_codec import dumps
from edgegap_async.limits import LONGEST_PAUSES, Priority, RateBucket
from edgegap_async.operations import OPERATIONS, Bucket, Operation
from edgegap_async.stats import BucketStats, Stats
from edgegap_async.transport.attempt import HttpResponse, HttpSession, request_headers
from edgegap_async.transport.call import CallEffect, CallOptions, PendingCall
from edgegap_async.transport.reporter import EventReporter
from edgegap_async.transport.responses import api_error, scrub_decode_error, scrub_text
from edgegap_async.transport.retry import RetryBudget, RetryPolicy, may_retry
from edgegap_async.transport.statistics import BucketCounters
from edgegap_async.transport.urls import build_url
from edgegap_async.validation import validate_timeout

if TYPE_CHECKING:
    import tenacity

T = TypeVar("T")

logger: Final = logging.getLogger("edgegap_async")


class Decode(Protocol):
    """A function that decodes the body of a response into a model.

    The transport layer knows no models: the client passes it ``edgegap_async.decoding.decoder.decode``.
    """

    def __call__(self, body: bytes, model: type[T], *, operation: str) -> T:
        """Decode a body.

        Args:
            body: The body of a successful response.
            model: The class to create.
            operation: The operation's id, for error messages.

        Raises:
            DecodeError: The body does not have the shape of ``model``.
        """
        ...


class Pipeline:
    """Sends the calls of a client: each through its rate bucket, retried as its idempotency allows, by its deadline.

    ::

        deployment = await pipeline.call("deployment-get", Deployment, path={"deployment_id": request_id}, timeout=10)
    """

    def __init__(
        self,
        settings: Settings,
        session: HttpSession,
        buckets: Mapping[Bucket, RateBucket],
        policy: RetryPolicy,
        *,
        on_event: EventHook | None,
        decode: Decode,
    ) -> None:
        """Send nothing yet.

        Args:
            settings: The token, the address of the service and the default timeout.
            session: The HTTP session; it need not be open yet.
            buckets: The rate buckets, one for each name.
            policy: How often and how fast to retry.
            on_event: Called with each Event, or None.
            decode: Decodes the body of a successful response into a model.
        """
        self.settings = settings
        self._decode = decode
        self._session = session
        self._headers = {
            has_body: request_headers(settings.token, scheme="token", has_body=has_body) for has_body in (False, True)
        }
        self._buckets = buckets
        self._policy = policy
        self._budget = RetryBudget(policy.budget)
        self._reporter = EventReporter(on_event)
        self._warned: set[str] = set()
        self._counters: dict[Bucket, BucketCounters] = {
            name: BucketCounters(full_rate=bucket.rate) for name, bucket in buckets.items()
        }
        self._answered: tuple[asyncio.AbstractEventLoop, float] | None = None

    async def call(self, operation_id: str, model: type[T], **options: Unpack[CallOptions]) -> T:
        """Send an operation and decode its response.

        Args:
            operation_id: The operation's id in the table of operations.
            model: The class to decode the body into; ``NoneType`` ignores the body and returns None.
            **options: See CallOptions.

        Raises:
            ConfigurationError: A value cannot be sent; nothing was sent.
            APIError: The service refused the request.
            TransportError: No response arrived.
            DeadlineExceeded: The timeout ended.
            DecodeError: The response does not have the shape of ``model``.
        """
        operation = OPERATIONS[operation_id]
        call = self._prepare(operation, options)
        del options  # they can hold secrets, which an error report would show with this stack frame
        try:
            response = await self._execute(call)
        except (NotFound, Gone) as error:
            # A retried DELETE finds nothing if an earlier attempt deleted it and only the response was lost.
            is_retried_delete = operation.method == "DELETE" and call.effect.outcome is not Outcome.NOT_SENT
            if not is_retried_delete or not error.from_service or model is not NoneType:
                raise
            return cast("T", None)
        if model is NoneType:
            return cast("T", None)
        try:
            return self._decode(response.body, model, operation=operation_id)
        except DecodeError as error:
            failure = scrub_decode_error(error, call.secrets)
        raise failure  # outside of the except block: what was caught would be kept as its context

    async def call_optional(self, operation_id: str, model: type[T], **options: Unpack[CallOptions]) -> T | None:
        """Send an operation whose response may be empty (204), and decode the response.

        Args:
            operation_id: The operation's id in the table of operations.
            model: The class to decode the body into.
            **options: See CallOptions.

        Returns:
            The model, or None for an empty body. Raises like ``call``.
        """

        def decode(body: bytes) -> T | None:
            return self._decode(body, model, operation=operation_id) if body.strip() else None

        return await self.send(operation_id, decode, **options)

    async def send(self, operation_id: str, decode: Callable[[bytes], T], **options: Unpack[CallOptions]) -> T:
        """Send an operation and decode its response with a function.

        Args:
            operation_id: The operation's id in the table of operations.
            decode: Called with the body; it raises DecodeError for a body that it cannot decode.
            **options: See CallOptions.

        Returns:
            What ``decode`` returns. Raises like ``call``.
        """
        call = self._prepare(OPERATIONS[operation_id], options)
        del options
        response = await self._execute(call)
        try:
            return decode(response.body)
        except DecodeError as error:
            failure = scrub_decode_error(error, call.secrets)
        raise failure

    def slot_in(self, bucket: Bucket, priority: Priority) -> float:
        """Return the seconds until a call could get a slot of a bucket, 0 for now.

        This is an estimate: other calls can still join or leave the queue.
        """
        return self._buckets[bucket].slot_in(priority)

    def stats(self) -> Stats:
        """Return what all calls together have done so far."""
        buckets: dict[Bucket, BucketStats] = {
            name: counters.snapshot(self._buckets[name].rate, waiting=self._buckets[name].waiting)
            for name, counters in self._counters.items()
        }
        if self._answered is None:
            return Stats(buckets=buckets)
        loop, sent_at = self._answered
        return Stats(buckets=buckets, last_response_age=loop.time() - sent_at)

    def _prepare(self, operation: Operation, options: CallOptions) -> PendingCall:
        """Check everything that can be checked before anything is sent."""
        self._session.require_open()
        if not operation.in_current_spec and operation.operation_id not in self._warned:
            self._warned.add(operation.operation_id)
            warnings.warn(
                f"{operation.call} ({operation.method} {operation.path}): only the document of 2024 lists it, "
                "so the service may no longer support it",
                DeprecationWarning,
                stacklevel=2,
            )
        timeout, token = options.get("timeout"), options.get("token")
        seconds = self.settings.timeout if timeout is None else validate_timeout(timeout)
        body = _encoded(options.get("body"), operation)
        has_body = body is not None
        return PendingCall(
            operation_id=operation.operation_id,
            method=operation.method,
            url=self._url(operation, options),
            headers=self._headers[has_body] if token is None else request_headers(token, scheme="", has_body=has_body),
            body=body,
            operation=operation,
            secrets=(self.settings.token if token is None else token, *options.get("secrets", ())),
            priority=options.get("priority", Priority.CALL),
            seconds=seconds,
            deadline=asyncio.get_running_loop().time() + seconds,
            effect=options.get("effect") or CallEffect(),
        )

    def _url(self, operation: Operation, options: CallOptions) -> str:
        try:
            return build_url(self.settings.base_url, operation, options.get("path"), options.get("query"))
        except ConfigurationError as error:
            problem = scrub_text(str(error), options.get("secrets", ()))
        raise ConfigurationError(problem)  # outside of the except block: the error would be kept as its context

    async def _execute(self, call: PendingCall) -> HttpResponse:
        """Attempt a call until it succeeds or may not be retried.

        Each step is bounded by the deadline itself, so no timer over all of them is needed.
        """
        try:
            response = await self._attempt(call)
        except EdgegapError as error:
            if not may_retry(error, call.operation.idempotency):
                raise
            response = await self._retry(call, error)
        self._budget.earn()
        return response

    async def _retry(self, call: PendingCall, error: EdgegapError) -> HttpResponse:
        import tenacity  # noqa: PLC0415 - most programs never need it

        first_failure = [error]

        async def attempt() -> HttpResponse:
            # The first attempt was made without tenacity, which costs as much CPU as all the rest of a call.
            if first_failure:
                raise first_failure.pop()
            return await self._attempt(call)

        retrying = tenacity.AsyncRetrying(
            sleep=asyncio.sleep,
            retry=tenacity.retry_if_exception(lambda error: may_retry(error, call.operation.idempotency)),
            wait=lambda state: self._retry_delay(call, _failure_of(state)),
            stop=lambda state: self._must_stop(call, state.upcoming_sleep, _failure_of(state)),
            before_sleep=lambda state: self._reporter.emit(call, EventKind.RETRIED, seconds=state.upcoming_sleep),
            reraise=True,
        )
        response: HttpResponse = await retrying(attempt)
        return response

    async def _attempt(self, call: PendingCall) -> HttpResponse:
        """Wait for a slot of the rate bucket and send the request once."""
        loop = asyncio.get_running_loop()
        bucket, counters = self._buckets[call.operation.bucket], self._counters[call.operation.bucket]
        operation, effect = call.operation_id, call.effect
        call.attempt += 1
        remaining = call.deadline - loop.time()
        try:
            waited = await bucket.acquire(None if math.isinf(remaining) else remaining, priority=call.priority)
        except DeadlineExceeded as error:
            raise DeadlineExceeded(f"{operation}: {error}", outcome=effect.outcome, operation=operation) from None
        counters.record_request(waited, retry=call.attempt > 1)
        is_silent = self._reporter.is_silent
        if not is_silent:
            if waited:
                self._reporter.emit(call, EventKind.WAITED, seconds=waited)
            self._reporter.emit(call, EventKind.SENT)
        previous_outcome, effect.outcome = effect.outcome, Outcome.UNKNOWN
        sent_at = loop.time()
        remaining = max(call.deadline - sent_at, SHORTEST_TIMEOUT)
        try:
            response = await self._session.send(call, seconds=min(self._policy.attempt_timeout, remaining))
        except ClientStateError as error:
            effect.outcome = previous_outcome
            if previous_outcome is Outcome.NOT_SENT:
                raise
            raise TransportError(
                f"{operation}: the client was closed before the request could be repeated; the service may have "
                "carried it out",
                outcome=previous_outcome,
                operation=operation,
            ) from error
        except TransportError as error:
            if error.outcome is Outcome.NOT_SENT:
                effect.outcome = previous_outcome
            self._reporter.emit(call, EventKind.FAILED, seconds=loop.time() - sent_at, reason=error.outcome.value)
            if loop.time() >= call.deadline - SHORTEST_TIMEOUT:
                raise call.deadline_exceeded() from error
            raise
        self._answered = loop, sent_at
        if not is_silent:
            self._reporter.emit(call, EventKind.ANSWERED, seconds=loop.time() - sent_at, status=response.status)
        if 200 <= response.status < 300 and not response.is_too_large:
            return response
        failure = self._failure(call, response, sent_at=sent_at)
        if isinstance(failure, APIError) and response.status < 500 and failure.request_id is None:
            effect.outcome = previous_outcome  # refused, so this attempt had no effect
        raise failure

    def _failure(self, call: PendingCall, response: HttpResponse, *, sent_at: float) -> APIError | DecodeError:
        """Return the error for a response that is not a success, or too large; a 429 slows the rate bucket down."""
        operation = call.operation_id
        if 200 <= response.status < 300:  # the operation was carried out, and another response would be as large
            return DecodeError(
                f"the data of {operation} is larger than the client's max_response_bytes", operation=operation
            )
        failure = api_error(response, operation, call.secrets)
        if isinstance(failure, RateLimited):
            bucket = call.operation.bucket
            self._counters[bucket].rate_limited += 1
            call.bucket_pause = self._buckets[bucket].slow_down(_retry_after(call, failure), sent_at=sent_at)
            self._reporter.emit(call, EventKind.LIMITED, seconds=call.bucket_pause, status=response.status)
        return failure

    def _retry_delay(self, call: PendingCall, error: BaseException) -> float:
        if isinstance(error, RateLimited):
            return call.bucket_pause
        call.failures += 1
        retry_after = _retry_after(call, error) if isinstance(error, APIError) else None
        return self._policy.delay(call.failures) if retry_after is None else retry_after

    def _must_stop(self, call: PendingCall, delay: float, error: BaseException) -> bool:
        """Return whether ``error`` ends the call; the reason is added to it as a note."""
        remaining = call.deadline - asyncio.get_running_loop().time()
        if self._session.state == "closed":
            reason = "the client is closed"
        elif delay > remaining:
            reason = f"the next attempt would start in {delay:.3g} s and the timeout ends in {max(remaining, 0):.3g} s"
        elif isinstance(error, RateLimited):
            return False
        elif call.failures >= self._policy.max_attempts:
            reason = f"attempt {call.attempt} was the last (RetryPolicy.max_attempts={self._policy.max_attempts})"
        elif not self._budget.spend():
            reason = "too many other calls failed as well (the client's retry budget is spent)"
        else:
            return False
        error.add_note(f"not retried: {reason}")
        return True


def _retry_after(call: PendingCall, error: APIError) -> float | None:
    """Return the seconds of the ``Retry-After`` header, at most the longest pause of the call's rate bucket."""
    longest = LONGEST_PAUSES[call.operation.bucket]
    if error.retry_after is None or error.retry_after <= longest:
        return error.retry_after
    message = "%s: Retry-After is %.6g s; the client waits for %g s, the longest pause of the rate bucket %s"
    logger.warning(message, call.operation.operation_id, error.retry_after, longest, call.operation.bucket)
    return longest


def _encoded(body: JSON, operation: Operation) -> bytes | None:
    """Return the JSON document to send, None without one."""
    if body is None:
        return None
    try:
        return dumps(body)
    except (TypeError, ValueError) as error:
        problem = str(error)
    del body
    raise ConfigurationError(f"{operation.operation_id}: what is passed cannot be sent as JSON: {problem}")


def _failure_of(state: tenacity.RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome is not None else None
    if error is None:
        raise AssertionError("only failures are retried")
    return error
