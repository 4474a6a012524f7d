"""How long each version lately took to become ready."""

from __future__ import annotations

import statistics
from collections import deque
from typing import Final, TypeAlias

import attrs

Version: TypeAlias = tuple[str, str]
"""An application and one of its versions, which take about as long every time."""


@attrs.frozen
class TypicalDuration:
    """What a version usually takes: none was ready before ``earliest``, half by ``half``, all by ``latest``."""

    earliest: float
    half: float
    latest: float


class ReadinessHistory:
    """The times that versions took lately, for as many versions as are in use."""

    _KEPT: Final = 50
    _ENOUGH: Final = 5
    _VERSIONS: Final = 256

    def __init__(self) -> None:
        self._times: dict[Version, deque[float]] = {}
        self._usual: dict[Version, TypicalDuration] = {}

    def note(self, version: Version, seconds: float) -> None:
        """One more was ready after so many seconds."""
        times = self._times.pop(version, None) or deque(maxlen=self._KEPT)
        times.append(seconds)
        self._times[version] = times  # the last to be used goes last
        if len(times) >= self._ENOUGH:
            self._usual[version] = TypicalDuration(
                earliest=0.8 * min(times), half=statistics.median(times), latest=1.1 * max(times)
            )
        if len(self._times) > self._VERSIONS:
            oldest = next(iter(self._times))
            del self._times[oldest]
            self._usual.pop(oldest, None)

    def of(self, version: Version | None) -> TypicalDuration | None:
        """What a version usually takes, None while too few were seen."""
        return self._usual.get(version) if version is not None else None
