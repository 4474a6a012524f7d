"""The tags of the images in the registry."""

from __future__ import annotations

from typing import Any

from edgegap_async.simulator.domain.registry import Tagged
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.resources import listing
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def list_(world: World, call: ValidatedRequest) -> Reply:
    """GET /v1/container-registry/images/{image_name}/tags, the newest first."""
    newest_first = [*reversed(_tags(world, call).values())]

    def show(tagged: Tagged) -> dict[str, Any]:
        pushed = world.calendar.timestamp(tagged.pushed_at)
        return {"tag": tagged.tag, "last_push_at": pushed, "artifact": tagged.artifact(deleted=False)}

    return listing(world, call, newest_first, show)


def delete(world: World, call: ValidatedRequest) -> Reply:
    """DELETE /v1/container-registry/images/{image_name}/tags/{tag_name}."""
    deleted = _tags(world, call).pop(call.path["tag_name"], None)
    if deleted is None:
        raise Rejection(404, f"the image {call.path['image_name']!r} has no tag {call.path['tag_name']!r}")
    return Reply(200, {"deleted_tag": deleted.tag, "artifact": deleted.artifact(deleted=True)})


def bulk_delete(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/container-registry/images/{image_name}/tags/bulk-delete: a result for each."""
    tags = _tags(world, call)
    if not call.body["tags"]:
        raise Rejection(400, "tags: this must hold at least 1 items")
    results = [
        {"tag": tag, "status": 204, "message": "deleted"}
        if tags.pop(tag, None)
        else {"tag": tag, "status": 404, "message": "there is no such tag"}
        for tag in call.body["tags"]
    ]
    deleted = sum(result["status"] == 204 for result in results)
    summary = {"total": len(results), "success": deleted, "failed": len(results) - deleted}
    return Reply(207, {"results": results, "summary": summary})


def _tags(world: World, call: ValidatedRequest) -> dict[str, Tagged]:
    tags = world.registry.tags(call.path["image_name"])
    if tags is None:
        raise Rejection(404, f"there is no image {call.path['image_name']!r}")
    return tags
