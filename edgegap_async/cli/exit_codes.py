"""The exit codes of the commands, and the error for a wrong command line."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """How a command ended, as the shell sees it."""

    OK = 0
    """The command did what it was started for."""
    FAILED = 1
    """An error, printed on standard error, or an answer of "no" to a question."""
    USAGE = 2
    """The command line is wrong. Nothing was done."""
    INTERRUPTED = 130
    """Ctrl-C or another signal: 128 + SIGINT, the convention of shells."""


class UsageError(Exception):
    """The command line is wrong: options are missing, invalid or contradict each other. Nothing was done."""
