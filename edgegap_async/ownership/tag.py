"""The tag that each create request carries, by which its server is found if the response is lost."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from edgegap_async.models.tags import GUARD_TAG, GUARD_TAG_DIGITS

_EPOCH: Final = datetime(2025, 1, 1, tzinfo=UTC)
_TICKS_PER_SECOND: Final = 1024
"""More than the deploys that an organisation may send in a second."""


@attrs.frozen
class GuardTag:
    """Which client requested a server, and when: 19 characters, of the 20 that older accounts allow.

    Attributes:
        owner: Seven characters that stand for one client.
        number: The time of the request, in 1/1024 s since 2025; unique for its owner.
    """

    owner: str
    number: int

    @classmethod
    def parse(cls, text: str) -> GuardTag | None:
        """Return the guard tag that a string is, None for any other tag."""
        match = GUARD_TAG.fullmatch(text)
        return cls(match["owner"], _decode(match["number"])) if match else None

    def __str__(self) -> str:
        return f"eg-{self.owner}-{_encode(self.number, 8)}"

    @property
    def requested_at(self) -> datetime:
        """When the server was requested, in UTC."""
        return _EPOCH + timedelta(seconds=self.number / _TICKS_PER_SECOND)


class GuardTags:
    """Makes the tags of one client."""

    def __init__(self, clock: Callable[[], float] = time.time, owner: str | None = None) -> None:
        self.owner: str = owner or _encode(secrets.randbits(35), 7)
        self._clock = clock
        self._latest = 0

    def next(self) -> GuardTag:
        """Return a tag that was not returned before."""
        now = int((self._clock() - _EPOCH.timestamp()) * _TICKS_PER_SECOND)
        self._latest = max(self._latest + 1, now)
        return GuardTag(self.owner, self._latest)


def _encode(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, digit = divmod(number, len(GUARD_TAG_DIGITS))
        text = GUARD_TAG_DIGITS[digit] + text
    return text


def _decode(text: str) -> int:
    number = 0
    for digit in text:
        number = number * len(GUARD_TAG_DIGITS) + GUARD_TAG_DIGITS.index(digit)
    return number
