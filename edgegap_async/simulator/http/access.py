"""Decides whether a request may reach its handler: the token, then the rate limits."""

from __future__ import annotations

import hmac
from collections.abc import Container

import attrs

from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.http.messages import IncomingRequest, Reply
from edgegap_async.simulator.http.rate_limits import RateLimiter
from edgegap_async.simulator.http.responses import rejection_reply, too_many_requests


@attrs.frozen(kw_only=True)
class AccessControl:
    """Checks the token and counts requests against the rate limits."""

    token: str = attrs.field(repr=False)
    """The organisation's token."""
    exempt: Container[str]
    """Ids of the operations that do not take the organisation's token."""
    rate_limiter: RateLimiter
    retry_after: float | None
    """Seconds in the ``Retry-After`` header of a 429; None sends no header."""

    def rejection(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return the 401 or 429 response for a request that may not pass; None if it may.

        A request without the token is not counted against the rate limits.
        """
        if not self._is_authorized(request):
            return rejection_reply(
                Rejection(401, "the Authorization header must hold the word token and a valid token")
            )
        if not self.rate_limiter.admit(request.operation.bucket, now):
            return too_many_requests(self.retry_after)
        return None

    def _is_authorized(self, request: IncomingRequest) -> bool:
        if request.operation.operation_id in self.exempt:
            return True
        return hmac.compare_digest((request.authorization or "").encode(), f"token {self.token}".encode())
