"""Checks a value against the specification and says what is wrong with it, naming the field."""

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
class Complaint:
    """One thing wrong: the field it is about, as ``users[0].user_type``, and a sentence.

    The sentence never quotes the value: it may be somebody's secret.
    """

    field: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.field}: {self.sentence}" if self.field else self.sentence


@functools.cache
def request_validator(operation_id: str) -> Validator | None:
    """The validator of an operation's request body; None for an operation that takes none.

    Fields that only the document of 2024 has are still checked where they are sent.
    """
    operation = OPERATIONS[operation_id]
    schema = DOCUMENTS[operation.spec].body(operation)
    if schema is None:
        return None
    older = DOCUMENTS["v1-legacy"].body(operation) or {}
    fields: dict[str, Schema] = older.get("properties", {}) | schema.get("properties", {})
    return Draft202012Validator(schema | {"properties": fields})


@functools.cache
def response_validator(operation_id: str, status: int) -> Validator | None:
    """The validator of what an operation answers with a status; None where no JSON is described."""
    operation = OPERATIONS[operation_id]
    schema = DOCUMENTS[operation.spec].answer(operation, status)
    return None if schema is None else Draft202012Validator(schema)


_PAGES: Final[Mapping[str, Schema]] = {name: {"type": "integer", "minimum": 1} for name in ("page", "limit")}
"""What every list takes: where an answer is paged, some documents forget to say by what."""


@functools.cache
def query_parameters(operation_id: str) -> Mapping[str, Validator]:
    """The validators of an operation's query parameters, by name."""
    operation = OPERATIONS[operation_id]
    schemas = DOCUMENTS[operation.spec].query(operation)
    if operation.items_key is not None:
        # and where they do say, some forget that there is no page before the first
        schemas |= {name: {**rule, **schemas.get(name, {})} for name, rule in _PAGES.items()}
    return MappingProxyType({name: Draft202012Validator(schema) for name, schema in schemas.items()})


def complaints(validator: Validator, value: Any) -> Iterator[Complaint]:
    """Everything that is wrong with a value."""
    for error in validator.iter_errors(value):
        yield _complaint(error)


def _complaint(error: ValidationError) -> Complaint:
    field = ""
    for step in error.absolute_path:
        field += f"[{step}]" if isinstance(step, int) else f".{step}" if field else step
    rule, wanted, value = str(error.validator), _any(error.validator_value), _any(error.instance)
    if rule == "required":
        missing = next(name for name in wanted if name not in value)
        return Complaint(f"{field}.{missing}" if field else missing, "this field is required")
    sentence = _SENTENCES.get(rule)
    return Complaint(field, sentence(wanted) if sentence else f"this breaks the rule {rule}")


def _any(value: Any) -> Any:
    """A value that the library describes more loosely than it is."""
    return value


def _types(wanted: Any) -> str:
    return wanted if isinstance(wanted, str) else " or ".join(wanted)


_SENTENCES: Final[Mapping[str, Callable[[Any], str]]] = {
    "type": lambda wanted: f"this must be of type {_types(wanted)}",
    "enum": lambda wanted: f"this must be one of {', '.join(map(str, wanted))}",
    "minimum": lambda wanted: f"this must be at least {wanted}",
    "maximum": lambda wanted: f"this must be at most {wanted}",
    "minLength": lambda wanted: f"this must have at least {wanted} characters",
    "maxLength": lambda wanted: f"this must have at most {wanted} characters",
    "minItems": lambda wanted: f"this must hold at least {wanted} items",
    "maxItems": lambda wanted: f"this must hold at most {wanted} items",
    "uniqueItems": lambda _: "this must not hold one item twice",
}
