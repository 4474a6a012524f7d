"""The service's documents with their examples: what answers look like, whole and with as little as is allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from edgegap_async.operations import OPERATIONS, Operation

Schema = Mapping[str, Any]

_FOLDER: Final = resources.files("edgegap_async.simulator.specification")
_FILES: Final = {"v1": ("v1.json", ""), "v2": ("v2.json", "/v2"), "v1-legacy": ("v1-2024.json", "")}
_DOCUMENTS: Final = {spec: json.loads((_FOLDER / name).read_text()) for spec, (name, _) in _FILES.items()}

PUBLISHED: Final[list[dict[str, Any]]] = json.loads(Path(__file__).with_name("operations.json").read_text())
"""Every operation that the service publishes or has published since 2024."""


KNOWN_LATER: Final = frozenset({"public_ip", "start_time", "elapsed_time", "removal_time", "ports", "location"})
"""What a deployment shows as null until it has been READY, whatever the document requires: so does the service."""


def described(operation: Operation, spec: str | None = None) -> Schema | None:
    """What a document, its own unless another is named, says of an operation."""
    spec = spec or operation.spec
    path = operation.path.removeprefix(_FILES[spec][1])
    shape = _nameless(path)
    for other, item in _DOCUMENTS[spec]["paths"].items():
        if _nameless(other) == shape and operation.method.lower() in item:
            return resolved(item[operation.method.lower()], spec)
    return None


def _nameless(path: str) -> str:
    return "".join(part.partition("}")[2] if "}" in part else part for part in path.replace("{", "{\0").split("\0"))


def resolved(part: Any, spec: str, inside: tuple[str, ...] = ()) -> Any:
    """A part of a document with its references written out, one level where a schema holds itself."""
    if isinstance(part, list):
        return [resolved(each, spec, inside) for each in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    if reference is None:
        return {name: resolved(each, spec, inside) for name, each in part.items()}
    if reference in inside:
        return {}
    target: Any = _DOCUMENTS[spec]
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    return resolved(target, spec, (*inside, reference))


def schema_of(part: Schema | None) -> Schema | None:
    """The JSON schema in a request body or a response."""
    schema: Schema | None = ((part or {}).get("content") or {}).get("application/json", {}).get("schema")
    return schema


def success(operation: Operation, spec: str | None = None) -> tuple[int, Schema | None]:
    """The status and the schema of the answer to a call that succeeds; 204 where none is documented."""
    responses = (described(operation, spec) or {}).get("responses", {})
    for status, response in sorted(responses.items()):
        if status.startswith("2"):
            return int(status), schema_of(response)
    return 204, None


def merged(schema: Schema) -> Schema:
    """A schema with what its ``allOf`` parts say in it."""
    whole = dict(schema)
    for part in schema.get("allOf", ()):
        inner = merged(part)
        whole["type"] = inner.get("type", whole.get("type"))
        whole["properties"] = {**inner.get("properties", {}), **whole.get("properties", {})}
        whole["required"] = [*inner.get("required", ()), *whole.get("required", ())]
    return whole


def answer(schema: Schema | None, *, whole: bool) -> Any:
    """An answer that the schema allows: with every field, or with those alone that it requires."""
    if schema is None:
        return None
    shown = example({**schema, "nullable": False}, whole=whole)
    return {} if shown is None else shown


def example(schema: Schema, *, whole: bool) -> Any:
    """A value that the schema allows, with every field or with those alone that it requires."""
    schema = merged(schema)
    if not whole and schema.get("nullable"):
        return None
    kind = schema.get("type") or ("object" if "properties" in schema else None)
    if kind == "object":
        required = schema.get("required", ())
        return {
            name: example(field, whole=whole)
            for name, field in schema.get("properties", {}).items()
            if whole or name in required
        }
    if kind == "array":
        return [example(schema.get("items", {}), whole=whole)] if whole else []
    return _scalar(schema, kind)


def _scalar(schema: Schema, kind: str | None) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    told = schema.get("example")
    match kind:
        case "string":
            if schema.get("format") in {"date", "date-time"} and not _is_moment(told):
                return "2026-04-22 12:00:46.444265"
            return told if isinstance(told, str) and told else "text"
        case "integer":
            return told if type(told) is int else schema.get("minimum", 1)
        case "number":
            return told if type(told) in {int, float} else 1.5
        case "boolean":
            return told if type(told) is bool else True
        case _:
            return told


def _is_moment(told: Any) -> bool:
    return isinstance(told, str) and told[:4].isdigit()


def fields_of(schema: Schema) -> Mapping[str, Schema]:
    """The documented fields of an object."""
    fields: Mapping[str, Schema] = merged(schema).get("properties", {})
    return fields


def request_fields(operation: Operation, spec: str | None = None) -> Iterator[str]:
    """The names of the fields that a document, the operation's own unless another is named, lets a request have."""
    schema = schema_of((described(operation, spec) or {}).get("requestBody"))
    yield from fields_of(schema or {})


def query_names(operation: Operation, spec: str | None = None) -> set[str]:
    """The names of the query's parameters, by the operation's own document unless another is named."""
    parameters = (described(operation, spec) or {}).get("parameters", ())
    return {parameter["name"] for parameter in parameters if parameter["in"] == "query"}


EVERY: Final = sorted(OPERATIONS)
"""The ids of all rows, for parametrised tests."""
