"""What is sent again, when, and how often."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from edgegap_async.errors import APIError, ConfigurationError, Outcome, RateLimited, TransportError
from edgegap_async.operations import Idempotency

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


def _above_zero(_: object, field: attrs.Attribute[Any], value: float) -> None:
    if not value > 0:
        raise ConfigurationError(f"retry: {field.name} must be above 0, not {value}")


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and how fast a client repeats.

    ``attempts`` is the most that one call sends (1: never again), not counting those refused with 429, which go on
    until the deadline at the pace of their rate bucket. Before the n-th repetition a call waits between 0 and
    ``first_seconds x 2^(n-1)``, at most ``longest_seconds``, or what ``Retry-After`` asks for. ``budget`` repetitions
    may be spent by all calls of the client together before every one costs ten successes.
    ``attempt_seconds`` bounds a single attempt.
    """

    attempts: int = attrs.field(default=5, validator=_above_zero)
    first_seconds: float = attrs.field(default=0.25, validator=_above_zero)
    longest_seconds: float = attrs.field(default=8.0, validator=_above_zero)
    budget: float = attrs.field(default=50.0, validator=_above_zero)
    attempt_seconds: float = attrs.field(default=20.0, validator=_above_zero)

    def pause(self, repetition: int, jitter: Callable[[], float] = random.random) -> float:
        """Seconds before the ``repetition``-th repetition, spread evenly from 0 up ("full jitter")."""
        doublings = min(repetition - 1, 64)  # beyond any use, and still a float
        return jitter() * min(self.first_seconds * 2.0**doublings, self.longest_seconds)


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
