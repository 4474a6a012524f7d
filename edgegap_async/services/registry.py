"""The container registry that the provider keeps for an organisation."""

from __future__ import annotations

from collections.abc import Sequence

from edgegap_async.errors import ConfigurationError
from edgegap_async.models.registry import DeletedTag, ImageTag, TagDeletions
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_names


class Registry(Service):
    """``edgegap.registry``: the tags of images. An image's name may hold slashes; the project's prefix is left out."""

    def list_tags(
        self, image: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[ImageTag]:
        """The tags of an image: ``GET /v1/container-registry/images/{image_name}/tags``. Raises NotFound."""
        return self._list(
            "registry-image-tag-list",
            ImageTag,
            image,
            key=lambda tag: tag.tag,
            page_size=page_size,
            timeout=timeout,
        )

    async def delete_tag(self, image: str, tag: str, *, timeout: float | None = None) -> DeletedTag:
        """Delete a tag: ``DELETE /v1/container-registry/images/{image_name}/tags/{tag_name}``. Raises NotFound.

        What it names goes with its last tag; versions that use it can be deployed no more.
        """
        return await self._pipeline.call(
            "registry-image-tag-delete", DeletedTag, path={"image_name": image, "tag_name": tag}, timeout=timeout
        )

    async def bulk_delete_tags(self, image: str, tags: Sequence[str], *, timeout: float | None = None) -> TagDeletions:
        """Delete many tags: ``POST /v1/container-registry/images/{image_name}/tags/bulk-delete``.

        Raises nothing for a tag that could not be deleted: ``results`` has what came of each.
        """
        names = validate_names(tags, "tags")
        if not names:
            raise ConfigurationError("tags is empty: name at least one")
        return await self._pipeline.call(
            "registry-image-tag-bulk-delete",
            TagDeletions,
            path={"image_name": image},
            body={"tags": [*names]},
            timeout=timeout,
        )
