"""What is sent again, when, and how often."""

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
class _Rule:
    """Which failures may be sent again, beside 429 (it was refused) and a request that was never sent."""

    unknown_outcome: bool
    statuses: frozenset[int]


_ANY_TIME: Final = _Rule(unknown_outcome=True, statuses=_UNAVAILABLE)
_NEVER_TWICE: Final = _Rule(unknown_outcome=False, statuses=frozenset())

RULES: Final[Mapping[Idempotency, _Rule]] = {
    "safe": _ANY_TIME,
    "idempotent": _ANY_TIME,
    "unsafe": _NEVER_TWICE,
    "create": _NEVER_TWICE,
}


def may_repeat(error: BaseException, idempotency: Idempotency) -> bool:
    """Whether a failure may be sent again. What is no failure of the service, cancellation above all, may not."""
    rule = RULES[idempotency]
    match error:
        case TransportError(outcome=outcome):
            return outcome is Outcome.NOT_SENT or rule.unknown_outcome
        case RateLimited():
            return True
        case APIError(status=status):
            return status in rule.statuses
        case _:
            return False


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and how fast a client repeats.

    ``max_attempts`` is the most that one call sends (1: never again), not counting those refused with 429, which go on
    until the deadline at the pace of their rate bucket. Before the n-th repetition a call waits between 0 and
    ``initial_delay x 2^(n-1)``, at most ``max_delay``, or what ``Retry-After`` asks for. ``budget`` repetitions
    may be spent by all calls of the client together before every one costs ten successes.
    ``attempt_timeout`` bounds a single attempt.
    """

    max_attempts: int = attrs.field(default=5, validator=positive)
    initial_delay: float = attrs.field(default=0.25, validator=positive)
    max_delay: float = attrs.field(default=8.0, validator=positive)
    budget: float = attrs.field(default=50.0, validator=positive)
    attempt_timeout: float = attrs.field(default=20.0, validator=positive)

    def pause(self, repetition: int, jitter: Callable[[], float] = random.random) -> float:
        """Seconds before the ``repetition``-th repetition, spread evenly from 0 up ("full jitter")."""
        doublings = min(repetition - 1, 64)  # beyond any use, and still a float
        return jitter() * min(self.initial_delay * 2.0**doublings, self.max_delay)


_SUCCESSES_A_REPETITION: Final = 10


class RetryBudget:
    """Keeps a service that is down from being hammered: repetitions are paid for by successes."""

    def __init__(self, repetitions: float) -> None:
        self._most = self._left = repetitions * _SUCCESSES_A_REPETITION

    def spend(self) -> bool:
        """Take one repetition; False where none is left."""
        if self._left < _SUCCESSES_A_REPETITION:
            return False
        self._left -= _SUCCESSES_A_REPETITION
        return True

    def earn(self) -> None:
        """A call succeeded."""
        self._left = min(self._left + 1, self._most)
