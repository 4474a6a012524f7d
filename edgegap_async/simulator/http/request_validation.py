"""Validates requests against the specification: the body, and the query parameters with their types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from edgegap_async.json_codec import loads
from edgegap_async.operations import Operation
from edgegap_async.simulator.domain.deployment import PlannedFailure
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.http.messages import IncomingRequest, ValidatedRequest
from edgegap_async.simulator.specification import Violation, query_validators, request_validator, violations


def validate_request(incoming: IncomingRequest, planned_failure: PlannedFailure | None = None) -> ValidatedRequest:
    """Return a request with its body decoded and its query parameters converted.

    Raises:
        Rejection: The body or a query parameter violates the specification (400).
    """
    operation = incoming.operation
    return ValidatedRequest(
        operation=operation,
        path=incoming.path,
        query=_parse_query(operation, incoming.query),
        body=_parse_body(operation, incoming.content),
        authorization=incoming.authorization,
        remote_address=incoming.remote_address,
        host=incoming.host,
        planned_failure=planned_failure,
    )


def _parse_body(operation: Operation, content: bytes) -> Any:
    validator = request_validator(operation.operation_id)
    if validator is None:
        return None
    if not content:
        raise Rejection(400, "a JSON body is required")
    try:
        body = loads(content)
    except ValueError:
        raise Rejection(400, "the body is not valid JSON") from None
    _reject_violations(operation, list(violations(validator, body)))
    return body


def _parse_query(operation: Operation, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters that the operation has, converted; unknown parameters are ignored."""
    parameters: dict[str, Any] = {}
    found: list[Violation] = []
    for name, validator in query_validators(operation.operation_id).items():
        if name in query:
            parameters[name] = _converted(query[name], _type_of(validator.schema))
            found += [Violation(name, each.message) for each in violations(validator, parameters[name])]
    _reject_violations(operation, found)
    return parameters


def _reject_violations(operation: Operation, found: list[Violation]) -> None:
    if found:
        details = {each.field: each.message for each in found if each.field}
        raise Rejection(400, str(found[0]), details if operation.spec == "v2" else None)


_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False}


def _converted(value: str, type_name: str) -> str | int | bool:
    """Return a parameter as its type; a value that cannot be converted stays a string and fails validation."""
    if type_name == "integer" and re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        return int(value)
    if type_name == "boolean":
        return _FLAGS.get(value.lower(), value)
    return value


def _type_of(schema: Mapping[str, Any] | bool) -> Any:
    return "string" if isinstance(schema, bool) else schema.get("type", "string")
