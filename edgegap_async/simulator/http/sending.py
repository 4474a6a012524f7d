"""Sends the result of a request: a response, half of one, or a closed connection."""

from __future__ import annotations

import socket
import struct

from aiohttp import web

from edgegap_async.simulator.http.messages import Reply, RequestResult
from edgegap_async.simulator.http.request_log import LoggedRequest


def is_disconnected(request: web.BaseRequest) -> bool:
    """Return whether the client of a request has closed the connection."""
    return request.transport is None or request.transport.is_closing()


async def send_result(request: web.BaseRequest, result: RequestResult, entry: LoggedRequest) -> web.StreamResponse:
    """Send the result of a request, and log the status of a complete response.

    Args:
        request: The request, for its connection.
        result: The response, or how to drop the connection.
        entry: The request's entry in the log.
    """
    if isinstance(result, Reply):
        entry.status = result.status
        return _response(result)
    if result.partial is not None and not is_disconnected(request):
        return await _send_half(request, result.partial)
    _drop(request, reset=result.reset)
    return web.Response()


def _response(reply: Reply) -> web.Response:
    headers = dict(reply.headers)
    if reply.content_type is not None:
        headers.setdefault("Content-Type", reply.content_type)
    return web.Response(status=reply.status, body=reply.content or None, headers=headers)


async def _send_half(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    content = reply.content
    response = web.StreamResponse(status=reply.status, headers=dict(reply.headers))
    response.content_type = reply.content_type or "application/octet-stream"
    response.content_length = len(content)
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    if request.transport is not None:
        request.transport.close()  # sends what was written first
    return response


def _drop(request: web.BaseRequest, *, reset: bool) -> None:
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if reset and connection is not None:
        # Without lingering, TCP sends a reset instead of an orderly end. A loop hands out its socket for reading
        # its state only, so the option is set on a duplicate.
        with socket.fromfd(connection.fileno(), connection.family, connection.type) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
