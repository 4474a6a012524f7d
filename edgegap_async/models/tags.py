"""Tags of deployments, and the format of the tag that the deploy guard adds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import attrs

from edgegap_async.models.base import Model

GUARD_TAG_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no digit looks like another
_DIGIT: Final = f"[{GUARD_TAG_DIGITS}]"
GUARD_TAG: Final = re.compile(f"eg-(?P<owner>{_DIGIT}{{7}})-(?P<number>{_DIGIT}{{8}})")
"""The tag by which the deploy guard finds a server whose create got no response."""


def without_guard_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the caller's own tags, without the one that the deploy guard adds."""
    return tuple(tag for tag in tags if not (tag.startswith("eg-") and GUARD_TAG.fullmatch(tag)))


@attrs.frozen(kw_only=True)
class Tag(Model):
    """A tag of one deployment."""

    name: str
    create_time: datetime | None = None
    last_updated: datetime | None = None
