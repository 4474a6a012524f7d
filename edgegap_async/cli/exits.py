"""How a command ends: its exit codes, and the error for a command line that makes no sense."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130
"""What shells expect of a program that ended by Ctrl-C."""


class UsageError(Exception):
    """The options do not go together; nothing was done."""
