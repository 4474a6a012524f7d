"""Figures, goals, and whether a figure meets its goal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import attrs

OURS: Final = "edgegap_async"

Unit: TypeAlias = Literal["x", "us", "ms", "s", "MB", "bytes", "%", ""]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values is, interpolated.

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below, above = math.floor(position), math.ceil(position)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _rounded(samples: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(each, 6) for each in samples)


@attrs.frozen(kw_only=True)
class Figure:
    """One quantity of one subject.

    Attributes:
        subject: The peer, or whatever else was measured.
        quantity: What was measured.
        unit: The unit, ``x`` for a ratio.
        samples: One value for each round; none if the subject could not be measured.
        loop: The event loop, empty if it makes no difference.
        missing: Why there are no samples.
    """

    subject: str
    quantity: str
    unit: Unit
    samples: tuple[float, ...] = attrs.field(converter=_rounded)
    loop: str = "asyncio"
    missing: str = ""

    @property
    def median(self) -> float:
        return quantile(self.samples, 0.5)

    @property
    def quartiles(self) -> tuple[float, float]:
        return quantile(self.samples, 0.25), quantile(self.samples, 0.75)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Figure:
        """Return the figure that ``to_json`` wrote."""
        return cls(**{name: document[name] for name in attrs.fields_dict(cls) if name in document})

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = attrs.asdict(self)
        if not self.samples:
            return document
        del document["missing"]
        first, third = self.quartiles
        return document | {
            "median": round(self.median, 6),
            "quartiles": [round(first, 6), round(third, 6)],
            "samples": list(self.samples),
        }


def not_measured(subject: str, quantities: Iterable[tuple[str, Unit]], loop: str, reason: str) -> list[Figure]:
    """Return the figures of a subject that cannot be measured: each says why."""
    return [
        Figure(subject=subject, quantity=quantity, unit=unit, samples=(), loop=loop, missing=reason)
        for quantity, unit in quantities
    ]


@attrs.frozen(kw_only=True)
class Goal:
    """What a figure must not exceed.

    Attributes:
        quantity: The quantity of the figure.
        at_most: The largest median that meets the goal.
        subject: The subject of the figure.
        relative_to: Another subject: then it is the ratio of the two, round by round, that must not exceed it.
    """

    quantity: str
    at_most: float
    subject: str = OURS
    relative_to: str | None = None

    def __str__(self) -> str:
        relative = f", relative to {self.relative_to}" if self.relative_to else ""
        return f"{self.quantity}{relative}: at most {self.at_most:g}"

    def check(self, figures: Iterable[Figure]) -> list[Verdict]:
        """Compare with the figures: one verdict for each event loop that has the quantity."""
        by_loop: dict[str, dict[str, Figure]] = {}
        for figure in figures:
            if figure.quantity == self.quantity:
                by_loop.setdefault(figure.loop, {})[figure.subject] = figure
        if not by_loop:
            return [Verdict(goal=self, loop="", median=None)]
        return [Verdict(goal=self, loop=loop, median=self._median(each)) for loop, each in by_loop.items()]

    def _median(self, by_subject: dict[str, Figure]) -> float | None:
        ours = by_subject.get(self.subject)
        if ours is None or not ours.samples:
            return None
        if self.relative_to is None:
            return ours.median
        other = by_subject.get(self.relative_to)
        if other is None or not other.samples:
            return None
        pairs = zip(ours.samples, other.samples, strict=True)
        return quantile([mine / theirs for mine, theirs in pairs], 0.5)


@attrs.frozen(kw_only=True)
class Verdict:
    """A goal compared with what was measured on one event loop.

    Attributes:
        goal: The goal.
        loop: The event loop.
        median: The measured value, None if it could not be measured.
    """

    goal: Goal
    loop: str
    median: float | None

    @property
    def outcome(self) -> Literal["met", "missed", "not measured"]:
        if self.median is None:
            return "not measured"
        return "met" if self.median <= self.goal.at_most else "missed"

    def to_json(self) -> dict[str, Any]:
        return {
            "goal": str(self.goal),
            "at_most": self.goal.at_most,
            "loop": self.loop,
            "median": None if self.median is None else round(self.median, 6),
            "outcome": self.outcome,
        }


@attrs.frozen(kw_only=True)
class Result:
    """A workload's figures, with the verdicts on its goals.

    Attributes:
        name: The name of the workload.
        title: What the workload does, as a heading.
        about: What its quantities mean.
        figures: What was measured.
        goals: The goals of the workload.
    """

    name: str
    title: str
    about: str
    figures: tuple[Figure, ...]
    goals: tuple[Goal, ...]

    @property
    def verdicts(self) -> list[Verdict]:
        return [verdict for goal in self.goals for verdict in goal.check(self.figures)]

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "about": self.about,
            "figures": [figure.to_json() for figure in self.figures],
            "goals": [verdict.to_json() for verdict in self.verdicts],
        }
