"""Where the documents are wrong, or lack what the provider's other pages of the API describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from edgegap_async.operations import Spec

_TEXT_OR_NULL: Final = {"type": "string", "nullable": True}

_OVERRIDES: Final = {"command": _TEXT_OR_NULL, "arguments": _TEXT_OR_NULL}
"""On three pages of the API; the newest document has them for a deployment only."""

_KIND: Final = {"kind": {"anyOf": [{"type": "integer"}, {"type": "string", "enum": ["session", "non-session"]}]}}
"""On the page of June 2025, which shows a number and describes words."""


def correct(spec: Spec, content: dict[str, Any]) -> None:
    """Correct a document in place."""
    if spec in _CORRECTIONS:
        _CORRECTIONS[spec](content)


def _correct_legacy(content: dict[str, Any]) -> None:
    # the document describes the list as a single component
    components = content["components"]["schemas"]["MatchmakerComponentListResponse"]["properties"]
    components["data"] = {"type": "array", "items": components["data"]}
    # its introduction says "number or null", its schema says "number"
    pagination = content["components"]["schemas"]["Pagination"]["properties"]
    for name in ("next_page_number", "previous_page_number"):
        pagination[name]["nullable"] = True


def _correct_v1(content: dict[str, Any]) -> None:
    paths = content["paths"]
    version = _fields(paths["/v1/app/{app_name}/version"]["post"])
    version |= _OVERRIDES | _KIND
    changes = _fields(paths["/v1/app/{app_name}/version/{version_name}"]["patch"])
    changes |= _OVERRIDES
    changes["max_duration"]["nullable"] = True
    # the document of 2024 requires no name: the storage is then that of the version
    _fields(paths["/v1/deploy"]["post"])["container_log_storage"]["required"] = ["enabled"]


def _fields(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an operation's request body."""
    fields: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
    return fields


_CORRECTIONS: Final[Mapping[Spec, Callable[[dict[str, Any]], None]]] = {"v1": _correct_v1, "v1-legacy": _correct_legacy}
