"""What can be done with every resource alike: create, get, list, update, delete."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.resource_types import RESOURCES, Record, Resource, Verb
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.pages import PageRequest
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest
from edgegap_async.simulator.specification import (
    conform,
    documented_statuses,
    request_fields,
    response_fields,
    success_status,
)


def refusal(call: ValidatedRequest, status: int, message: str) -> Rejection:
    """A refusal with a status where the operation's document has it, else with 400."""
    return Rejection(status if status in documented_statuses(call.operation.operation_id) else 400, message)


def listing(
    world: World, call: ValidatedRequest, rows: Sequence[Any], show: Callable[[Any], Any] = lambda row: row
) -> Reply:
    """A list's answer: the page asked for, or all of it where the document knows no pages."""
    operation = call.operation
    paged = operation.paged and operation.items_key is not None
    whole = PageRequest(size=max(len(rows), 1))
    page = (
        PageRequest.asked(call.query, world.max_page_size) if paged or call.query.keys() & {"page", "limit"} else whole
    )
    described = response_fields(operation.operation_id)
    items = [show(row) for row in rows[page.start : page.stop]]
    body = {operation.items_key or "data": items, "count": len(rows), **page.described(len(rows))}
    named = {name: value for name, value in body.items() if name in described}
    return Reply(200, conform(operation.operation_id, named))


def shown(world: World, resource: Resource, record: Record) -> dict[str, Any]:
    """A record as answers hold it."""
    fields = {name: value for name, value in record.fields.items() if name not in resource.hidden}
    fields |= {name: compute(record, world.clock()) for name, compute in resource.computed.items()}
    if resource.times is not None:
        created, updated = resource.times
        fields |= {
            created: world.calendar.timestamp(record.created_at),
            updated: world.calendar.timestamp(record.updated_at),
        }
    return fields


def _create(resource: Resource, world: World, call: ValidatedRequest) -> Reply:
    _check_parents(resource, world, call)
    fields = {**resource.defaults, **_given(call)}
    if resource.number is not None:
        name = fields[resource.number] = world.store.number()
    else:
        name = _free_name(resource, world, call, fields)
    record = world.store.add(resource, {**call.path, resource.path[-1]: name}, fields)
    return _answer(resource, world, call, record)


def _link(resource: Resource, world: World, call: ValidatedRequest) -> Reply:
    _check_parents(resource, world, call)
    record = world.store.find(resource, call.path) or world.store.add(resource, call.path, {})
    return _answer(resource, world, call, record)


def _get(resource: Resource, world: World, call: ValidatedRequest) -> Reply:
    return _answer(resource, world, call, _found(resource, world, call))


def _update(resource: Resource, world: World, call: ValidatedRequest) -> Reply:
    record, fields = _found(resource, world, call), _given(call)
    if resource.key in fields and fields[resource.key] != record.path[resource.path[-1]]:
        world.store.rename(resource, record, _free_name(resource, world, call, fields))
    world.store.change(record, fields)
    return _answer(resource, world, call, record)


def _delete(resource: Resource, world: World, call: ValidatedRequest) -> Reply:
    record = _found(resource, world, call)
    world.store.remove(resource, call.path)
    return _answer(resource, world, call, record, message=f"{resource.name} {call.path[resource.path[-1]]} was deleted")


def _list(resource: Resource, world: World, call: ValidatedRequest) -> Reply:
    _check_parents(resource, world, call)
    return listing(world, call, world.store.under(resource, call.path), functools.partial(shown, world, resource))


def _given(call: ValidatedRequest) -> dict[str, Any]:
    """The fields of a body that the service knows; others are let through and not kept."""
    body: Any = call.body
    if not isinstance(body, dict):
        raise Rejection(400, "this must be of type object")
    known = request_fields(call.operation.operation_id)
    fields = cast("dict[str, Any]", body)
    return {name: value for name, value in fields.items() if name in known}


def _check_parents(resource: Resource, world: World, call: ValidatedRequest) -> None:
    for parent in resource.parents:
        _check(parent, world, call)


def _check(resource: Resource, world: World, call: ValidatedRequest) -> None:
    missing = world.store.missing(resource, call.path)
    if missing is not None:
        raise refusal(call, 404, f"there is no {missing[0]} {missing[1]!r}")


def _found(resource: Resource, world: World, call: ValidatedRequest) -> Record:
    _check(resource, world, call)
    record = world.store.find(resource, call.path)
    assert record is not None  # noqa: S101 - it was looked for
    return record


def _free_name(resource: Resource, world: World, call: ValidatedRequest, fields: Mapping[str, Any]) -> str:
    assert resource.key is not None  # noqa: S101 - whoever has a body has a name
    name = str(fields[resource.key])
    if not name:
        raise Rejection(400, f"{resource.key}: this must have at least 1 character")
    if world.store.find(resource, {**call.path, resource.path[-1]: name}) is not None:
        raise refusal(call, 409, f"{resource.key}: there already is a {resource.name} {name!r}")
    return name


def _answer(resource: Resource, world: World, call: ValidatedRequest, record: Record, message: str = "") -> Reply:
    operation_id = call.operation.operation_id
    fields, described = shown(world, resource, record), response_fields(operation_id)
    if resource.inside is not None and resource.inside in described:
        fields = {"success": True, resource.inside: fields}
    elif message:
        told = {"success": True, "message": message}
        fields = {name: value for name, value in told.items() if name in described}
    return Reply(success_status(operation_id), conform(operation_id, fields))


_VERBS: Final[Mapping[Verb, Callable[[Resource, World, ValidatedRequest], Reply]]] = {
    "create": _create,
    "link": _link,
    "get": _get,
    "update": _update,
    "delete": _delete,
    "list": _list,
}

RESOURCE_HANDLERS: Final[Mapping[str, Callable[[World, ValidatedRequest], Reply]]] = {
    operation_id: functools.partial(_VERBS[verb], resource)
    for resource in RESOURCES
    for verb, operation_id in resource.operations.items()
    if operation_id in OPERATIONS
}
"""What each operation of a resource does, by its name in the table."""
