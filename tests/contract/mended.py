"""The documents as files that programs of others read right: with what they break themselves mended."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from documents import _DOCUMENTS, _FILES, _nameless

from edgegap_async.operations import OPERATIONS

_REFUSAL: Final = {"description": "refused", "content": {"application/json": {"schema": {"required": ["message"]}}}}


def written(spec: str, folder: Path, only: Collection[str] | None = None) -> Path:
    """Write a document into a folder; ``only`` has the operations to keep, None keeps all."""
    document = copy.deepcopy(_DOCUMENTS[spec])
    rows = [OPERATIONS[each] for each in (OPERATIONS if only is None else only)]
    kept = {(_nameless(row.path), row.method.lower()) for row in rows}
    paths: dict[str, dict[str, Any]] = {}
    for path, item in document["paths"].items():
        whole = _FILES[spec][1] + path  # programs route by the paths, not by the servers before them
        # to them a parameter is one segment, and an image's name is two
        divided = whole.replace("{image_name}", "{image_owner}/{image_name}")
        for method, operation in item.items():
            if (_nameless(whole), method) in kept:
                paths.setdefault(divided, {})[method] = operation
                _mend_operation(operation)
    document["paths"] = paths
    document["servers"] = [{"url": "http://127.0.0.1"}]
    _mend(document)
    components = document["components"]["schemas"].get("MatchmakerComponentListResponse")
    if components is not None:  # a list by its name and its count, and one component by its schema
        components["properties"]["data"] = {"type": "array", "items": components["properties"]["data"]}
    file = folder / f"{spec}.json"
    file.write_text(json.dumps(document))
    return file


def _mend_operation(operation: dict[str, Any]) -> None:
    # some forget to say that a token may be wrong, and a body too
    operation["responses"].setdefault("401", _REFUSAL)
    if "requestBody" in operation:
        operation["responses"].setdefault("400", _REFUSAL)
    parameters = operation["parameters"]
    parameters += [each | {"name": "image_owner"} for each in parameters if each["name"] == "image_name"]


def _mend(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("format") in {"date", "date-time"}:
            del part["format"]  # the service's own form is another
        if part.get("in") == "path" and part.get("example") == "":
            del part["example"]  # a path without its parameter is another path
        least = part.get("minimum")
        for name in ("example", "default"):
            if isinstance(least, (int, float)) and isinstance(part.get(name), (int, float)) and part[name] < least:
                del part[name]
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _mend(inner)
