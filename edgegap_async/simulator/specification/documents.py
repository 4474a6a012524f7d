"""Reads the three documents of the service and gives the schemas of an operation as JSON Schema.

The documents are OpenAPI 3.0: each ``$ref`` is replaced by its target, and ``nullable``, which JSON Schema does not
have, becomes the type ``null`` beside the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final, TypeAlias, cast

from edgegap_async.json_codec import loads
from edgegap_async.operations import Operation, Spec

Schema: TypeAlias = dict[str, Any]

_FILES: Final[Mapping[Spec, str]] = {"v1": "v1.json", "v2": "v2.json", "v1-legacy": "v1-2024.json"}
_PREFIXES: Final[Mapping[Spec, str]] = {"v1": "", "v2": "/v2", "v1-legacy": ""}
"""The start of the path that a document's own paths omit."""


def _nameless(path: str) -> str:
    """Return a path without the names of its parameters, which differ between the documents."""
    return re.sub(r"{[^}]*}", "{}", path)


class Document:
    """An OpenAPI document."""

    def __init__(self, content: Schema, prefix: str = "") -> None:
        self._content = content
        self._paths: dict[str, Schema] = {_nameless(prefix + path): item for path, item in content["paths"].items()}

    def find(self, operation: Operation) -> Schema | None:
        """Return the document's description of an operation; None if it does not list the operation."""
        item = self._paths.get(_nameless(operation.path), {})
        description: Schema | None = item.get(operation.method.lower())
        return description

    def request_schema(self, operation: Operation) -> Schema | None:
        """Return the schema of an operation's JSON request body; None without one."""
        description = self.find(operation) or {}
        return self._json(description.get("requestBody"))

    def response_schema(self, operation: Operation, status: int) -> Schema | None:
        """Return the schema of an operation's JSON response with a status; None without one."""
        description = self.find(operation) or {}
        return self._json(description.get("responses", {}).get(str(status)))

    def query_schemas(self, operation: Operation) -> dict[str, Schema]:
        """Return the schemas of an operation's query parameters, by name."""
        description = self.find(operation) or {}
        return {
            parameter["name"]: self._plain(parameter["schema"])
            for parameter in description.get("parameters", ())
            if parameter["in"] == "query"
        }

    def _json(self, part: Schema | None) -> Schema | None:
        if part is None or "content" not in part:
            return None
        return self._plain(part["content"]["application/json"]["schema"])

    def _plain(self, schema: Schema, inside: tuple[str, ...] = ()) -> Schema:
        reference = schema.get("$ref")
        if reference is not None:
            if reference in inside:  # a recursive schema: validated one level deep
                return {}
            target: Any = self._content
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]
            return self._plain(target, (*inside, reference))
        plain: Schema = {
            keyword: self._keyword(keyword, value, inside)
            for keyword, value in schema.items()
            # an example is no constraint, and the service's dates do not match `format`
            if keyword not in {"example", "format", "nullable"}
        }
        return _nullable(plain) if schema.get("nullable") else plain

    def _keyword(self, keyword: str, value: Any, inside: tuple[str, ...]) -> Any:
        if keyword == "properties":
            return {name: self._plain(schema, inside) for name, schema in value.items()}
        if keyword in {"items", "additionalProperties"}:
            return value if isinstance(value, bool) else self._plain(value, inside)
        if keyword in {"allOf", "anyOf", "oneOf"}:
            return [self._plain(schema, inside) for schema in value]
        return value


def _nullable(schema: Schema) -> Schema:
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    wider = schema | {"type": [schema["type"], "null"]}
    return wider | {"enum": [*schema["enum"], None]} if "enum" in schema else wider


def _read(spec: Spec) -> Document:
    # the full name: an editable install and a zip both find it
    folder = resources.files("edgegap_async.simulator.specification")
    content = cast("Schema", loads(folder.joinpath(_FILES[spec]).read_bytes()))
    components = content["components"]["schemas"].get("MatchmakerComponentListResponse")
    if components is not None:  # the document describes the list as a single component
        components["properties"]["data"] = {"type": "array", "items": components["properties"]["data"]}
    pagination = content["components"]["schemas"].get("Pagination")
    if pagination is not None:  # the document's introduction says "number or null", its schema says "number"
        for name in ("next_page_number", "previous_page_number"):
            pagination["properties"][name]["nullable"] = True
    return Document(content, _PREFIXES[spec])


DOCUMENTS: Final[Mapping[Spec, Document]] = {spec: _read(spec) for spec in _FILES}
"""The documents, read on import: reading them later would block a running event loop."""
