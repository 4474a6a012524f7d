"""Snapshots of deployments as messages: back to the JSON that they were decoded from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

import attrs

from edgegap_async.coordination.messages import SnapshotShown
from edgegap_async.decoding.decoder import structure
from edgegap_async.errors import JSON
from edgegap_async.models.base import Model
from edgegap_async.models.deployments import Deployment, DeploymentRow, DeploymentSnapshot

_MODELS: Final[Mapping[str, type[DeploymentSnapshot]]] = {
    model.__name__: model for model in (Deployment, DeploymentRow)
}


def snapshot_message(id: str, term: int, snapshot: DeploymentSnapshot) -> SnapshotShown:
    """Return the message that shows a snapshot.

    Args:
        id: The id of the deployment.
        term: The term of the leader.
        snapshot: The snapshot.
    """
    return SnapshotShown(id=id, term=term, model=type(snapshot).__name__, fields=_encode(snapshot))


def snapshot_of(message: SnapshotShown) -> DeploymentSnapshot:
    """Return the snapshot that a message shows.

    Raises:
        ValueError: Its model is not known here.
        DecodeError: Its fields are not those of its model.
    """
    model = _MODELS.get(message.model)
    if model is None:
        raise ValueError(f"unknown model {message.model!r}")
    return structure(message.fields, model, operation="a message of another process")


def _encode(value: object) -> JSON:
    match value:
        case Model():
            fields = {field.name: _encode(getattr(value, field.name)) for field in attrs.fields(type(value))}
            del fields[attrs.fields(Model).extra.name]
            return {**value.extra, **fields}
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
