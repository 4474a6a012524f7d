"""The URLs of webhooks: each belongs to one event of one creation, and cannot be guessed."""

from __future__ import annotations

import hmac
import re
from typing import Final

import attrs

from edgegap_async.models.tags import GUARD_TAG_DIGITS

_SEGMENTS: Final = re.compile(
    rf"(?P<event>ready|error|terminated|any|session|relay)/(?P<tag>[{GUARD_TAG_DIGITS}-]{{1,40}})/"
    "(?P<signature>[0-9a-f]{32})"
)
"""The last three segments of a path, which make the URL the client's own."""

_SIGNATURE_DIGITS: Final = 32


@attrs.frozen
class WebhookURL:
    """What a webhook's URL stands for.

    Attributes:
        event: ``ready``, ``error`` or ``terminated`` of a deployment, ``any`` for all three; ``session``; ``relay``.
        tag: The tag of the creation: the guard's tag of a deployment, or a random one.
        is_own: Whether the signature was made with this process's key.
    """

    event: str
    tag: str
    is_own: bool


@attrs.frozen
class WebhookSigner:
    """Makes the paths of webhooks, and recognises them.

    Attributes:
        key: The key of the signatures.
    """

    key: bytes = attrs.field(repr=False)

    def path(self, event: str, tag: str) -> str:
        """Return the end of a URL's path."""
        return f"{event}/{tag}/{self._signature(event, tag)}"

    def parse(self, path: str) -> WebhookURL | None:
        """Return what a path or URL stands for, by its last three segments; None if no client made it."""
        found = _SEGMENTS.fullmatch("/".join(path.rstrip("/").rsplit("/", 3)[-3:]))
        if found is None:
            return None
        event, tag = found["event"], found["tag"]
        return WebhookURL(event, tag, hmac.compare_digest(found["signature"], self._signature(event, tag)))

    def _signature(self, event: str, tag: str) -> str:
        return hmac.new(self.key, f"{event}/{tag}".encode(), "sha256").hexdigest()[:_SIGNATURE_DIGITS]
