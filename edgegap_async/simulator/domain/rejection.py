"""The exception with which the simulator refuses a request."""

from __future__ import annotations

from collections.abc import Mapping


class Rejection(Exception):
    """Raised where a request is refused before anything has changed."""

    def __init__(self, status: int, message: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details
