"""Lets a request in, step by step: who it is from, whether it is valid, what handles it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from edgegap_async.codec import loads
from edgegap_async.operations import Operation
from edgegap_async.simulator.exchange import Answer, Call, Doom, Refusal
from edgegap_async.simulator.handlers import AUTHORISE_THEMSELVES, HANDLERS
from edgegap_async.simulator.specification import Complaint, complaints, query_parameters, request_validator
from edgegap_async.simulator.world import World


@attrs.frozen(kw_only=True)
class Letter:
    """A request as it came, with the operation it is for."""

    operation: Operation
    path: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes
    authorization: str | None
    sender: str
    host: str


def authorise(letter: Letter, token: str) -> None:
    """Raise ``Refusal`` unless the request has the organisation's token, or is one that needs none."""
    if letter.operation.operation_id in AUTHORISE_THEMSELVES:
        return
    if not hmac.compare_digest((letter.authorization or "").encode(), f"token {token}".encode()):
        raise Refusal(401, "the Authorization header must hold the word token and a valid token")


def handle(world: World, letter: Letter, doom: Doom | None = None) -> Answer:
    """Validate a request and do what it asks; raises ``Refusal``."""
    operation = letter.operation
    return HANDLERS[operation.operation_id](
        world,
        Call(
            operation=operation,
            path=letter.path,
            query=_read_query(operation, letter.query),
            body=_read_body(operation, letter.content),
            authorization=letter.authorization,
            sender=letter.sender,
            host=letter.host,
            doom=doom,
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
        raise Refusal(400, "a JSON body is required")
    try:
        body = loads(content)
    except ValueError:
        raise Refusal(400, "the body is not valid JSON") from None
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
        raise Refusal(400, str(found[0]), details if operation.spec == "v2" else None)


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
