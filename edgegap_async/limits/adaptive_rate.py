"""The rate of a bucket as 429 responses change it, and the pause that they ask for."""

from __future__ import annotations

import math
from typing import Final

SLOWDOWN_FACTOR: Final = 0.7
"""The factor by which a 429 lowers the rate."""

MIN_RATE_SHARE: Final = 0.1
"""The share of the full rate that it never drops below."""

RECOVERY_SECONDS: Final = 30.0
"""The time over which it recovers."""

_DEFAULT_PAUSE_SECONDS: Final = 1.0
"""The pause if the response does not say how long: the documented rates are per second."""


class AdaptiveRate:
    """A rate that drops after a 429, and recovers linearly once its pause has ended. All times are in seconds."""

    def __init__(self, full: float) -> None:
        self.full: float = full
        """Slots a second as long as no request is refused."""
        self.paused_until: float = -math.inf
        """No slot is released before this time."""
        self.is_slowed: bool = False
        """Whether it was ever lowered: a plain attribute, since each call of a client reads it."""
        self._slowed_to = full
        self._slowed_at = -math.inf

    def at(self, now: float) -> float:
        """Return the slots a second at a time."""
        recovered = (now - max(self._slowed_at, self.paused_until)) / RECOVERY_SECONDS
        if recovered >= 1 or not self.is_slowed:
            return self.full
        return self._slowed_to + (self.full - self._slowed_to) * max(recovered, 0.0)

    def pause(self, until: float) -> None:
        """Release no slot before a time. A pause that lasts longer stays in effect."""
        self.paused_until = max(self.paused_until, until)

    def slow_down(self, now: float, retry_after: float | None, *, sent_at: float = math.inf) -> float:
        """Pause, and lower the rate.

        Args:
            now: The current time.
            retry_after: How long to pause; None pauses for 1 second.
            sent_at: When the refused request was sent: of several that were under way together, the first lowers the
                rate.

        Returns:
            The length of the pause.
        """
        if sent_at > self._slowed_at:
            self._slowed_to = max(self.at(now) * SLOWDOWN_FACTOR, self.full * MIN_RATE_SHARE)
            self._slowed_at = now
            self.is_slowed = self._slowed_to != self.full  # an infinite rate is never lowered
        seconds = _DEFAULT_PAUSE_SECONDS if retry_after is None else retry_after
        self.pause(now + seconds)
        return seconds
