"""Encode request fields and query parameters as the service expects them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Concatenate, ParamSpec, TypeVar

from edgegap_async.errors import JSON

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


def omit_none(**fields: JSON) -> dict[str, JSON]:
    """Return the fields that are not None: fields that the caller did not pass are not sent."""
    return {name: value for name, value in fields.items() if value is not None}


def unless_none(check: Callable[Concatenate[T, P], R], value: T | None, *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Return ``check(value, ...)``, or None if the value is None.

    ::

        body = omit_none(name=unless_none(validate_name, new_name, "the fleet's name"), enabled=enabled)

    Args:
        check: Checks or converts the value, for example ``validate_name``.
        value: The value that the caller passed.
        *args: Further positional arguments of ``check``.
        **kwargs: Keyword arguments of ``check``.
    """
    return None if value is None else check(value, *args, **kwargs)


def string_values(**parameters: str | datetime | bool | None) -> dict[str, str]:
    """Return the query parameters that are not None, as strings.

    A datetime is sent in UTC with milliseconds (``2026-04-22 12:00:46.444``), a datetime without a zone is UTC, and a
    bool is sent as ``true`` or ``false``.
    """
    return {name: _parameter(value) for name, value in parameters.items() if value is not None}


def _parameter(value: str | datetime | bool) -> str:
    match value:
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value
            return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
        case bool():
            return "true" if value else "false"
        case str():
            return value
