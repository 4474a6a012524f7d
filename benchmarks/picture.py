"""Pictures of the results, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.results import OURS, Figure, Result
from benchmarks.workloads.readiness import DELAYS

_RATIOS: Final = ("status", "concurrent-status", "rows", "decoding")
"""The workloads whose CPU ratios are drawn."""


def draw_ratios(results: Mapping[str, Result], path: Path) -> None:
    """Draw the CPU time of each peer as a ratio to the floor, in a panel for each workload."""
    pyplot = _pyplot()
    names = [name for name in _RATIOS if name in results]
    if not names:
        return
    figure, panels = pyplot.subplots(
        1, len(names), figsize=(3.2 * len(names), 2.6), squeeze=False, layout="constrained"
    )
    for panel, name in zip(panels[0], names, strict=True):
        result = results[name]
        bars = [each for each in result.figures if each.quantity == "CPU" and each.loop == "asyncio" and each.samples]
        bars = [each for each in bars if any(sample != 1 for sample in each.samples)][::-1]
        panel.barh(
            [each.subject for each in bars],
            [each.median for each in bars],
            xerr=_spread(bars),
            color=["tab:blue" if each.subject == OURS else "lightgray" for each in bars],
        )
        panel.axvline(1, color="black", linewidth=1)
        for goal in result.goals:
            if goal.relative_to is None:
                panel.axvline(goal.at_most, color="tab:green", linestyle="--", linewidth=1)
        panel.set(title=result.title, xlabel="CPU, times the floor")
        panel.title.set_fontsize("small")
        panel.tick_params(labelsize="small")
    _save(figure, path)


def draw_delays(readiness: Result, path: Path) -> None:
    """Draw the share of the servers that are noticed within a time."""
    pyplot = _pyplot()
    figure, panel = pyplot.subplots(figsize=(6, 3.2), layout="constrained")
    for each in readiness.figures:
        if each.quantity == DELAYS:
            shares = [index / (len(each.samples) - 1) for index in range(len(each.samples))]
            panel.step([max(late, 1e-3) for late in each.samples], shares, where="post", label=each.subject)
    panel.set(xscale="log", xlim=(1e-3, 60), xlabel="noticed late by, s", ylabel="share of the servers")
    panel.grid(visible=True, alpha=0.3)
    panel.legend(loc="lower right", fontsize="small")
    _save(figure, path)


def _pyplot() -> Any:
    import matplotlib as mpl  # noqa: PLC0415 - is only needed for pictures

    mpl.use("agg")
    mpl.rcParams |= {"svg.hashsalt": "benchmarks", "svg.fonttype": "none"}
    from matplotlib import pyplot  # noqa: PLC0415

    return pyplot


def _spread(bars: Sequence[Figure]) -> list[list[float]]:
    """Return the distances of the quartiles from the medians."""
    return [
        [each.median - each.quartiles[0] for each in bars],
        [each.quartiles[1] - each.median for each in bars],
    ]


def _save(figure: Any, path: Path) -> None:
    metadata: dict[str, Any] = {"Date": None} if path.suffix == ".svg" else {}
    figure.savefig(path, metadata=metadata)
