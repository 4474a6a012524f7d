"""The exception that refuses a request."""

from __future__ import annotations

from collections.abc import Mapping


class Rejection(Exception):
    """Raised to refuse a request, before the request has changed anything.

    Attributes:
        status: The HTTP status of the response.
        message: The ``message`` of the response body.
        details: Messages by field name, for the ``details`` of a v2 response body.
    """

    def __init__(self, status: int, message: str, details: Mapping[str, str] | None = None) -> None:
        """Create a rejection.

        Args:
            status: The HTTP status of the response.
            message: The ``message`` of the response body.
            details: Messages by field name, for the ``details`` of a v2 response body.
        """
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details
