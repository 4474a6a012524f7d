"""A server that responds as fast as Python can, with prepared bytes and no routing. Prints its address."""

from __future__ import annotations

import asyncio
import re

import orjson
from processes import serve_until_stdin_closes

ROWS = 10_000
PAGE = 100

_PORTS = {
    "gameport": {
        "name": "gameport",
        "internal": 7777,
        "external": 30345,
        "protocol": "UDP",
        "tls_upgrade": False,
        "link": "61b1be8f54d9.pr.edgegap.net:30345",
    }
}
STATUS = {
    "request_id": "61b1be8f54d9",
    "fqdn": "61b1be8f54d9.pr.edgegap.net",
    "public_ip": "203.0.113.48",
    "app_name": "kart",
    "app_version": "v1.2",
    "current_status": "Status.READY",
    "running": True,
    "start_time": "2026-04-22 12:00:46.444265",
    "elapsed_time": 12,
    "max_duration": 1440,
    "removal_time": None,
    "last_status": "Status.DEPLOYING",
    "error": False,
    "error_detail": "",
    "ports": _PORTS,
    "location": {
        "city": "Montreal",
        "country": "Canada",
        "continent": "North America",
        "administrative_division": "Quebec",
        "timezone": "Eastern Time",
        "latitude": 45.508888,
        "longitude": -73.561668,
    },
    "tags": ["match-42"],
}


def _row(index: int) -> dict[str, object]:
    name = f"{index:012x}"
    return {
        "request_id": name,
        "fqdn": f"{name}.pr.edgegap.net",
        "public_ip": "203.0.113.48",
        "ready": True,
        "start_time": "2026-04-22 12:00:46.444265",
        "ports": _PORTS,
        "tags": ["match-42"],
    }


def deployment_page(number: int, rows: list[dict[str, object]] | None = None) -> dict[str, object]:
    pages = ROWS // PAGE
    return {
        "data": rows or [_row(index) for index in range((number - 1) * PAGE, number * PAGE)],
        "total_count": ROWS,
        "pagination": {
            "number": number,
            "next_page_number": number + 1 if number < pages else None,
            "previous_page_number": number - 1 or None,
            "paginator": {"num_pages": pages},
            "has_next": number < pages,
            "has_previous": number > 1,
        },
    }


def _response(document: object) -> bytes:
    body = orjson.dumps(document)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Canned(asyncio.Protocol):
    status = _response(STATUS)
    pages = tuple(_response(deployment_page(number)) for number in range(1, ROWS // PAGE + 1))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head, self.received = self.received[:end], self.received[end + 4 :]
            page = re.search(rb"[?&]page=(\d+)", head)
            self.transport.write(self.pages[int(page[1]) - 1] if page else self.status)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(_Canned, "127.0.0.1", 0)
    await serve_until_stdin_closes(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
