"""Which failures are retried, after which delay, and how often."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from edgegap_async.errors import APIError, Outcome, RateLimited, TransportError
from edgegap_async.operations import Idempotency
from edgegap_async.validation import positive

_UNAVAILABLE: Final = frozenset({502, 503, 504})


@attrs.frozen
class _RetryRule:
    """Which failures are retried besides 429 and requests that could not be sent, which always are.

    Attributes:
        unknown_outcome: Whether to retry a request that the service may have carried out.
        statuses: The status codes to retry.
    """

    unknown_outcome: bool
    statuses: frozenset[int]


_REPEATABLE: Final = _RetryRule(unknown_outcome=True, statuses=_UNAVAILABLE)
_NEVER_TWICE: Final = _RetryRule(unknown_outcome=False, statuses=frozenset())

RULES: Final[Mapping[Idempotency, _RetryRule]] = {
    "safe": _REPEATABLE,
    "idempotent": _REPEATABLE,
    "unsafe": _NEVER_TWICE,
    "create": _NEVER_TWICE,
}


def may_retry(error: BaseException, idempotency: Idempotency) -> bool:
    """Return whether a failed request may be sent again; False for anything else, such as a cancellation."""
    rule = RULES[idempotency]
    match error:
        case TransportError(outcome=outcome, is_permanent=is_permanent):
            return not is_permanent and (outcome is Outcome.NOT_SENT or rule.unknown_outcome)
        case RateLimited():
            return True
        case APIError(status=status):
            return status in rule.statuses
        case _:
            return False


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and how fast a client retries.

    ::

        EdgegapClient(retry=RetryPolicy(max_attempts=3, initial_delay=0.1))

    The delay before the n-th retry is random between 0 and ``initial_delay * 2 ** (n - 1)``, at most ``max_delay``
    ("full jitter"). A ``Retry-After`` header of the response replaces it.

    Attributes:
        max_attempts: How often a call is sent at most; 1 never retries. Attempts that the service refused with 429
            are not counted: they continue until the deadline, at the pace of their rate bucket.
        initial_delay: The upper bound of the delay before the first retry, in seconds.
        max_delay: The upper bound of every delay, in seconds.
        budget: How many retries all calls of the client together may make in advance. Once they are spent, each
            further retry costs ten successful calls.
        attempt_timeout: The timeout of a single attempt, in seconds.
    """

    max_attempts: int = attrs.field(default=5, validator=positive)
    initial_delay: float = attrs.field(default=0.25, validator=positive)
    max_delay: float = attrs.field(default=8.0, validator=positive)
    budget: float = attrs.field(default=50.0, validator=positive)
    attempt_timeout: float = attrs.field(default=20.0, validator=positive)

    def delay(self, retry: int, jitter: Callable[[], float] = random.random) -> float:
        """Return the delay before the ``retry``-th retry (from 1), in seconds.

        Args:
            retry: The number of the retry, from 1.
            jitter: Returns a number from 0 to 1, the share of the upper bound.
        """
        doublings = min(retry - 1, 64)  # far above max_delay, and still a float
        return jitter() * min(self.initial_delay * 2.0**doublings, self.max_delay)


_SUCCESSES_PER_RETRY: Final = 10


class RetryBudget:
    """Limits the retries of all calls of a client, so that a service that fails is not overloaded by retries.

    It starts full. A retry takes ten units and a successful call returns one.
    """

    def __init__(self, retries: float) -> None:
        self._capacity = self._units = retries * _SUCCESSES_PER_RETRY

    def spend(self) -> bool:
        """Take one retry out of the budget; False if the budget is spent."""
        if self._units < _SUCCESSES_PER_RETRY:
            return False
        self._units -= _SUCCESSES_PER_RETRY
        return True

    def earn(self) -> None:
        """Return one unit, for a successful call."""
        self._units = min(self._units + 1, self._capacity)
