"""Lets a request in, step by step: who it is from, whether it is valid, what handles it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

from edgegap_async.codec import loads
from edgegap_async.operations import Operation
from edgegap_async.simulator.domain.deployment import PlannedFailure
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.table import AUTHORISE_THEMSELVES, HANDLERS
from edgegap_async.simulator.http.messages import IncomingRequest, Reply, ValidatedRequest
from edgegap_async.simulator.specification import Complaint, complaints, query_parameters, request_validator


def authorise(letter: IncomingRequest, token: str) -> None:
    """Raise ``Rejection`` unless the request has the organisation's token, or is one that needs none."""
    if letter.operation.operation_id in AUTHORISE_THEMSELVES:
        return
    if not hmac.compare_digest((letter.authorization or "").encode(), f"token {token}".encode()):
        raise Rejection(401, "the Authorization header must hold the word token and a valid token")


def handle(world: World, letter: IncomingRequest, doom: PlannedFailure | None = None) -> Reply:
    """Validate a request and do what it asks; raises ``Rejection``."""
    operation = letter.operation
    return HANDLERS[operation.operation_id](
        world,
        ValidatedRequest(
            operation=operation,
            path=letter.path,
            query=_read_query(operation, letter.query),
            body=_read_body(operation, letter.content),
            authorization=letter.authorization,
            sender=letter.sender,
            host=letter.host,
            planned_failure=doom,
        ),
    )


def parsed(content: bytes) -> Any:
    """A body as JSON, or None for one that is not."""
    try:
        return loads(content)
    except ValueError:
        return None


def _read_body(operation: Operation, content: bytes) -> Any:
    validator = request_validator(operation.operation_id)
    if validator is None:
        return None
    if not content:
        raise Rejection(400, "a JSON body is required")
    try:
        body = loads(content)
    except ValueError:
        raise Rejection(400, "the body is not valid JSON") from None
    _refuse(operation, list(complaints(validator, body)))
    return body


def _read_query(operation: Operation, query: Mapping[str, str]) -> dict[str, Any]:
    """The parameters the operation knows, as the types it wants; others are not looked at."""
    read: dict[str, Any] = {}
    found: list[Complaint] = []
    for name, validator in query_parameters(operation.operation_id).items():
        if name in query:
            read[name] = _typed(query[name])[_type_of(validator.schema)]
            found += [Complaint(name, each.sentence) for each in complaints(validator, read[name])]
    _refuse(operation, found)
    return read


def _refuse(operation: Operation, found: list[Complaint]) -> None:
    if found:
        details = {each.field: each.sentence for each in found if each.field}
        raise Rejection(400, str(found[0]), details if operation.spec == "v2" else None)


_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False}


def _typed(text: str) -> Mapping[str, Any]:
    """A text by the type it is wanted as; where it is no such thing it stays a text, and is complained of."""
    return {
        "string": text,
        "integer": int(text) if re.fullmatch(r"-?\d{1,18}", text, re.ASCII) else text,
        "boolean": _FLAGS.get(text.lower(), text),
    }


def _type_of(schema: Mapping[str, Any] | bool) -> str:
    wanted = "string" if isinstance(schema, bool) else schema.get("type", "string")
    return wanted if wanted in {"integer", "boolean"} else "string"
