"""Warnings of what other parties cause, which may be often: at most one a minute is logged."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import Final

logger: Final = logging.getLogger("edgegap_async")

_SECONDS_BETWEEN: Final = 60.0


class RareWarnings:
    """Logs warnings, of each kind at most one a minute; it is called within an event loop."""

    def __init__(self) -> None:
        self._logged_at: dict[str, float] = {}

    def log(self, kind: str, message: str) -> None:
        """Log a warning, unless there was one of its kind within the last minute."""
        now = asyncio.get_running_loop().time()
        if now >= self._logged_at.get(kind, -math.inf) + _SECONDS_BETWEEN:
            self._logged_at[kind] = now
            logger.warning("%s", message)
