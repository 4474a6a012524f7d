"""The tags of deployments."""

from __future__ import annotations

from types import NoneType

from edgegap_async.models.tags import Tag
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_tag


class Tags(Service):
    """``edgegap.deployments.tags``: tags of 1 to 40 characters on a deployment that exists."""

    async def create(self, request_id: str, name: str, *, timeout: float | None = None) -> Tag:
        """Add a tag: ``POST /v1/deployments/{deployment_id}/tags``. Raises Conflict where it is there already."""
        return await self._pipeline.call(
            "deployment-tag-create",
            Tag,
            path={"deployment_id": request_id},
            body={"name": validate_tag(name)},
            timeout=timeout,
        )

    async def get(self, request_id: str, name: str, *, timeout: float | None = None) -> Tag:
        """One tag: ``GET /v1/deployments/{deployment_id}/tags/{tag_name}``. Raises NotFound."""
        return await self._pipeline.call(
            "deployment-tag-get", Tag, path={"deployment_id": request_id, "tag_name": name}, timeout=timeout
        )

    async def update(self, request_id: str, name: str, *, new_name: str, timeout: float | None = None) -> Tag:
        """Rename a tag: ``PATCH /v1/deployments/{deployment_id}/tags/{tag_name}``. Raises NotFound or Conflict."""
        return await self._pipeline.call(
            "deployment-tag-update",
            Tag,
            path={"deployment_id": request_id, "tag_name": name},
            body={"name": validate_tag(new_name)},
            timeout=timeout,
        )

    async def delete(self, request_id: str, name: str, *, timeout: float | None = None) -> None:
        """Remove a tag: ``DELETE /v1/deployments/{deployment_id}/tags/{tag_name}``. Raises NotFound."""
        await self._pipeline.call(
            "deployment-tag-delete",
            NoneType,
            path={"deployment_id": request_id, "tag_name": name},
            timeout=timeout,
        )

    def list(
        self, request_id: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[Tag]:
        """The tags of a deployment: ``GET /v1/deployments/{deployment_id}/tags``."""
        return self._list(
            "deployment-tag-list",
            Tag,
            key=lambda tag: tag.name,
            path={"deployment_id": request_id},
            page_size=page_size,
            timeout=timeout,
        )
