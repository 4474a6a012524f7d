"""When to look: how often, and not before a version's servers can plausibly be ready."""

from __future__ import annotations

import random
from collections.abc import Callable

import attrs

from edgegap_async.waiting.history import TypicalDuration


@attrs.frozen(kw_only=True)
class Pace:
    """How often something is looked at, in seconds.

    ``dense`` apart around the time it usually takes; then ``slower`` of the time it is late, at most ``longest``, which
    they are apart before that time too: a version can become faster, its image being there by now. Where the usual
    time is not known, ``slower`` of its whole age counts. What a webhook will tell of is looked at ``hooked`` apart, in
    case that is lost.
    """

    first: float = 0.1
    dense: float = 0.1
    slower: float = 0.03
    longest: float = 5.0
    hooked: float = 1.0

    def first_look(self, usual: TypicalDuration | None, *, hooked: bool = False) -> float:
        """The age at which it can plausibly be ready, at most ``longest``."""
        least = self.hooked if hooked else self.first
        return least if usual is None else max(min(usual.earliest, self.longest), least)

    def pause(
        self,
        age: float,
        usual: TypicalDuration | None,
        jitter: Callable[[], float] = random.random,
        *,
        hooked: bool = False,
    ) -> float:
        """Seconds to the next look at something of this age."""
        least = self.distance(hooked=hooked)
        if usual is not None and age < usual.earliest:
            return max(min(usual.earliest - age, self.longest), least)
        late = age if usual is None else age - usual.latest
        return min(max(self.slower * late, least), self.longest) * (0.9 + 0.2 * jitter())

    def distance(self, *, hooked: bool) -> float:
        """The seconds between two looks around the time it usually takes."""
        return self.hooked if hooked else self.dense
