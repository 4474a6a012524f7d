"""The tag that each creation carries, so that its server is found where the answer is lost."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from edgegap_async.models.tags import GUARD_TAG, GUARD_TAG_DIGITS

_SINCE: Final = datetime(2025, 1, 1, tzinfo=UTC)
_A_SECOND: Final = 1024
"""Numbers that a second has: more than any organisation may deploy."""


@attrs.frozen
class GuardTag:
    """Who asked for a server, and when: 19 characters, of the 20 that older accounts allow.

    ``owner`` is one client, ``number`` counts the 1/1024 s since 2025 at which it asked; no two of an owner are alike.
    """

    owner: str
    number: int

    @classmethod
    def parse(cls, text: str) -> GuardTag | None:
        """The tag that a text is, None for a tag of anybody else's."""
        found = GUARD_TAG.fullmatch(text)
        return cls(found["owner"], _value(found["number"])) if found else None

    def __str__(self) -> str:
        return f"eg-{self.owner}-{_digits(self.number, 8)}"

    @property
    def asked_at(self) -> datetime:
        """When the server was asked for, in UTC."""
        return _SINCE + timedelta(seconds=self.number / _A_SECOND)


class GuardTags:
    """Makes the tags of one client."""

    def __init__(self, clock: Callable[[], float] = time.time, owner: str | None = None) -> None:
        self.owner: str = owner or _digits(secrets.randbits(35), 7)
        self._clock = clock
        self._last = 0

    def next(self) -> GuardTag:
        """A tag that there was not before."""
        now = int((self._clock() - _SINCE.timestamp()) * _A_SECOND)
        self._last = max(self._last + 1, now)
        return GuardTag(self.owner, self._last)


def _digits(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, digit = divmod(number, len(GUARD_TAG_DIGITS))
        text = GUARD_TAG_DIGITS[digit] + text
    return text


def _value(text: str) -> int:
    number = 0
    for digit in text:
        number = number * len(GUARD_TAG_DIGITS) + GUARD_TAG_DIGITS.index(digit)
    return number
