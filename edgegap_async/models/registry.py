"""The container registry that the provider keeps for an organisation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import extra_field


@attrs.frozen(kw_only=True)
class Artifact:
    """What a tag names, ``size_mb`` MB large; it goes when its last tag does (``artifact_deleted``)."""

    image_hash: str | None = None
    size_mb: float | None = None
    remaining_tags: tuple[str, ...] = ()
    artifact_deleted: bool | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class ImageTag:
    """A tag of an image."""

    tag: str
    last_push_at: datetime | None = None
    artifact: Artifact | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class DeletedTag:
    """A tag that was deleted, and what became of what it named."""

    deleted_tag: str | None = None
    artifact: Artifact | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class TagDeletion:
    """What came of one tag of many: ``status`` is 204 for deleted, 404 for not there, 500 for failed."""

    tag: str
    status: int | None = None
    message: str | None = None
    extra: Mapping[str, JSON] = extra_field()

    @property
    def gone(self) -> bool:
        """Whether there is no such tag now, be it that there was none."""
        return self.status in {204, 404}


@attrs.frozen(kw_only=True)
class TagDeletionSummary:
    """How many tags were asked for, deleted, and not."""

    total: int | None = None
    success: int | None = None
    failed: int | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class TagDeletions:
    """What came of many tags, one by one."""

    results: tuple[TagDeletion, ...] = ()
    summary: TagDeletionSummary | None = None
    extra: Mapping[str, JSON] = extra_field()
