"""The organisation's container registry at the provider: image tags and their artifacts."""

from __future__ import annotations

from datetime import datetime

import attrs

from edgegap_async.models.base import Model


@attrs.frozen(kw_only=True)
class Artifact(Model):
    """The image that a tag points to; it is deleted together with its last tag.

    Attributes:
        image_hash: The image's digest.
        size_mb: Its size in MB.
        remaining_tags: The tags that still point to it.
        artifact_deleted: Whether it was deleted with its last tag.
    """

    image_hash: str | None = None
    size_mb: float | None = None
    remaining_tags: tuple[str, ...] = ()
    artifact_deleted: bool | None = None


@attrs.frozen(kw_only=True)
class ImageTag(Model):
    """A tag of an image.

    Attributes:
        tag: The tag's name.
        last_push_at: When an image was pushed under it last, in UTC.
        artifact: The image that it points to.
    """

    tag: str
    last_push_at: datetime | None = None
    artifact: Artifact | None = None


@attrs.frozen(kw_only=True)
class DeletedTag(Model):
    """The response of deleting a tag: the tag, and the image that it pointed to."""

    deleted_tag: str | None = None
    artifact: Artifact | None = None


@attrs.frozen(kw_only=True)
class TagDeletion(Model):
    """The result for one of many tags.

    Attributes:
        tag: The tag's name.
        status: 204 if it was deleted, 404 if it was not found, 500 if the deletion failed.
        message: The service's own words.
    """

    tag: str
    status: int | None = None
    message: str | None = None

    @property
    def gone(self) -> bool:
        """Whether the tag does not exist now: it was deleted or was not found."""
        return self.status in {204, 404}


@attrs.frozen(kw_only=True)
class TagDeletionSummary(Model):
    """The number of tags in a bulk deletion.

    Attributes:
        total: Tags in the request.
        success: Tags that were deleted.
        failed: Tags that were not deleted.
    """

    total: int | None = None
    success: int | None = None
    failed: int | None = None


@attrs.frozen(kw_only=True)
class TagDeletions(Model):
    """The response of deleting many tags: a result for each, and their number."""

    results: tuple[TagDeletion, ...] = ()
    summary: TagDeletionSummary | None = None
