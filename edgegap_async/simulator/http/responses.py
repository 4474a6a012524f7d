"""How an outcome goes over the wire: an answer, half of one, or an end of the connection."""

from __future__ import annotations

import ipaddress
import socket
import struct
from typing import Any

from aiohttp import web

from edgegap_async.simulator.http.faults import Cut, FaultResult
from edgegap_async.simulator.http.messages import Reply
from edgegap_async.simulator.http.request_log import LoggedRequest


def has_left(request: web.BaseRequest) -> bool:
    """Whether the client of a request is no longer connected."""
    return request.transport is None or request.transport.is_closing()


def _response(answer: Reply) -> web.Response:
    headers = dict(answer.headers)
    if answer.content_type is not None:
        headers.setdefault("Content-Type", answer.content_type)
    return web.Response(status=answer.status, body=answer.content or None, headers=headers)


async def deliver(request: web.BaseRequest, outcome: FaultResult, record: LoggedRequest) -> web.StreamResponse:
    """Carry out what was decided about a request, and record the status if it is answered."""
    if isinstance(outcome, Reply):
        record.status = outcome.status
        return _response(outcome)
    if outcome.answer is not None and not has_left(request):
        return await _send_half(request, outcome.answer)
    _cut(request, outcome)
    return web.Response()


async def _send_half(request: web.BaseRequest, answer: Reply) -> web.StreamResponse:
    content = answer.content
    response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
    response.content_type = answer.content_type or "application/octet-stream"
    response.content_length = len(content)
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    if request.transport is not None:
        request.transport.close()  # what is written is still sent
    return response


def _cut(request: web.BaseRequest, cut: Cut) -> None:
    transport = request.transport
    if transport is None:
        return
    if cut.reset:
        connection = transport.get_extra_info("socket")
        # closing without lingering makes TCP send a reset instead of an orderly end; a loop lends its
        # socket for nothing but looking at it, so this is set on a duplicate
        with socket.fromfd(connection.fileno(), connection.family, connection.type) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_of(bound: tuple[Any, ...]) -> str:
    """The URL for a bound address; one that is bound everywhere is reached over the loopback."""
    reached = ipaddress.ip_address(bound[0])
    if reached.is_unspecified:
        reached = ipaddress.ip_address("127.0.0.1" if reached.version == 4 else "::1")
    return f"http://[{reached}]:{bound[1]}" if reached.version == 6 else f"http://{reached}:{bound[1]}"
