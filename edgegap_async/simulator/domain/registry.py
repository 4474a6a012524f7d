"""The container registry: images and their tags."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import attrs


@attrs.frozen
class PushedImage:
    """The artifact of one tag of an image. No two tags share one."""

    tag: str
    pushed_at: float
    """Seconds of the clock."""
    image_hash: str
    size_mb: int


class ContainerRegistry:
    """The images of the registry, by their names without the project's prefix."""

    def __init__(self, images: Mapping[str, Iterable[str]], now: float) -> None:
        """Create a registry.

        Args:
            images: Tags by image name.
            now: When they were pushed, in seconds of the clock.
        """
        self._images: dict[str, dict[str, PushedImage]] = {}
        for image, tags in images.items():
            for tag in tags:
                self.push(image, tag, now)

    def push(self, image: str, tag: str, now: float) -> None:
        """Add an image under a tag, or replace it.

        Args:
            image: The image's name.
            tag: The tag's name.
            now: The time of the push, in seconds of the clock.
        """
        digest = hashlib.sha256(f"{image}:{tag}".encode()).hexdigest()
        self._images.setdefault(image, {})[tag] = PushedImage(tag, now, f"sha256:{digest}", 64 + int(digest[:2], 16))

    def tags(self, image: str) -> dict[str, PushedImage] | None:
        """Return the artifacts of an image by tag, in the order of their pushes; None for an unknown image."""
        return self._images.get(image)
