"""The response bodies of the loopback server: a deployment's status, and pages of the list of deployments."""

from __future__ import annotations

import functools
import math
from typing import Any, Final

import orjson

REQUEST_ID: Final = "61b1be8f54d9"
PAGE_SIZE: Final = 100

_PORTS: Final = {
    "gameport": {
        "name": "gameport",
        "internal": 7777,
        "external": 30345,
        "protocol": "UDP",
        "tls_upgrade": False,
        "link": f"{REQUEST_ID}.pr.edgegap.net:30345",
    }
}
_STATUS: Final[dict[str, Any]] = {
    "request_id": REQUEST_ID,
    "fqdn": f"{REQUEST_ID}.pr.edgegap.net",
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


@functools.cache
def status_body() -> bytes:
    """Return the response to a status request."""
    return orjson.dumps(_STATUS)


@functools.cache
def page_body(number: int, size: int, total: int) -> bytes:
    """Return one page of a list.

    Args:
        number: The number of the page, from 1.
        size: The rows on a page.
        total: The rows of the whole list.
    """
    pages = max(math.ceil(total / size), 1)
    rows = [_row(index) for index in range((number - 1) * size, min(number * size, total))]
    return orjson.dumps(
        {
            "data": rows,
            "total_count": total,
            "pagination": {
                "number": number,
                "next_page_number": number + 1 if number < pages else None,
                "previous_page_number": number - 1 or None,
                "paginator": {"num_pages": pages},
                "has_next": number < pages,
                "has_previous": number > 1,
            },
        }
    )


def row_id(index: int) -> str:
    """Return the request id of a row of the list."""
    return f"{index:012x}"


def _row(index: int) -> dict[str, object]:
    return {
        "request_id": row_id(index),
        "fqdn": f"{row_id(index)}.pr.edgegap.net",
        "public_ip": "203.0.113.48",
        "ready": True,
        "start_time": "2026-04-22 12:00:46.444265",
        "ports": _PORTS,
        "tags": ["match-42"],
    }
