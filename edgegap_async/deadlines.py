"""What remains until a deadline."""

from __future__ import annotations

import asyncio
from typing import Final

SHORTEST_TIMEOUT: Final = 0.001
"""Seconds that a call gets at least. If its deadline has passed already, it then raises the usual error."""


def seconds_until(deadline: float) -> float:
    """Return the seconds until a moment of the loop's clock, but not less than a call gets."""
    return max(deadline - asyncio.get_running_loop().time(), SHORTEST_TIMEOUT)
