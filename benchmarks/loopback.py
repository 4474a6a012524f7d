"""A server that responds as fast as Python can, with prepared bytes and no routing. Prints its address.

``python -m benchmarks.loopback ROWS DELAY``: ROWS is the length of its list of deployments, DELAY the seconds after
which it responds. A path that does not ask for a page gets the status of a deployment.
"""

from __future__ import annotations

import asyncio
import functools
import re
import sys
from typing import Final, cast

from benchmarks.bodies import PAGE_SIZE, page_body, status_body
from benchmarks.processes import serve_until_stdin_closes

_PAGE: Final = re.compile(rb"[?&]page=(\d+)")
_LIMIT: Final = re.compile(rb"[?&]limit=(\d+)")


@functools.cache
def _response(page: int | None, size: int, rows: int) -> bytes:
    body = status_body() if page is None else page_body(page, size, rows)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class LoopbackProtocol(asyncio.Protocol):
    """One connection.

    Attributes:
        rows: The length of the list.
        delay: Seconds after which a request is responded to.
    """

    def __init__(self, rows: int, delay: float) -> None:
        self.rows = rows
        self.delay = delay
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, self._received = self._received[:end], self._received[end + 4 :]
            page, limit = _PAGE.search(head), _LIMIT.search(head)
            response = _response(int(page[1]) if page else None, int(limit[1]) if limit else PAGE_SIZE, self.rows)
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self._transport.write, response)
            else:
                self._transport.write(response)


async def main(rows: str = "0", delay: str = "0") -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: LoopbackProtocol(int(rows), float(delay)), "127.0.0.1", 0, backlog=1024
    )
    await serve_until_stdin_closes(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    server.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
