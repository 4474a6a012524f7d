"""Snapshots of deployments as messages: back to the JSON that they were decoded from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

import attrs

from edgegap_async.decoding.decoder import structure
from edgegap_async.errors import JSON
from edgegap_async.models.base import Model
from edgegap_async.models.deployments import Deployment, DeploymentRow, DeploymentSnapshot

_MODELS: Final[Mapping[str, type[DeploymentSnapshot]]] = {
    model.__name__: model for model in (Deployment, DeploymentRow)
}


def encode_snapshot(snapshot: DeploymentSnapshot) -> JSON:
    """Return a snapshot as JSON, with the name of its model."""
    return {"model": type(snapshot).__name__, "fields": _encode(snapshot)}


def decode_snapshot(value: JSON) -> DeploymentSnapshot:
    """Return the snapshot that ``encode_snapshot`` encoded.

    Raises:
        ValueError: It is none, for example one of a later version of this package.
        DecodeError: Its fields are not those of its model.
    """
    model = _MODELS.get(str(value.get("model"))) if isinstance(value, dict) else None
    if model is None or not isinstance(value, dict):
        raise ValueError("not a snapshot of a deployment")
    return structure(value.get("fields"), model, operation="a message of another process")


def _encode(value: object) -> JSON:
    match value:
        case Model():
            own = {field.name: _encode(getattr(value, field.name)) for field in attrs.fields(type(value))}
            del own[attrs.fields(Model).extra.name]
            return {**value.extra, **own}
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(key): _encode(item) for key, item in cast("Mapping[str, object]", value).items()}
        case tuple():
            return [_encode(item) for item in cast("tuple[object, ...]", value)]
        case str():
            return str(value)
        case _:
            return cast("JSON", value)
