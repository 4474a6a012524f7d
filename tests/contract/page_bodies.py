"""Example requests as they can be sent: with values in place of what is none."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from provider_pages import ExamplePayload, completed

NOTES: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("pages").joinpath("request-notes.toml").read_text()
)
"""Values that are none, and how the client's requests differ from the examples, each with the reason."""


def readable(example: ExamplePayload) -> Any:
    """Return the body with what the page leaves out, and with values in place of what is none."""
    return _replaced(completed(example, "request"))


def _replaced(value: Any) -> Any:
    if isinstance(value, list):
        return [_replaced(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: _value(name, each) for name, each in value.items()}


def _value(name: str, value: Any) -> Any:
    for note in NOTES["placeholder"]:
        if note["field"] == name and (value in note["values"] or (value == [None] and [] in note["values"])):
            return note["by"]
    return _replaced(value)


def variants(operation_id: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield an example once for each of two fields that exclude each other."""
    for note in NOTES["exclusive"]:
        if operation_id in note["operations"] and body.keys() >= {*note["fields"]}:
            for chosen in note["fields"]:
                yield {name: each for name, each in body.items() if name == chosen or name not in note["fields"]}
            return
    yield body
