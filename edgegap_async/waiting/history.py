"""How long each version lately took to become ready."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs

from edgegap_async.bounded_dict import BoundedDict

VersionKey: TypeAlias = tuple[str, str]
"""The names of an application and one of its versions, whose servers take about as long every time."""

KEPT_DURATIONS: Final = 50
"""Durations kept of each version."""

_REQUIRED: Final = 5
"""Durations without which nothing is typical yet."""

_VERSIONS: Final = 256
"""Versions remembered: the least recently used is forgotten."""


@attrs.frozen
class TypicalDuration:
    """How long a version typically takes to become ready, in seconds.

    Attributes:
        earliest: Before this, none was ready.
        median: By this, half were ready.
        latest: By this, all were ready.
    """

    earliest: float
    median: float
    latest: float

    @classmethod
    def of(cls, durations: deque[float]) -> TypicalDuration:
        """Return what some durations have in common, with a margin on both sides."""
        return cls(earliest=0.8 * min(durations), median=statistics.median(durations), latest=1.1 * max(durations))


class ReadinessHistory:
    """The latest durations of the versions in use."""

    def __init__(self) -> None:
        self._durations: BoundedDict[VersionKey, deque[float]] = BoundedDict(_VERSIONS)
        self._typical: BoundedDict[VersionKey, TypicalDuration] = BoundedDict(_VERSIONS)

    def record(self, version: VersionKey, seconds: float) -> None:
        """Add a server of a version that was ready after so many seconds."""
        durations = self._durations.get(version) or deque(maxlen=KEPT_DURATIONS)
        durations.append(seconds)
        self._durations[version] = durations
        if len(durations) >= _REQUIRED:
            self._typical[version] = TypicalDuration.of(durations)

    def durations(self) -> Mapping[VersionKey, tuple[float, ...]]:
        """Return what was recorded lately, by version."""
        return {version: tuple(durations) for version, durations in self._durations.items()}

    def typical_duration(self, version: VersionKey | None) -> TypicalDuration | None:
        """Return how long a version typically takes, None while fewer than five of its servers were seen."""
        if version is None or version not in self._durations:
            return None
        return self._typical.get(version)
