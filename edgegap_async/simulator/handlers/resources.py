"""The operations that are the same for every resource type: create, link, get, update, delete, list."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, cast

from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.resource_types import RESOURCE_TYPES, ResourceRecord, ResourceType, ResourceVerb
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.documented_replies import documented_rejection, documented_reply
from edgegap_async.simulator.handlers.pages import documented_list
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest
from edgegap_async.simulator.specification import request_fields, response_fields, success_status

ResourceHandler: TypeAlias = Callable[[World, ValidatedRequest], Reply]


def serialize(resource: ResourceType, world: World, record: ResourceRecord) -> dict[str, Any]:
    """Return a record as a JSON object.

    Args:
        resource: The record's type.
        world: The state of the local Edgegap.
        record: The record.
    """
    fields = {name: value for name, value in record.fields.items() if name not in resource.hidden}
    fields |= {name: compute(record, world.clock()) for name, compute in resource.computed.items()}
    if resource.dates is not None:
        created, updated = resource.dates
        fields |= {
            created: world.calendar.timestamp(record.created_at),
            updated: world.calendar.timestamp(record.updated_at),
        }
    return fields


def _create(resource: ResourceType, world: World, request: ValidatedRequest) -> Reply:
    _require_parents(resource, world, request)
    fields = {**resource.defaults, **_known_fields(request)}
    resource.check(fields, world.registry)
    if resource.number is not None:
        name = fields[resource.number] = world.store.next_number()
    else:
        name = _free_name(resource, world, request, fields)
    record = world.store.add(resource, {**request.path, resource.path[-1]: name}, fields)
    return _reply(resource, world, request, record)


def _link(resource: ResourceType, world: World, request: ValidatedRequest) -> Reply:
    _require_parents(resource, world, request)
    record = world.store.find(resource, request.path) or world.store.add(resource, request.path, {})
    return _reply(resource, world, request, record)


def _get(resource: ResourceType, world: World, request: ValidatedRequest) -> Reply:
    return _reply(resource, world, request, _find(resource, world, request))


def _update(resource: ResourceType, world: World, request: ValidatedRequest) -> Reply:
    record, fields = _find(resource, world, request), _known_fields(request)
    resource.check({**record.fields, **fields}, world.registry)
    if resource.key in fields and fields[resource.key] != record.path[resource.path[-1]]:
        world.store.rename(resource, record, _free_name(resource, world, request, fields))
    world.store.update(record, fields)
    return _reply(resource, world, request, record)


def _delete(resource: ResourceType, world: World, request: ValidatedRequest) -> Reply:
    record = _find(resource, world, request)
    world.store.remove(resource, request.path)
    message = f"{resource.name} {request.path[resource.path[-1]]} was deleted"
    return _reply(resource, world, request, record, message)


def _list(resource: ResourceType, world: World, request: ValidatedRequest) -> Reply:
    _require_parents(resource, world, request)
    records = world.store.list_under(resource, request.path)
    return documented_list(world, request, records, functools.partial(serialize, resource, world))


def _known_fields(request: ValidatedRequest) -> dict[str, Any]:
    """Return the fields of a body that its document describes. Others are accepted and ignored."""
    body: Any = request.body
    if not isinstance(body, dict):
        raise Rejection(400, "this must be of type object")
    known = request_fields(request.operation.operation_id)
    fields = cast("dict[str, Any]", body)
    return {name: value for name, value in fields.items() if name in known}


def _require_parents(resource: ResourceType, world: World, request: ValidatedRequest) -> None:
    for parent in resource.parents:
        _require(parent, world, request)


def _require(resource: ResourceType, world: World, request: ValidatedRequest) -> None:
    missing = world.store.missing(resource, request.path)
    if missing is not None:
        raise documented_rejection(request, 404, f"{missing[0]} {missing[1]!r} does not exist")


def _find(resource: ResourceType, world: World, request: ValidatedRequest) -> ResourceRecord:
    _require(resource, world, request)
    record = world.store.find(resource, request.path)
    assert record is not None  # noqa: S101 - _require has raised otherwise
    return record


def _free_name(resource: ResourceType, world: World, request: ValidatedRequest, fields: Mapping[str, Any]) -> str:
    assert resource.key is not None  # noqa: S101 - every resource with a body and no number has a key
    name = str(fields[resource.key])
    if not name:
        raise Rejection(400, f"{resource.key}: this must have at least 1 character")
    if world.store.find(resource, {**request.path, resource.path[-1]: name}) is not None:
        raise documented_rejection(request, 409, f"{resource.key}: {resource.name} {name!r} already exists")
    return name


def _reply(
    resource: ResourceType, world: World, request: ValidatedRequest, record: ResourceRecord, message: str = ""
) -> Reply:
    """Return a reply with the record, or with a message if there is one and the document has no wrapper here."""
    operation_id = request.operation.operation_id
    fields, described = serialize(resource, world, record), response_fields(operation_id)
    if resource.wrapper is not None and resource.wrapper in described:
        fields = {"success": True, resource.wrapper: fields}
    elif message:
        confirmation = {"success": True, "message": message}
        fields = {name: value for name, value in confirmation.items() if name in described}
    return documented_reply(request, fields, success_status(operation_id))


_VERBS: Final[Mapping[ResourceVerb, Callable[[ResourceType, World, ValidatedRequest], Reply]]] = {
    "create": _create,
    "link": _link,
    "get": _get,
    "update": _update,
    "delete": _delete,
    "list": _list,
}


def resource_handlers(resource_types: Iterable[ResourceType]) -> dict[str, ResourceHandler]:
    """Return a handler for each operation of some resource types, by operation id."""
    return {
        operation_id: functools.partial(_VERBS[verb], resource)
        for resource in resource_types
        for verb, operation_id in resource.operations.items()
    }


RESOURCE_HANDLERS: Final[Mapping[str, ResourceHandler]] = resource_handlers(RESOURCE_TYPES)
