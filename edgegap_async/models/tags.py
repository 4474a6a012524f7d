"""Tags of deployments, and the format of the tag that the deploy guard adds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import attrs

from edgegap_async.errors import ConfigurationError
from edgegap_async.models.base import Model
from edgegap_async.validation import validate_tag, validate_tags

GUARD_TAG_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no digit looks like another
_DIGIT: Final = f"[{GUARD_TAG_DIGITS}]"
GUARD_TAG: Final = re.compile(f"eg-(?P<owner>{_DIGIT}{{7}})-(?P<number>{_DIGIT}{{8}})")
"""The tag by which the deploy guard finds a server whose create got no response."""

_GUARD_TAG_LENGTH: Final = 19


def without_guard_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the caller's own tags, without the one that the deploy guard adds."""
    own = tuple(tags)
    for tag in own:  # a plain loop, since it runs for each row of a list
        if len(tag) == _GUARD_TAG_LENGTH and GUARD_TAG.fullmatch(tag):
            if own.index(tag) == len(own) - 1:
                return own[:-1]
            return tuple([each for each in own if not GUARD_TAG.fullmatch(each)])
    return own


def validate_own_tag(value: object) -> str:
    """Return a tag that a caller gives to a deployment.

    Raises:
        ConfigurationError: ``validate_tag`` refuses it, or it has the form of the deploy guard's tags: ``recover``
            would stop the deployment.
    """
    tag = validate_tag(value)
    if GUARD_TAG.fullmatch(tag):
        raise ConfigurationError(
            f"the tag {tag!r} is reserved: tags of the form eg-1234567-12345678 mark the servers that this library "
            "may stop as orphaned; choose another"
        )
    return tag


def validate_own_tags(values: Sequence[str]) -> list[str]:
    """Return tags that a caller gives to a deployment.

    Raises:
        ConfigurationError: ``validate_tags`` refuses them, or ``validate_own_tag`` one of them.
    """
    return [validate_own_tag(tag) for tag in validate_tags(values)]


@attrs.frozen(kw_only=True)
class Tag(Model):
    """A tag of one deployment."""

    name: str
    create_time: datetime | None = None
    last_updated: datetime | None = None
