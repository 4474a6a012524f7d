"""The provider's pages: their sections, the fields and limits that a section states, and its example payloads.

Each file in ``pages/`` is a page as data: its headings, the rules of its fields, its statuses and its examples, none of
its prose. The newest document of v1 is in the package; its file lists only its operations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
from documents import Schema, documented, example, fields_of, merged, schema_of

from edgegap_async.operations import OPERATIONS

_FOLDER: Final = Path(__file__).with_name("pages")

PAGES: Final = ("v1-2024", "dedicated-servers", "integration", "versioning", "v1-2026")
"""The pages: that of the v1 API in 2024, two of the API reference of 2025, the French one of 2025, and v1 of 2026."""

SPECIFICATIONS: Final = {"v1-2026": "v1", "v2-2026": "v2", "v1-2024": "v1-legacy"}
"""The specifications, with the name of their document; that of v2 belongs to no page."""


@attrs.frozen(kw_only=True)
class PageSection:
    """An operation as a page describes it.

    Attributes:
        page: The page's name.
        heading: The section's heading, which is no sentence of the provider's; without one, its method and path.
        operation: The operation's id.
        fields: The rules of each field of the body, the query and the headers.
        statuses: The statuses that the section lists; empty if it lists none.
        request: The example of a request body.
        response: The example of a response.
        elided: The containers of the examples whose contents the page leaves out.
    """

    page: str
    heading: str
    operation: str
    fields: Mapping[str, Schema] = attrs.field(factory=dict[str, Schema])
    statuses: tuple[int, ...] = attrs.field(default=(), converter=tuple)
    request: Any = None
    response: Any = None
    request_is_composed: bool = False
    elided: Mapping[str, list[str]] = attrs.field(factory=dict[str, list[str]])


def _sections() -> Iterator[PageSection]:
    for page in PAGES:
        for row in json.loads((_FOLDER / f"{page}.json").read_text()):
            described = _of_specification(row["operation"]) if page == "v1-2026" else {}
            yield PageSection(page=page, **row, **described)


def _of_specification(operation_id: str) -> dict[str, Any]:
    described = documented(OPERATIONS[operation_id], "v1") or {}
    # the package's copy has fields of 2024 too, which the page has not
    body = fields_of(schema_of(described.get("requestBody")) or {})
    required = merged(schema_of(described.get("requestBody")) or {}).get("required", ())
    return {
        "fields": {name: rules_of(field, name in required) for name, field in body.items()},
        "statuses": tuple(map(int, described.get("responses", ()))),
    }


_KEYWORDS: Final = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "minimum": "minimum",
    "maximum": "maximum",
    "enum": "enum",
    "default": "default",
    "nullable": "nullable",
    "minItems": "min_items",
}


def rules_of(field: Schema, required: bool) -> dict[str, Any]:
    """Return the rules that a schema states for a field."""
    rules = {name: field[keyword] for keyword, name in _KEYWORDS.items() if keyword in field}
    return rules | {"required": True} if required else rules


SECTIONS: Final = tuple(_sections())
"""The operations of all pages."""


@attrs.frozen(kw_only=True)
class ExamplePayload:
    """An example of a request body or a response.

    Attributes:
        source: The page or the specification.
        operation: The operation's id.
        payload: The example.
        written: Whether it is in the source as it is; else it is made of the examples of its fields.
    """

    source: str
    operation: str
    payload: Any
    written: bool = True

    @property
    def key(self) -> str:
        """What identifies it in the data and in a test's id."""
        return f"{self.source}/{self.operation}"


def _of_pages(kind: str) -> Iterator[ExamplePayload]:
    for section in SECTIONS:
        payload = getattr(section, kind)
        if payload is not None:
            written = not (kind == "request" and section.request_is_composed)
            yield ExamplePayload(
                source=f"page-{section.page}", operation=section.operation, payload=payload, written=written
            )


def _of_specifications(kind: str) -> Iterator[ExamplePayload]:
    for source, spec in SPECIFICATIONS.items():
        for operation in OPERATIONS.values():
            described = _described(operation.operation_id, spec)
            if described is None:
                continue
            part = described.get("requestBody") if kind == "request" else _success(described)
            media = ((part or {}).get("content") or {}).get("application/json")
            if not media:
                continue
            payload, written = _payload(media, spec)
            if payload not in (None, {}):
                yield ExamplePayload(source=source, operation=operation.operation_id, payload=payload, written=written)


def _described(operation_id: str, spec: str) -> Schema | None:
    operation = OPERATIONS[operation_id]
    if spec == "v2" and operation.spec != "v2":
        return None
    return documented(operation, spec)


def _success(described: Schema) -> Schema | None:
    for status, response in sorted(described.get("responses", {}).items()):
        if status.startswith("2") and "content" in response:
            found: Schema = response
            return found
    return None


def _payload(media: Schema, spec: str) -> tuple[Any, bool]:
    if "example" in media:
        return media["example"], True
    schema = media.get("schema", {})
    if "example" in schema:
        return schema["example"], True
    composed = example({**schema, "nullable": False}, complete=True) if schema else None
    return composed, False


RESPONSES: Final = (*_of_pages("response"), *_of_specifications("response"))
"""The examples of responses."""

REQUESTS: Final = (*_of_pages("request"), *_of_specifications("request"))
"""The examples of request bodies."""

_WRITTEN: Final = {
    kind: {example.operation: example.payload for example in examples if example.source == "v1-2024"}
    for kind, examples in (("request", REQUESTS), ("response", RESPONSES))
}
"""The examples of the document of 2024."""


def completed(example: ExamplePayload, kind: str) -> Any:
    """Return an example of the page of 2024 with the contents that it leaves out, from the document of 2024."""
    whole = _WRITTEN[kind].get(example.operation)
    if example.source != "page-v1-2024" or whole is None:
        return example.payload
    return {name: whole[name] if value in ([], {}) else value for name, value in example.payload.items()}
