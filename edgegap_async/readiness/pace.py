"""When to look: how often, and not before a version's servers can plausibly be ready."""

from __future__ import annotations

import random
import statistics
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

import attrs

Version: TypeAlias = tuple[str, str]
"""An application and one of its versions, which take about as long every time."""


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

    def first_look(self, usual: Usual | None, *, hooked: bool = False) -> float:
        """The age at which it can plausibly be ready, at most ``longest``."""
        least = self.hooked if hooked else self.first
        return least if usual is None else max(min(usual.earliest, self.longest), least)

    def pause(
        self,
        age: float,
        usual: Usual | None,
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


@attrs.frozen
class Usual:
    """What a version usually takes: none was ready before ``earliest``, half by ``half``, all by ``latest``."""

    earliest: float
    half: float
    latest: float


class Experience:
    """The times that versions took lately, for as many versions as are in use."""

    _KEPT: Final = 50
    _ENOUGH: Final = 5
    _VERSIONS: Final = 256

    def __init__(self) -> None:
        self._times: dict[Version, deque[float]] = {}
        self._usual: dict[Version, Usual] = {}

    def note(self, version: Version, seconds: float) -> None:
        """One more was ready after so many seconds."""
        times = self._times.pop(version, None) or deque(maxlen=self._KEPT)
        times.append(seconds)
        self._times[version] = times  # the last to be used goes last
        if len(times) >= self._ENOUGH:
            self._usual[version] = Usual(
                earliest=0.8 * min(times), half=statistics.median(times), latest=1.1 * max(times)
            )
        if len(self._times) > self._VERSIONS:
            oldest = next(iter(self._times))
            del self._times[oldest]
            self._usual.pop(oldest, None)

    def of(self, version: Version | None) -> Usual | None:
        """What a version usually takes, None while too few were seen."""
        return self._usual.get(version) if version is not None else None
