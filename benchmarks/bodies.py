"""The response bodies of the loopback server: a deployment's status, and pages of the list of deployments."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
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
    rows = [_row(index) for index in range((number - 1) * size, min(number * size, total))]
    return _page_of(rows, number, size, total)


def documented_page_body(*, guard_tags: bool = False, unknown_field: bool = False) -> bytes:
    """Return a page whose rows have two ports and all fields that the service's page shows.

    Args:
        guard_tags: Whether each row has a tag of the deploy guard.
        unknown_field: Whether each row has a field that no document lists.
    """
    rows = []
    for index in range(PAGE_SIZE):
        row = _documented_row(index)
        if guard_tags:
            row["tags"] = ["match-42", f"eg-1234567-{index:08}"]
        if unknown_field:
            row["novelty"] = index
        rows.append(row)
    return _page_of(rows, 1, PAGE_SIZE, PAGE_SIZE)


def _page_of(rows: Sequence[dict[str, Any]], number: int, size: int, total: int) -> bytes:
    pages = max(math.ceil(total / size), 1)
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


def _documented_row(index: int) -> dict[str, Any]:
    name = row_id(index)
    address = f"{name}.pr.edgegap.net"
    game = {"internal": 7777, "external": 30000 + index, "protocol": "UDP", "name": "7777", "tls_upgrade": False}
    web = {"internal": 8080, "external": 31587, "protocol": "http", "name": "web", "tls_upgrade": True}
    return {
        "request_id": name,
        "fqdn": address,
        "start_time": f"2026-04-22 12:00:{index % 60:02}.{index:06}",
        "status": "READY",
        "ready": True,
        "public_ip": f"203.0.113.{index % 250}",
        "ports": {
            "7777": {**game, "link": f"{address}:{30000 + index}", "proxy": 65002},
            "web": {**web, "link": f"https://{address}:31587", "proxy": 65001},
        },
        "tags": ["match-42", "production"],
        "sockets": 5,
        "sockets_usage": 2,
        "is_joinable_by_session": True,
    }


def _row(index: int) -> dict[str, Any]:
    return {
        "request_id": row_id(index),
        "fqdn": f"{row_id(index)}.pr.edgegap.net",
        "public_ip": "203.0.113.48",
        "ready": True,
        "start_time": "2026-04-22 12:00:46.444265",
        "ports": _PORTS,
        "tags": ["match-42"],
    }
