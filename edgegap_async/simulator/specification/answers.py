"""Gives an answer the shape its document describes, and says which statuses are documented at all."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator.specification.documents import DOCUMENTS, Schema

_EMPTY: Final[Mapping[str, Any]] = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "array": [],
    "object": {},
}


@functools.cache
def statuses(operation_id: str) -> frozenset[int]:
    """The statuses an operation's document has for it."""
    operation = OPERATIONS[operation_id]
    found = DOCUMENTS[operation.spec].find(operation) or {}
    return frozenset(map(int, found.get("responses", {})))


@functools.cache
def success(operation_id: str) -> int:
    """The status of an operation that succeeds; 204 where its document forgets to say one."""
    return min((status for status in statuses(operation_id) if status < 300), default=204)


@functools.cache
def body_fields(operation_id: str) -> frozenset[str]:
    """The fields an operation's body may have, by its own document or by that of 2024."""
    operation = OPERATIONS[operation_id]
    found: set[str] = set()
    for spec in (operation.spec, "v1-legacy"):
        found.update(_merged(DOCUMENTS[spec].body(operation) or {}).get("properties", ()))
    return frozenset(found)


@functools.cache
def answer_fields(operation_id: str) -> Mapping[str, Schema]:
    """The fields of what an operation answers when it succeeds, with their schemas."""
    return MappingProxyType(_answer(operation_id).get("properties", {}))


def shaped(operation_id: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """A body with what its document requires or has defaults for; None where it has no body at all.

    Null stays only where the document allows it, and what it forbids is left out.
    """
    schema = _answer(operation_id)
    return _filled(schema, body) if schema else None


@functools.cache
def _answer(operation_id: str) -> Schema:
    operation = OPERATIONS[operation_id]
    return _merged(DOCUMENTS[operation.spec].answer(operation, success(operation_id)) or {})


def _merged(schema: Schema) -> Schema:
    """An object's schema with what its ``allOf`` says in one place."""
    parts = [_merged(part) for part in schema.get("allOf", ())]
    if not parts:
        return schema
    properties = {name: each for part in (*parts, schema) for name, each in part.get("properties", {}).items()}
    required = [name for part in (*parts, schema) for name in part.get("required", ())]
    return {"type": "object", "properties": properties, "required": required}


def _filled(schema: Schema, value: Any) -> Any:
    match value:
        case [*items]:
            return [_filled(schema.get("items", {}), each) for each in items]
        case Mapping():
            return _filled_object(_merged(schema), cast("Mapping[str, Any]", value))
        case _:
            return value


def _filled_object(whole: Schema, value: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Schema] = whole.get("properties", {})
    given: dict[str, Any] = {
        name: _filled(properties.get(name, {}), each)
        for name, each in value.items()
        if (name in properties or whole.get("additionalProperties") is not False)
        and (each is not None or name not in properties or _nullable(properties[name]))
    }
    for name, each in properties.items():
        if name not in given and ("default" in each or name in whole.get("required", ())):
            given[name] = each["default"] if "default" in each else _empty(each)
    return given


def _nullable(schema: Schema) -> bool:
    return "null" in schema.get("type", ("null",))


def _empty(schema: Schema) -> Any:
    kind = _merged(schema).get("type", "string")
    if not isinstance(kind, str):
        return None
    return _filled(schema, {}) if kind == "object" else _EMPTY[kind]
