"""Decode responses: JSON to models, strictly, with errors that say where the unexpected value is.

Two ways lead from a body to a model. A compiled decoder (``compiled``) parses and converts the documented shapes in one
pass. It has no error messages and no special cases: whatever it refuses is parsed again and converted by the walker
(``walker``), which either decodes it or reports the error. Both return the same for every body that both accept.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import attrs

from edgegap_async.decoding.compiled import body_decoder
from edgegap_async.decoding.scalars import located
from edgegap_async.decoding.unknown_fields import UNKNOWN_FIELDS
from edgegap_async.errors import JSON, DecodeError, cleaned
from edgegap_async.json_codec import loads
from edgegap_async.models.page import PageEnvelope

T = TypeVar("T")

_REFUSED: Final[Any] = object()
"""In place of what a compiled decoder does not accept."""


def decode(body: bytes, model: type[T], *, operation: str) -> T:
    """Decode the body of a response.

    Args:
        body: The JSON document.
        model: What to decode it to: an attrs class, or a type such as ``tuple[Tag, ...]``.
        operation: The operation's id, for the error message.

    Raises:
        DecodeError: The body is not JSON, or does not have the model's shape. The error names the operation and the
            path of the unexpected value, never the value.
    """
    try:
        decoded: T = body_decoder(model, UNKNOWN_FIELDS.version)(body)
    except Exception:  # the walker decodes the body, or reports the error
        decoded = _REFUSED
    return structure(parse(body, operation=operation), model, operation=operation) if decoded is _REFUSED else decoded


def decode_page(
    body: bytes, item: type[T], *, items_key: str | None, operation: str
) -> tuple[tuple[T, ...], PageEnvelope]:
    """Decode a page of a list.

    Args:
        body: The JSON document.
        item: The model of a row.
        items_key: The field with the rows, None if the document is the rows.
        operation: The operation's id, for the error message.

    Returns:
        The rows, and what the page holds beside them.

    Raises:
        DecodeError: The body is not JSON, or does not have the list's shape.
    """
    if items_key is not None:
        try:
            page = body_decoder(_page_model(item, items_key), UNKNOWN_FIELDS.version)(body)
        except Exception:  # as in decode
            page = _REFUSED
        if page is not _REFUSED:
            return getattr(page, items_key), page
    rows, rest = _split(parse(body, operation=operation), items_key, operation)
    items = structure(rows, cast("type[tuple[T, ...]]", tuple[item, ...]), operation=operation)  # type: ignore[valid-type]
    return items, structure(rest, PageEnvelope, operation=operation)


def _split(body: JSON, items_key: str | None, operation: str) -> tuple[JSON, JSON]:
    """Return the rows and everything else; a list without an envelope is only rows."""
    if not isinstance(body, dict) or items_key is None:
        return body, {}
    if items_key not in body:
        # An empty list in its place would report to a cleanup that no server runs.
        raise DecodeError(f"the data of {operation} has no {items_key!r}", operation=operation, path=f"$.{items_key}")
    rows: JSON = body[items_key]
    if isinstance(rows, dict):
        rows = [rows] if rows else []  # the document gives a matchmaker's components as one object
    return rows, {name: value for name, value in body.items() if name != items_key}


def _create_page_model(item: Any, items_key: str) -> type[PageEnvelope]:
    rows = attrs.field(type=tuple[item, ...])
    page: type[PageEnvelope] = attrs.make_class("Page", {items_key: rows}, (PageEnvelope,), frozen=True, kw_only=True)
    return page


_page_model: Final[Callable[[Any, str], type[PageEnvelope]]] = functools.cache(_create_page_model)
"""Returns the class of a page with its rows."""


def parse(body: bytes, *, operation: str) -> JSON:
    """Parse a JSON body; raises DecodeError for a body that is empty or is not JSON."""
    try:
        return loads(body)
    except ValueError as error:
        problem = f"is not JSON ({cleaned(str(error))})" if body.strip() else "is empty"
    raise DecodeError(f"the data of {operation} {problem}", operation=operation)


def structure(value: JSON, model: type[T], *, operation: str) -> T:
    """Convert a parsed JSON value to a model.

    Args:
        value: The parsed JSON; it is not changed.
        model: What to convert it to: an attrs class, or a type such as ``tuple[Tag, ...]``.
        operation: The operation's id, for the error message.

    Raises:
        DecodeError: The value does not have the model's shape, as for ``decode``.
    """
    from edgegap_async.decoding.walker import hook_of  # noqa: PLC0415 - cattrs, which most programs never need

    hook = hook_of(model)
    try:
        converted: T = hook(value, model)
    except Exception as error:
        unexpected = located(error, "$")
    else:
        return converted
    # Raised outside of the except block: what was caught may hold the value, and would be kept as the context.
    raise DecodeError(
        f"the data of {operation} does not have the documented shape: {unexpected.problem} at {unexpected.path}",
        operation=operation,
        path=unexpected.path,
    )
