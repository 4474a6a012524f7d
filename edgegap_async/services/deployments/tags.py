"""``edgegap.deployments.tags``: the tags of a deployment that exists."""

from __future__ import annotations

from types import NoneType

from edgegap_async.models.ids import DeploymentLike, deployment_id
from edgegap_async.models.tags import Tag, validate_own_tag
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service


class Tags(Service):
    """``edgegap.deployments.tags``: tags of 1 to 40 characters on a deployment that exists."""

    async def create(self, request_id: DeploymentLike, name: str, *, timeout: float | None = None) -> Tag:
        """Add a tag: ``POST /v1/deployments/{deployment_id}/tags``.

        Args:
            request_id: The deployment's id, or an object that has it.
            name: The tag.
            timeout: The deadline in seconds, None for the client's.

        Raises:
            Conflict: The deployment has the tag already.
        """
        id = deployment_id(request_id)
        return await self._call(
            "deployment-tag-create", Tag, id, body={"name": validate_own_tag(name)}, timeout=timeout
        )

    async def get(self, request_id: DeploymentLike, name: str, *, timeout: float | None = None) -> Tag:
        """Return one tag: ``GET /v1/deployments/{deployment_id}/tags/{tag_name}``.

        Args:
            request_id: The deployment's id, or an object that has it.
            name: The tag.
            timeout: The deadline in seconds, None for the client's.

        Raises:
            NotFound: The deployment has no such tag.
        """
        return await self._call("deployment-tag-get", Tag, deployment_id(request_id), name, timeout=timeout)

    async def update(
        self, request_id: DeploymentLike, name: str, *, new_name: str, timeout: float | None = None
    ) -> Tag:
        """Rename a tag: ``PATCH /v1/deployments/{deployment_id}/tags/{tag_name}``.

        Args:
            request_id: The deployment's id, or an object that has it.
            name: The tag as it is.
            new_name: The tag as it shall be.
            timeout: The deadline in seconds, None for the client's.

        Raises:
            NotFound: The deployment has no such tag.
            Conflict: The deployment has the new tag already.
        """
        id, renamed = deployment_id(request_id), validate_own_tag(new_name)
        return await self._call("deployment-tag-update", Tag, id, name, body={"name": renamed}, timeout=timeout)

    async def delete(self, request_id: DeploymentLike, name: str, *, timeout: float | None = None) -> None:
        """Remove a tag: ``DELETE /v1/deployments/{deployment_id}/tags/{tag_name}``.

        Args:
            request_id: The deployment's id, or an object that has it.
            name: The tag.
            timeout: The deadline in seconds, None for the client's.

        Raises:
            NotFound: The deployment has no such tag.
        """
        await self._call("deployment-tag-delete", NoneType, deployment_id(request_id), name, timeout=timeout)

    def list(
        self, request_id: DeploymentLike, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[Tag]:
        """List the tags of a deployment: ``GET /v1/deployments/{deployment_id}/tags``.

        Args:
            request_id: The deployment's id, or an object that has it.
            page_size: Rows on a page.
            timeout: The deadline of each page in seconds, None for the client's.
        """
        return self._list(
            "deployment-tag-list",
            Tag,
            deployment_id(request_id),
            key=lambda tag: tag.name,
            page_size=page_size,
            timeout=timeout,
        )
