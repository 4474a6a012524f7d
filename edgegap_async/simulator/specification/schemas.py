"""What the documents say about an operation: its statuses, the fields of its bodies, the shape of its response."""

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
"""The value of a required field that a response lacks, by the field's type."""


@functools.cache
def documented_statuses(operation_id: str) -> frozenset[int]:
    """Return the statuses that an operation's document lists for it."""
    operation = OPERATIONS[operation_id]
    described = DOCUMENTS[operation.spec].find(operation) or {}
    return frozenset(map(int, described.get("responses", {})))


@functools.cache
def success_status(operation_id: str) -> int:
    """Return the status of an operation that succeeds; 204 if its document lists none."""
    return min((status for status in documented_statuses(operation_id) if status < 300), default=204)


@functools.cache
def request_fields(operation_id: str) -> frozenset[str]:
    """Return the fields of an operation's request body, by its own document and by that of 2024."""
    operation = OPERATIONS[operation_id]
    fields: set[str] = set()
    for spec in (operation.spec, "v1-legacy"):
        fields.update(_merged(DOCUMENTS[spec].request_schema(operation) or {}).get("properties", ()))
    return frozenset(fields)


@functools.cache
def response_fields(operation_id: str) -> Mapping[str, Schema]:
    """Return the schemas of the fields of an operation's response when it succeeds."""
    return MappingProxyType(_response_schema(operation_id).get("properties", {}))


def conform(operation_id: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a response body that conforms to the operation's document.

    Missing fields that are required or have a default are added. A null stays only where the document allows it, and
    fields that the document forbids are removed.

    Returns:
        The body, or None if the operation responds without one.
    """
    schema = _response_schema(operation_id)
    return _conformed(schema, body) if schema else None


@functools.cache
def _response_schema(operation_id: str) -> Schema:
    operation = OPERATIONS[operation_id]
    return _merged(DOCUMENTS[operation.spec].response_schema(operation, success_status(operation_id)) or {})


def _merged(schema: Schema) -> Schema:
    """Return an object's schema with the parts of its ``allOf`` merged into it."""
    parts = [_merged(part) for part in schema.get("allOf", ())]
    if not parts:
        return schema
    properties = {name: each for part in (*parts, schema) for name, each in part.get("properties", {}).items()}
    required = [name for part in (*parts, schema) for name in part.get("required", ())]
    return {"type": "object", "properties": properties, "required": required}


def _conformed(schema: Schema, value: Any) -> Any:
    match value:
        case [*items]:
            return [_conformed(schema.get("items", {}), each) for each in items]
        case Mapping():
            return _conformed_object(_merged(schema), cast("Mapping[str, Any]", value))
        case _:
            return value


def _conformed_object(schema: Schema, value: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Schema] = schema.get("properties", {})
    conformed: dict[str, Any] = {
        name: _conformed(properties.get(name, {}), each)
        for name, each in value.items()
        if (name in properties or schema.get("additionalProperties") is not False)
        and (each is not None or name not in properties or _nullable(properties[name]))
    }
    for name, each in properties.items():
        if name not in conformed and ("default" in each or name in schema.get("required", ())):
            conformed[name] = each["default"] if "default" in each else _empty(each)
    return conformed


def _nullable(schema: Schema) -> bool:
    return "null" in schema.get("type", ("null",))


def _empty(schema: Schema) -> Any:
    kind = _merged(schema).get("type", "string")
    if not isinstance(kind, str):
        return None
    return _conformed(schema, {}) if kind == "object" else _EMPTY[kind]
