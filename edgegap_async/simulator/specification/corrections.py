"""Where the documents are wrong, or lack what the provider's other pages of the API describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from edgegap_async.operations import Spec


def correct(spec: Spec, content: dict[str, Any]) -> None:
    """Correct a document in place."""
    if spec in _CORRECTIONS:
        _CORRECTIONS[spec](content)


def _correct_legacy(content: dict[str, Any]) -> None:
    # the document describes the list as a single component
    components = content["components"]["schemas"]["MatchmakerComponentListResponse"]["properties"]
    components["data"] = {"type": "array", "items": components["data"]}


def _correct_v1(content: dict[str, Any]) -> None:
    # the document of 2024 requires no name: the storage is then that of the version
    _fields(content["paths"]["/v1/deploy"]["post"])["container_log_storage"]["required"] = ["enabled"]


def _fields(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an operation's request body."""
    fields: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
    return fields


_CORRECTIONS: Final[Mapping[Spec, Callable[[dict[str, Any]], None]]] = {"v1": _correct_v1, "v1-legacy": _correct_legacy}
