"""The service's documents, and example responses made from their schemas: complete, or with required fields only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from edgegap_async.operations import OPERATIONS, Operation

Schema = Mapping[str, Any]

_FOLDER: Final = resources.files("edgegap_async.simulator.specification")
FILES: Final = {"v1": ("v1.json", ""), "v2": ("v2.json", "/v2"), "v1-legacy": ("v1-2024.json", "")}
DOCUMENTS: Final = {spec: json.loads((_FOLDER / name).read_text()) for spec, (name, _) in FILES.items()}

PUBLISHED: Final[list[dict[str, Any]]] = json.loads(Path(__file__).with_name("operations.json").read_text())
"""Every operation that the service publishes or has published since 2024."""


NULL_UNTIL_READY: Final = frozenset({"public_ip", "start_time", "elapsed_time", "removal_time", "ports", "location"})
"""Fields of a deployment that are null until it is READY, although the document requires them."""


def documented(operation: Operation, spec: str | None = None) -> Schema | None:
    """Return an operation as a document describes it: its own document, unless ``spec`` names another."""
    spec = spec or operation.spec
    path = operation.path.removeprefix(FILES[spec][1])
    shape = path_shape(path)
    for other, item in DOCUMENTS[spec]["paths"].items():
        if path_shape(other) == shape and operation.method.lower() in item:
            return resolve(item[operation.method.lower()], spec)
    return None


def path_shape(path: str) -> str:
    """Return a path without the names of its parameters, in which the documents differ."""
    return "".join(part.partition("}")[2] if "}" in part else part for part in path.replace("{", "{\0").split("\0"))


def resolve(part: Any, spec: str, inside: tuple[str, ...] = ()) -> Any:
    """Return a part of a document with its references replaced, one level deep if a schema refers to itself."""
    if isinstance(part, list):
        return [resolve(each, spec, inside) for each in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    if reference is None:
        return {name: resolve(each, spec, inside) for name, each in part.items()}
    if reference in inside:
        return {}
    target: Any = DOCUMENTS[spec]
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    return resolve(target, spec, (*inside, reference))


def schema_of(part: Schema | None) -> Schema | None:
    """Return the JSON schema of a request body or a response."""
    schema: Schema | None = ((part or {}).get("content") or {}).get("application/json", {}).get("schema")
    return schema


def success(operation: Operation, spec: str | None = None) -> tuple[int, Schema | None]:
    """Return the status and schema of a successful response; 204 if the document describes none."""
    responses = (documented(operation, spec) or {}).get("responses", {})
    for status, response in sorted(responses.items()):
        if status.startswith("2"):
            return int(status), schema_of(response)
    return 204, None


def merged(schema: Schema) -> Schema:
    """Return a schema with its ``allOf`` parts merged into it."""
    result = dict(schema)
    for part in schema.get("allOf", ()):
        inner = merged(part)
        result["type"] = inner.get("type", result.get("type"))
        result["properties"] = {**inner.get("properties", {}), **result.get("properties", {})}
        result["required"] = [*inner.get("required", ()), *result.get("required", ())]
    return result


def example_response(schema: Schema | None, *, complete: bool) -> Any:
    """Return a response that the schema allows: with every field, or with the required fields only."""
    if schema is None:
        return None
    response = example({**schema, "nullable": False}, complete=complete)
    return {} if response is None else response


def example(schema: Schema, *, complete: bool) -> Any:
    """Return a value that the schema allows, with every field or with the required fields only."""
    schema = merged(schema)
    if not complete and schema.get("nullable"):
        return None
    kind = schema.get("type") or ("object" if "properties" in schema else None)
    if kind == "object":
        required = schema.get("required", ())
        return {
            name: example(field, complete=complete)
            for name, field in schema.get("properties", {}).items()
            if complete or name in required
        }
    if kind == "array":
        return [example(schema.get("items", {}), complete=complete)] if complete else []
    return _scalar(schema, kind)


def _scalar(schema: Schema, kind: str | None) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    documented_example = schema.get("example")
    match kind:
        case "string":
            if schema.get("format") in {"date", "date-time"} and not _is_datetime(documented_example):
                return "2026-04-22 12:00:46.444265"
            return documented_example if isinstance(documented_example, str) and documented_example else "text"
        case "integer":
            return documented_example if type(documented_example) is int else schema.get("minimum", 1)
        case "number":
            return documented_example if type(documented_example) in {int, float} else 1.5
        case "boolean":
            return documented_example if type(documented_example) is bool else True
        case _:
            return documented_example


def _is_datetime(value: Any) -> bool:
    return isinstance(value, str) and value[:4].isdigit()


def fields_of(schema: Schema) -> Mapping[str, Schema]:
    """Return the documented fields of an object."""
    fields: Mapping[str, Schema] = merged(schema).get("properties", {})
    return fields


def request_fields(operation: Operation, spec: str | None = None) -> Iterator[str]:
    """Yield the fields that a request can have, by the operation's own document unless ``spec`` names another."""
    schema = schema_of((documented(operation, spec) or {}).get("requestBody"))
    yield from fields_of(schema or {})


def query_names(operation: Operation, spec: str | None = None) -> set[str]:
    """Return the query parameters, by the operation's own document unless ``spec`` names another."""
    parameters = (documented(operation, spec) or {}).get("parameters", ())
    return {parameter["name"] for parameter in parameters if parameter["in"] == "query"}


OPERATION_IDS: Final = sorted(OPERATIONS)
"""All operations, for parametrised tests."""
