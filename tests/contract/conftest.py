"""Counts what the contract tests check, and prints the counts at the end of a run."""

from __future__ import annotations

from collections import Counter

import pytest

_COUNTS: Counter[str] = Counter()


@pytest.fixture(scope="session")
def checked() -> Counter[str]:
    """How many things of each kind have been checked; tests add to it."""
    return _COUNTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line if anything was counted."""
    if _COUNTS:
        counts = ", ".join(f"{number} {what}" for what, number in _COUNTS.items())
        terminalreporter.write_line(f"contract: {counts}")
