"""A request that is being served: what a fault can do with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import attrs
from aiohttp import web

from edgegap_async.simulator.domain.deployment import PlannedFailure
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.http.messages import Handler, IncomingRequest, Reply
from edgegap_async.simulator.http.request_validation import validate_request
from edgegap_async.simulator.http.responses import rejection_reply
from edgegap_async.simulator.http.sending import is_disconnected

_DISCONNECT_POLL: Final = 0.1
"""Seconds between two checks whether the client of a stalled request has disconnected."""


@attrs.frozen(kw_only=True)
class ActiveRequest:
    """A request that passed the checks, with what is needed to handle it."""

    incoming: IncomingRequest
    connection: web.BaseRequest
    """The request of aiohttp, for the state of its connection."""
    world: World
    handlers: Mapping[str, Handler]
    """The handlers by operation id."""
    first_webhook: Callable[[str], Awaitable[None]]
    """Waits until the first webhook of a deployment was sent."""

    def handle(self, planned_failure: PlannedFailure | None = None) -> Reply:
        """Validate the request, run its handler and return the response; a rejection becomes its 4xx response.

        Args:
            planned_failure: How the deployment that the request creates will fail.
        """
        handler = self.handlers[self.incoming.operation.operation_id]
        try:
            return handler(self.world, validate_request(self.incoming, planned_failure))
        except Rejection as rejection:
            return rejection_reply(rejection)

    async def disconnected(self) -> None:
        """Wait until the client has closed the connection."""
        # aiohttp reports a closed connection only between requests, so this polls
        while not is_disconnected(self.connection):  # noqa: ASYNC110
            await asyncio.sleep(_DISCONNECT_POLL)

    async def notified(self, request_id: str) -> None:
        """Wait until the first webhook of a deployment was sent; returns at once if it has no webhooks."""
        await self.first_webhook(request_id)
