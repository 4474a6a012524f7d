"""The tags of a deployment, one by one."""

from __future__ import annotations

from typing import Any

import attrs

from edgegap_async.simulator.deployment import Deployment, Tag
from edgegap_async.simulator.exchange import Answer, Call, Refusal
from edgegap_async.simulator.handlers.deployments import found
from edgegap_async.simulator.pages import Page
from edgegap_async.simulator.world import World


def list_(world: World, call: Call) -> Answer:
    """GET /v1/deployments/{deployment_id}/tags."""
    tags = list(_deployment(world, call).tag_records.values())
    page = Page.asked(call.query, world.max_page_size)
    shown = [_shown(world, tag) for tag in tags[page.start : page.stop]]
    return Answer(200, {"tags": shown, **page.described(len(tags))})


def create(world: World, call: Call) -> Answer:
    """POST /v1/deployments/{deployment_id}/tags."""
    return create_on(world, _deployment(world, call), call)


def create_on(world: World, deployment: Deployment, call: Call) -> Answer:
    """Give a deployment the tag of a call's body."""
    name, now = call.body["name"], world.clock()
    _check_free(deployment, name)
    tag = deployment.tag_records[name] = Tag(name, now, now)
    return Answer(200, _shown(world, tag))


def get(world: World, call: Call) -> Answer:
    """GET /v1/deployments/{deployment_id}/tags/{tag_name}."""
    return Answer(200, _shown(world, _tag(_deployment(world, call), call)))


def update(world: World, call: Call) -> Answer:
    """PATCH /v1/deployments/{deployment_id}/tags/{tag_name}: gives it another name, in the same place."""
    deployment = _deployment(world, call)
    old, name = _tag(deployment, call), call.body["name"]
    if name != old.name:
        _check_free(deployment, name)
    new = attrs.evolve(old, name=name, updated_at=world.clock())
    tags = [new if tag is old else tag for tag in deployment.tag_records.values()]
    deployment.tag_records = {tag.name: tag for tag in tags}
    return Answer(200, _shown(world, new))


def delete(world: World, call: Call) -> Answer:
    """DELETE /v1/deployments/{deployment_id}/tags/{tag_name}."""
    return delete_of(_deployment(world, call), call)


def delete_of(deployment: Deployment, call: Call) -> Answer:
    """Take the tag of a call's path from a deployment."""
    del deployment.tag_records[_tag(deployment, call).name]
    return Answer(204)


def _deployment(world: World, call: Call) -> Deployment:
    return found(world, call.path["deployment_id"])


def _tag(deployment: Deployment, call: Call) -> Tag:
    tag = deployment.tag_records.get(call.path["tag_name"])
    if tag is None:
        raise Refusal(404, f"{deployment.request_id} has no tag {call.path['tag_name']!r}")
    return tag


def _check_free(deployment: Deployment, name: str) -> None:
    if name in deployment.tag_records:
        raise Refusal(409, f"name: {deployment.request_id} already has a tag {name!r}")


def _shown(world: World, tag: Tag) -> dict[str, Any]:
    return {
        "name": tag.name,
        "create_time": world.calendar.text(tag.created_at),
        "last_updated": world.calendar.text(tag.updated_at),
    }
