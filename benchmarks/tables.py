"""Results as Markdown tables, which are also readable on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.results import Figure, Result, Unit, Verdict


def quantity_text(value: float, unit: Unit) -> str:
    """Return a value with its unit, with about three significant digits."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.2 else 3
    if value == 0 or (unit == "" and value == round(value)):
        digits = 0
    text = f"{value:,.{digits}f}"
    return f"{text} {unit}" if unit else text


def figure_text(figure: Figure | None) -> str:
    """Return the median of a figure, and its quartiles if they differ."""
    if figure is None:
        return ""
    if not figure.samples:
        return figure.missing
    text = quantity_text(figure.median, figure.unit)
    first, third = (quantity_text(each, "").strip() for each in figure.quartiles)
    return text if first == third else f"{text} ({first} to {third})"


def verdict_text(verdict: Verdict) -> str:
    """Return a goal and whether it is met."""
    where = f" ({verdict.loop})" if verdict.loop != "asyncio" else ""
    measured = "" if verdict.median is None else f", measured {quantity_text(verdict.median, '')}"
    return f"{verdict.goal}{where}: {verdict.outcome}{measured}"


def table(result: Result) -> str:
    """Return the figures of a workload, one row for each subject and event loop."""
    quantities = list(dict.fromkeys(figure.quantity for figure in result.figures))
    loops = list(dict.fromkeys(figure.loop for figure in result.figures))
    cells = [["", *quantities]]
    for loop in loops:
        by_subject: dict[str, dict[str, Figure]] = {}
        for figure in result.figures:
            if figure.loop == loop:
                by_subject.setdefault(figure.subject, {})[figure.quantity] = figure
        for subject, figures in by_subject.items():
            name = subject if loop == loops[0] else f"{subject}, {loop}"
            cells.append([name, *(figure_text(figures.get(each)) for each in quantities)])
    return _aligned(cells)


def section(result: Result) -> str:
    """Return the table of a workload with the verdicts on its goals."""
    verdicts = [f"- {verdict_text(verdict)}" for verdict in result.verdicts]
    return "\n".join([result.about, "", table(result), *(["", *verdicts] if verdicts else [])])


def _aligned(cells: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    head, *rows = (
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    )
    return "\n".join([head, "|" + "|".join("-" * (width + 2) for width in widths) + "|", *rows])
