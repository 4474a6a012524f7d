"""The container registry: images and their tags."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.settings import REGISTRY

_PATH: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"

_REFERENCE: Final = {
    "docker_repository": re.compile(rf"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{{1,5}})?(?:/{_PATH})?", re.IGNORECASE),
    "docker_image": re.compile(_PATH),
    "docker_tag": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"),
}
"""What an image can be pulled by, field by field, in Docker's grammar of references."""


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

    def require_image(self, version: Mapping[str, Any]) -> None:
        """Check that the image of a version can be pulled: it exists here, or may exist in another registry.

        The name of an image may start with a project's prefix, which this registry leaves out.

        Raises:
            Rejection: It cannot be pulled (424). The message names the field.
        """
        for field, form in _REFERENCE.items():
            if not form.fullmatch(version[field]):
                raise Rejection(424, f"{field}: no image can be pulled by {version[field]!r}")
        if version["docker_repository"].lower() != REGISTRY:
            return
        image, tag = version["docker_image"], version["docker_tag"]
        tags = self.tags(image) or self.tags(image.partition("/")[2])
        if tags is None:
            raise Rejection(424, f"docker_image: {REGISTRY} has no image {image!r}")
        if tag not in tags:
            raise Rejection(424, f"docker_tag: image {image!r} of {REGISTRY} has no tag {tag!r}")
