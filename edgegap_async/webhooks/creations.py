"""Which ids the creations of this process have, so that a webhook is refused at the URL of another creation."""

from __future__ import annotations

from typing import Final

import attrs

from edgegap_async.bounded_dict import BoundedDict, size_in_memory
from edgegap_async.errors import JSON
from edgegap_async.models.tags import GUARD_TAG
from edgegap_async.webhooks.urls import WebhookSigner, WebhookURL

_REMEMBERED: Final = 5_000
"""Creations of this process whose ids are remembered."""

_MAX_HELD_BYTES: Final = 1 << 24
_MAX_HELD_PER_CREATION: Final = 8
"""A deployment has three webhooks; each may arrive twice, or be about a duplicate."""


@attrs.frozen
class HeldWebhook:
    """A webhook that arrived before the response to its create request.

    Attributes:
        url: Where it arrived.
        id: The id in its body.
        body: Its body, which takes less memory than what it is decoded to.
        is_forwarded: Whether another process received it, and called its listeners for it.
    """

    url: WebhookURL
    id: str
    body: bytes = attrs.field(repr=False)
    is_forwarded: bool = False


class Creations:
    """The creations of this process by their tags, each with its id as soon as a response has named it."""

    def __init__(self, signer: WebhookSigner) -> None:
        self._signer = signer
        self._ids: BoundedDict[str, str | None] = BoundedDict(_REMEMBERED)
        self._tags: BoundedDict[str, str] = BoundedDict(_REMEMBERED)
        self._held: BoundedDict[str, tuple[HeldWebhook, ...]] = BoundedDict(
            _MAX_HELD_BYTES, lambda _, held: size_in_memory(*(webhook.body for webhook in held))
        )

    def expect(self, tag: str) -> None:
        """Hold the webhooks of a creation until ``bind`` names its id; may be called again."""
        if tag not in self._ids:
            self._ids[tag] = None

    def bind(self, tag: str, id: str) -> tuple[HeldWebhook, ...]:
        """Set the id of a creation, and return the webhooks that were held, also those with another id."""
        self._ids[tag] = id
        self._tags[id] = tag
        return self._held.pop(tag) or ()

    def is_foreign(self, url: WebhookURL, id: str, content: dict[str, JSON]) -> bool:
        """Return whether a webhook is known to be about something else than the creation that its URL belongs to.

        For a creation of this process, the id is compared. For one of another process, whose id is not known here,
        what the body repeats of the create request is compared, if anything: the guard's tag of a deployment, the
        webhook URL of a session.

        Args:
            url: Where it arrived.
            id: The id in its body.
            content: Its body.
        """
        if (own := self._ids.get(url.tag)) is not None:
            return own != id
        return self._tags.get(id, url.tag) != url.tag or not _names(content, url.tag, self._signer)

    def is_pending(self, tag: str) -> bool:
        """Return whether this process waits for the response that names the creation's id."""
        return tag in self._ids and self._ids[tag] is None

    def hold(self, webhook: HeldWebhook) -> None:
        """Keep a webhook until ``bind``: a few for each creation, 16 MB in all."""
        tag = webhook.url.tag
        held = self._held.get(tag, ())
        if webhook not in held and len(held) < _MAX_HELD_PER_CREATION:
            self._held[tag] = (*held, webhook)


def _names(content: dict[str, JSON], tag: str, signer: WebhookSigner) -> bool:
    """Return whether a body names the creation's tag, or no tag of any creation."""
    tags = content.get("tags")
    texts = [each for each in tags if isinstance(each, str)] if isinstance(tags, list) else []
    if tag not in texts and any(GUARD_TAG.fullmatch(each) for each in texts):
        return False
    url = content.get("webhook_url")
    named = signer.parse(url) if isinstance(url, str) else None
    return named is None or not named.is_own or named.tag == tag
