"""The documents as files for other programs (Prism, schemathesis), with their own mistakes corrected."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from documents import DOCUMENTS, FILES, NULL_UNTIL_READY, path_shape

from edgegap_async.operations import OPERATIONS

_REFUSAL: Final = {"description": "refused", "content": {"application/json": {"schema": {"required": ["message"]}}}}


def write_document(spec: str, folder: Path, only: Collection[str] | None = None) -> Path:
    """Write a document into a folder and return its path; ``only`` names the operations to keep, None keeps all."""
    document = copy.deepcopy(DOCUMENTS[spec])
    rows = [OPERATIONS[each] for each in (OPERATIONS if only is None else only)]
    kept = {(path_shape(row.path), row.method.lower()) for row in rows}
    paths: dict[str, dict[str, Any]] = {}
    for path, item in document["paths"].items():
        full_path = FILES[spec][1] + path  # the programs route by path and ignore the prefix of the server
        # the programs match a parameter with one segment, and an image's name here has two
        split_path = full_path.replace("{image_name}", "{image_owner}/{image_name}")
        for method, operation in item.items():
            if (path_shape(full_path), method) in kept:
                paths.setdefault(split_path, {})[method] = operation
                _correct_operation(operation)
    document["paths"] = paths
    document["servers"] = [{"url": "http://127.0.0.1"}]
    _correct(document)
    components = document["components"]["schemas"].get("MatchmakerComponentListResponse")
    if components is not None:  # its name and its count say list, its schema says one component
        components["properties"]["data"] = {"type": "array", "items": components["properties"]["data"]}
    pagination = document["components"]["schemas"].get("Pagination")
    if pagination is not None:  # the provider's page says "number or null"
        for name in ("next_page_number", "previous_page_number"):
            pagination["properties"][name]["nullable"] = True
    file = folder / f"{spec}.json"
    file.write_text(json.dumps(document))
    return file


def allow_null_until_ready(file: Path) -> None:
    """Change a document so that it describes deployments that are not READY, too, for programs that decode by it."""
    document = json.loads(file.read_text())
    _allow_null_until_ready(document)
    file.write_text(json.dumps(document))


def _allow_null_until_ready(part: Any) -> None:
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _allow_null_until_ready(inner)
    fields = part.get("properties", {}) if isinstance(part, dict) else {}
    if "fqdn" in fields:
        part.pop("nullable", None)  # the fields may be null, a deployment is never
        for name in NULL_UNTIL_READY & fields.keys():
            fields[name] = {"allOf": [fields[name]], "nullable": True}


def _correct_operation(operation: dict[str, Any]) -> None:
    # some documents omit the responses to a wrong token and to a wrong body
    operation["responses"].setdefault("401", _REFUSAL)
    if "requestBody" in operation:
        operation["responses"].setdefault("400", _REFUSAL)
    parameters = operation["parameters"]
    parameters += [each | {"name": "image_owner"} for each in parameters if each["name"] == "image_name"]


def _correct(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("format") in {"date", "date-time"}:
            del part["format"]  # the service's times have another format
        if part.get("in") == "path" and part.get("example") == "":
            del part["example"]  # without its parameter it is another path
        minimum = part.get("minimum")
        for name in ("example", "default"):
            if isinstance(minimum, (int, float)) and isinstance(part.get(name), (int, float)) and part[name] < minimum:
                del part[name]
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _correct(inner)
