"""What the contract tests checked, told at the end of a run."""

from __future__ import annotations

from collections import Counter

import pytest

_CHECKED: Counter[str] = Counter()


@pytest.fixture(scope="session")
def checked() -> Counter[str]:
    """How much of what has been checked: tests add to it."""
    return _CHECKED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line, when there is something to tell."""
    if _CHECKED:
        told = ", ".join(f"{number} {what}" for what, number in _CHECKED.items())
        terminalreporter.write_line(f"contract: {told}")
