"""Validates values against the specification and describes the violations, with the field of each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator.specification.documents import DOCUMENTS, Schema


@attrs.frozen
class Violation:
    """A rule of the specification that a value violates.

    Its message never quotes the value, which may be a secret.
    """

    field: str
    """The path of the field, such as ``users[0].user_type``; empty for the whole value."""
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


@functools.cache
def request_validator(operation_id: str) -> Validator | None:
    """Return the validator of an operation's request body; None for an operation without one.

    Fields that only the document of 2024 describes are validated too, if they are sent.
    """
    operation = OPERATIONS[operation_id]
    schema = DOCUMENTS[operation.spec].request_schema(operation)
    if schema is None:
        return None
    legacy = DOCUMENTS["v1-legacy"].request_schema(operation) or {}
    fields: dict[str, Schema] = legacy.get("properties", {}) | schema.get("properties", {})
    return Draft202012Validator(schema | {"properties": fields})


@functools.cache
def response_validator(operation_id: str, status: int) -> Validator | None:
    """Return the validator of an operation's response with a status; None if the document describes no JSON."""
    operation = OPERATIONS[operation_id]
    schema = DOCUMENTS[operation.spec].response_schema(operation, status)
    return None if schema is None else Draft202012Validator(schema)


_PAGE_PARAMETERS: Final[Mapping[str, Schema]] = {name: {"type": "integer", "minimum": 1} for name in ("page", "limit")}
"""The parameters of every paged list; some documents omit them."""


@functools.cache
def query_validators(operation_id: str) -> Mapping[str, Validator]:
    """Return the validators of an operation's query parameters, by name."""
    operation = OPERATIONS[operation_id]
    schemas = DOCUMENTS["v1-legacy"].query_schemas(operation) | DOCUMENTS[operation.spec].query_schemas(operation)
    if operation.items_key is not None:
        # where a document has them, it may still omit the minimum of 1
        schemas |= {name: {**rule, **schemas.get(name, {})} for name, rule in _PAGE_PARAMETERS.items()}
    return MappingProxyType({name: Draft202012Validator(schema) for name, schema in schemas.items()})


def violations(validator: Validator, value: Any) -> Iterator[Violation]:
    """Yield each violation of a schema by a value."""
    for error in validator.iter_errors(value):
        yield _violation(error)


def _violation(error: ValidationError) -> Violation:
    field = ""
    for step in error.absolute_path:
        field += f"[{step}]" if isinstance(step, int) else f".{step}" if field else step
    rule, expected, value = str(error.validator), _any(error.validator_value), _any(error.instance)
    if rule == "required":
        missing = next(name for name in expected if name not in value)
        return Violation(f"{field}.{missing}" if field else missing, "this field is required")
    message = _MESSAGES.get(rule)
    return Violation(field, message(expected) if message else f"this violates the rule {rule}")


def _any(value: Any) -> Any:
    """Return a value that jsonschema types as ``object`` or ``Unset``."""
    return value


def _types(expected: Any) -> str:
    return expected if isinstance(expected, str) else " or ".join(expected)


_MESSAGES: Final[Mapping[str, Callable[[Any], str]]] = {
    "type": lambda expected: f"this must be of type {_types(expected)}",
    "enum": lambda expected: f"this must be one of {', '.join(map(str, expected))}",
    "minimum": lambda expected: f"this must be at least {expected}",
    "maximum": lambda expected: f"this must be at most {expected}",
    "minLength": lambda expected: f"this must have at least {expected} characters",
    "maxLength": lambda expected: f"this must have at most {expected} characters",
    "minItems": lambda expected: f"this must hold at least {expected} items",
    "maxItems": lambda expected: f"this must hold at most {expected} items",
    "uniqueItems": lambda _: "this must not hold an item twice",
}
"""The messages by rule of JSON Schema."""
