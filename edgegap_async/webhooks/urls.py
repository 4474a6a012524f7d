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

_FORMER_KEYS: Final = 3
"""Keys that are kept after they were replaced: URLs that were made with them are still in use."""


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


@attrs.define
class WebhookSigner:
    """Makes the paths of webhooks, and recognises them.

    Attributes:
        key: The key of the signatures.
        former_keys: Keys whose signatures are still recognised.
    """

    key: bytes = attrs.field(repr=False)
    former_keys: tuple[bytes, ...] = attrs.field(default=(), repr=False)

    def replace_key(self, key: bytes) -> None:
        """Sign with another key from now on."""
        if key != self.key:
            self.former_keys = (*(former for former in self.former_keys if former != key), self.key)[-_FORMER_KEYS:]
            self.key = key

    def path(self, event: str, tag: str) -> str:
        """Return the end of a URL's path."""
        return f"{event}/{tag}/{_signature(self.key, event, tag)}"

    def parse(self, path: str) -> WebhookURL | None:
        """Return what a path or URL stands for, by its last three segments; None if no client made it."""
        found = _SEGMENTS.fullmatch("/".join(path.rstrip("/").rsplit("/", 3)[-3:]))
        if found is None:
            return None
        event, tag = found["event"], found["tag"]
        is_own = any(
            hmac.compare_digest(found["signature"], _signature(key, event, tag))
            for key in (self.key, *self.former_keys)
        )
        return WebhookURL(event, tag, is_own)


def _signature(key: bytes, event: str, tag: str) -> str:
    return hmac.new(key, f"{event}/{tag}".encode(), "sha256").hexdigest()[:_SIGNATURE_DIGITS]
