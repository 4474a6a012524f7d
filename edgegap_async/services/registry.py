"""The container registry that the provider keeps for an organisation."""

from __future__ import annotations

from collections.abc import Sequence

from edgegap_async.errors import ConfigurationError
from edgegap_async.models.registry import DeletedTag, ImageTag, TagDeletions
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_names


class Registry(Service):
    """``edgegap.registry``: the tags of images in the provider's container registry.

    An image's name may hold slashes, which stay slashes in the URL. Leave out the project's prefix: with it, the
    service answers 404.

    ::

        async for row in edgegap.registry.list_tags("studio/kart"):
            print(row.tag, row.last_push_at)
    """

    def list_tags(
        self, image: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[ImageTag]:
        """List the tags of an image: ``GET /v1/container-registry/images/{image_name}/tags``.

        Args:
            image: The image's name, without the project's prefix.
            page_size: Rows per request.
            timeout: Deadline of each request in seconds, None for the client's.

        Raises:
            NotFound: There is no such image (raised when the list is read).
        """
        return self._list(
            "registry-image-tag-list",
            ImageTag,
            image,
            key=lambda tag: tag.tag,
            page_size=page_size,
            timeout=timeout,
        )

    async def delete_tag(self, image: str, tag: str, *, timeout: float | None = None) -> DeletedTag:
        """Delete one tag: ``DELETE /v1/container-registry/images/{image_name}/tags/{tag_name}``.

        The service deletes an image together with its last tag. Versions that use a deleted tag cannot be deployed
        any more.

        Args:
            image: The image's name, without the project's prefix.
            tag: The tag to delete.
            timeout: Deadline of the call in seconds, None for the client's.

        Returns:
            The tag, and whether its image was deleted with it (``artifact.artifact_deleted``) or which tags it still
            has (``artifact.remaining_tags``).

        Raises:
            NotFound: There is no such image or tag.
        """
        return await self._call("registry-image-tag-delete", DeletedTag, image, tag, timeout=timeout)

    async def bulk_delete_tags(self, image: str, tags: Sequence[str], *, timeout: float | None = None) -> TagDeletions:
        """Delete many tags in one request.

        ``POST /v1/container-registry/images/{image_name}/tags/bulk-delete``, which the service calls a bulk delete. A
        tag that cannot be deleted raises nothing: check ``results``, or ``summary.failed``.

        Args:
            image: The image's name, without the project's prefix.
            tags: At least one tag.
            timeout: Deadline of the call in seconds, None for the client's.

        Returns:
            One result for each tag (204 deleted, 404 not found, 500 failed), and their counts.

        Raises:
            ConfigurationError: ``tags`` is empty or a single string; nothing was sent.
            NotFound: There is no such image.
        """
        names = validate_names(tags, "tags")
        if not names:
            raise ConfigurationError("tags is empty: pass at least one")
        return await self._call(
            "registry-image-tag-bulk-delete", TagDeletions, image, body={"tags": [*names]}, timeout=timeout
        )
