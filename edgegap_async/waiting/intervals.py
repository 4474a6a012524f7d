"""When to poll: not before something can plausibly be ready, and then often enough."""

from __future__ import annotations

import random
from collections.abc import Callable

import attrs

from edgegap_async.waiting.history import TypicalDuration


@attrs.frozen(kw_only=True)
class PollInterval:
    """How often something is polled, by its age.

    Before the typical duration of its version, polls are ``longest`` apart: a version can become faster, for example
    because its image is cached by now. Around the typical duration they are ``shortest`` apart. After it, the pause
    grows with the time by which the server is late. Where the typical duration is unknown, its whole age counts as
    late.

    Attributes:
        first: Seconds from the request to the first poll, where the typical duration is unknown.
        shortest: Seconds between two polls around the typical duration.
        growth: The pause as a share of the time by which it is late.
        longest: The longest pause, in seconds.
        with_webhook: Replaces ``first`` and ``shortest`` for what a webhook reports: polls are only for lost webhooks.
    """

    first: float = 0.1
    shortest: float = 0.1
    growth: float = 0.03
    longest: float = 5.0
    with_webhook: float = 1.0

    def first_poll(self, typical: TypicalDuration | None, *, has_webhook: bool = False) -> float:
        """Return the age in seconds at the first poll: when it can plausibly be ready, at most ``longest``."""
        earliest = self.with_webhook if has_webhook else self.first
        return earliest if typical is None else max(min(typical.earliest, self.longest), earliest)

    def pause(
        self,
        age: float,
        typical: TypicalDuration | None,
        jitter: Callable[[], float] = random.random,
        *,
        has_webhook: bool = False,
    ) -> float:
        """Return the seconds until the next poll.

        Args:
            age: Seconds since the request.
            typical: How long its version typically takes, None if unknown.
            jitter: Returns a number from 0 to 1, which spreads the pause by 10 % in both directions.
            has_webhook: Whether a webhook reports it too.
        """
        shortest = self.minimum(has_webhook=has_webhook)
        if typical is not None and age < typical.earliest:
            return max(min(typical.earliest - age, self.longest), shortest)
        late = age if typical is None else age - typical.latest
        return min(max(self.growth * late, shortest), self.longest) * (0.9 + 0.2 * jitter())

    def minimum(self, *, has_webhook: bool) -> float:
        """Return the shortest pause, in seconds."""
        return self.with_webhook if has_webhook else self.shortest


SPARSE: PollInterval = PollInterval(first=0.0, shortest=0.25, growth=0.15)
"""For what is polled one by one and has no typical duration: sessions, relay sessions, lobbies, measurements."""
