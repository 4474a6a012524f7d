"""The tags of the images in the container registry."""

from __future__ import annotations

from typing import Any

from edgegap_async.simulator.domain.registry import PushedImage
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.pages import documented_list
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def list_(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/container-registry/images/{image_name}/tags, the newest first."""
    newest_first = [*reversed(_tags(world, request).values())]

    def serialize(image: PushedImage) -> dict[str, Any]:
        pushed = world.calendar.timestamp(image.pushed_at)
        return {"tag": image.tag, "last_push_at": pushed, "artifact": _artifact(image, deleted=False)}

    return documented_list(world, request, newest_first, serialize)


def delete(world: World, request: ValidatedRequest) -> Reply:
    """DELETE /v1/container-registry/images/{image_name}/tags/{tag_name}."""
    deleted = _tags(world, request).pop(request.path["tag_name"], None)
    if deleted is None:
        raise Rejection(404, f"image {request.path['image_name']!r} has no tag {request.path['tag_name']!r}")
    return Reply(200, {"deleted_tag": deleted.tag, "artifact": _artifact(deleted, deleted=True)})


def bulk_delete(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/container-registry/images/{image_name}/tags/bulk-delete: a result for each tag."""
    tags = _tags(world, request)
    if not request.body["tags"]:
        raise Rejection(400, "tags: this must hold at least 1 items")
    results = [
        {"tag": tag, "status": 204, "message": "deleted"}
        if tags.pop(tag, None)
        else {"tag": tag, "status": 404, "message": "tag does not exist"}
        for tag in request.body["tags"]
    ]
    deleted = sum(result["status"] == 204 for result in results)
    summary = {"total": len(results), "success": deleted, "failed": len(results) - deleted}
    return Reply(207, {"results": results, "summary": summary})


def _artifact(image: PushedImage, *, deleted: bool) -> dict[str, Any]:
    return {
        "artifact_deleted": deleted,
        "remaining_tags": [] if deleted else [image.tag],
        "image_hash": image.image_hash,
        "size_mb": image.size_mb,
    }


def _tags(world: World, request: ValidatedRequest) -> dict[str, PushedImage]:
    tags = world.registry.tags(request.path["image_name"])
    if tags is None:
        raise Rejection(404, f"image {request.path['image_name']!r} does not exist")
    return tags
