"""The container registry: images by name, and what their tags name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import attrs


@attrs.frozen
class Tagged:
    """What a tag of an image names: every tag here has content of its own."""

    tag: str
    pushed_at: float
    image_hash: str
    size_mb: int

    def artifact(self, *, deleted: bool) -> dict[str, Any]:
        """What it names, as answers show it."""
        return {
            "artifact_deleted": deleted,
            "remaining_tags": [] if deleted else [self.tag],
            "image_hash": self.image_hash,
            "size_mb": self.size_mb,
        }


class ContainerRegistry:
    """The images that were pushed, by name, without the project's prefix."""

    def __init__(self, images: Mapping[str, Iterable[str]], now: float) -> None:
        self._images: dict[str, dict[str, Tagged]] = {}
        for image, tags in images.items():
            for tag in tags:
                self.push(image, tag, now)

    def push(self, image: str, tag: str, now: float) -> None:
        """Have an image under a tag."""
        digest = hashlib.sha256(f"{image}:{tag}".encode()).hexdigest()
        self._images.setdefault(image, {})[tag] = Tagged(tag, now, f"sha256:{digest}", 64 + int(digest[:2], 16))

    def tags(self, image: str) -> dict[str, Tagged] | None:
        """What there is of an image, by tag; None if it was never pushed."""
        return self._images.get(image)
