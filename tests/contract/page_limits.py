"""The rules of the fields of requests, as the provider's pages and specifications state them: field by field."""

from __future__ import annotations

import copy
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
from documents import Schema, documented, fields_of, merged, schema_of
from page_bodies import readable, variants
from provider_pages import REQUESTS, SECTIONS, SPECIFICATIONS, rules_of

from edgegap_async.operations import OPERATIONS

Stated = Mapping[str, Any]
"""What each source states about one rule of one field."""


def _stated() -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the rules of all sources by operation, field and rule."""
    found: dict[tuple[str, str, str], dict[str, Any]] = defaultdict(dict)
    for section in SECTIONS:
        for field, rules in section.fields.items():
            if section.page != "v1-2026" and "in" not in rules:
                path = f"filters[].{field}" if field in _IN_FILTERS else field
                path = f"sessions[].{path}" if section.operation == "post-custom-sessions" else path
                for rule, value in rules.items():
                    found[section.operation, path, rule][f"page-{section.page}"] = value
    for source, spec in SPECIFICATIONS.items():
        for operation in OPERATIONS.values():
            if (spec == "v2") == (operation.spec == "v2"):
                schema = schema_of((documented(operation, spec) or {}).get("requestBody")) or {}
                for path, rule, value in _rules_of_schema(schema):
                    found[operation.operation_id, path, rule][source] = value
    return found


_IN_FILTERS: Final = ("field", "values", "filter_type")
"""Fields that the page of 2024 shows without the list that they are in."""


def _rules_of_schema(schema: Schema, where: str = "") -> Iterator[tuple[str, str, Any]]:
    schema = merged(schema)
    for name, field in fields_of(schema).items():
        path = f"{where}.{name}" if where else name
        for rule, value in rules_of(merged(field), name in schema.get("required", ())).items():
            yield path, rule, value
        if "items" in field:
            yield from _rules_of_schema(field["items"], f"{path}[]")
        yield from _rules_of_schema(field, path) if fields_of(field) else ()


STATED: Final = _stated()

NOTES: Final[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("pages").joinpath("limit-notes.toml").read_text())
"""Which of two sources was chosen, and what the client leaves to the service, each with the reason."""

CHOSEN: Final = {
    (operation, note["field"], note["rule"]): note for note in NOTES["choice"] for operation in note["operations"]
}


@attrs.frozen(kw_only=True)
class PageLimit:
    """A rule of a field.

    Attributes:
        operation: The operation's id.
        field: The path of the field, such as ``ports[].port``.
        rule: ``required``, ``minimum``, ``max_length`` ...
        value: The value of the rule.
    """

    operation: str
    field: str
    rule: str
    value: Any

    @property
    def key(self) -> str:
        """What identifies it in messages."""
        return f"{self.operation} {self.field} {self.rule}"


def _limits() -> Iterator[PageLimit]:
    for (operation, field, rule), sources in STATED.items():
        choice = CHOSEN.get((operation, field, rule))
        value = next(iter(sources.values())) if choice is None else choice.get("value")
        if value is not None:
            yield PageLimit(operation=operation, field=field, rule=rule, value=value)


LIMITS: Final = tuple(_limits())
"""The rules that hold."""


def limits_of(operation_id: str) -> list[PageLimit]:
    """Return the rules of an operation's request."""
    return [limit for limit in LIMITS if limit.operation == operation_id]


OPERATIONS_WITH_LIMITS: Final = sorted({limit.operation for limit in LIMITS})


def body_with(operation_id: str, field: str) -> dict[str, Any]:
    """Return an example of a request that has a field."""
    bodies = [
        body
        for example in REQUESTS
        if example.operation == operation_id
        for body in variants(operation_id, readable(example))
    ]
    for body in bodies:
        if [*_places(body, field)]:
            return copy.deepcopy(body)
    first, _, _ = field.partition(".")
    return copy.deepcopy({**bodies[-1], **NOTES["added"][first.removesuffix("[]")]})


def _places(value: Any, field: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the objects that have a field, with the field's name."""
    step, _, rest = field.partition(".")
    name = step.removesuffix("[]")
    if not isinstance(value, dict) or name not in value:
        return
    if not rest:
        yield value, name
        return
    for each in value[name] if step.endswith("[]") else [value[name]]:
        yield from _places(each, rest)


def without(body: dict[str, Any], field: str) -> dict[str, Any]:
    """Return a body without a field."""
    changed = copy.deepcopy(body)
    for holder, name in [*_places(changed, field)]:
        del holder[name]
    return changed


def with_value(body: dict[str, Any], field: str, value: Any) -> dict[str, Any]:
    """Return a body whose field has another value; it is added if the object around it is there."""
    changed = copy.deepcopy(body)
    around, _, name = field.rpartition(".")
    holders = [holder[last] for holder, last in _places(changed, around.removesuffix("[]"))] if around else [changed]
    for holder in holders:
        for each in holder if isinstance(holder, list) else [holder]:
            each[name] = value
    return changed


def invalid(limit: PageLimit, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return a body that violates a rule; None for a rule that cannot be violated."""
    match limit.rule, limit.value:
        case "required", _:
            return without(body, limit.field)
        case "minimum", float():
            return with_value(body, limit.field, limit.value / 2)
        case "minimum", _:
            return with_value(body, limit.field, limit.value - 1)
        case "maximum", _:
            return with_value(body, limit.field, limit.value + 1)
        case "min_length", _:
            return with_value(body, limit.field, "x" * (limit.value - 1))
        case "max_length", _:
            return with_value(body, limit.field, "x" * (limit.value + 1))
        case "min_items", _:
            return with_value(body, limit.field, [])
        case "enum", _:
            return with_value(body, limit.field, "other")
        case _:
            return None


def valid(limit: PageLimit, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield bodies at the bound of a rule."""
    match limit.rule, limit.value:
        case (("minimum" | "maximum"), _):
            yield with_value(body | NOTES["beside"].get(limit.field, {}), limit.field, limit.value)
        case (("min_length" | "max_length"), _):
            yield with_value(body, limit.field, "x" * limit.value)
        case "enum", _:
            for each in limit.value:
                yield with_value(body, limit.field, each)
        case "nullable", _:
            yield with_value(body, limit.field, None)
        case "default", _:
            yield without(body, limit.field)
