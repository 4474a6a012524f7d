"""The tags of deployments, and how the guard's own tag looks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.fields import extra_field

GUARD_TAG_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no digit looks like another
_DIGIT: Final = f"[{GUARD_TAG_DIGITS}]"
GUARD_TAG: Final = re.compile(f"eg-(?P<owner>{_DIGIT}{{7}})-(?P<number>{_DIGIT}{{8}})")
"""The tag with which the client finds a server again whose create had no response."""


def without_guard_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the caller's own tags: those that are not the guard's."""
    return tuple(tag for tag in tags if not (tag.startswith("eg-") and GUARD_TAG.fullmatch(tag)))


@attrs.frozen(kw_only=True)
class Tag:
    """A tag of one deployment."""

    name: str
    create_time: datetime | None = None
    last_updated: datetime | None = None
    extra: Mapping[str, JSON] = extra_field()
