"""Values that are never shown: tokens, keys and passwords, and the checks of them."""

from __future__ import annotations

import re
from typing import Final, final

from edgegap_async.errors import ConfigurationError

_HEADER_SAFE: Final = re.compile(r"[\x21-\x7e]+")


class _HeaderValue(str):
    """A header value whose repr is hidden in the mappings and stack frames that hold it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


@final
class Secret:
    """A string that is never shown: not by repr, str, format, pickle or the message of a failed comparison.

    ::

        password = Secret("hunter2")
        print(password)  # Secret('***')
        password.reveal()  # 'hunter2'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = _HeaderValue(value)

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a Secret cannot be pickled: pass its value with reveal() where it is needed")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def reveal(self) -> str:
        """Return the value itself."""
        return str(self._value)

    def header(self, scheme: str = "") -> str:
        """Return the value for a header, after ``scheme`` and a space if one is passed; its repr is hidden."""
        return _HeaderValue(f"{scheme} {self._value}" if scheme else self._value)

    def scrub(self, data: bytes) -> bytes:
        """Return ``data`` with every occurrence of the value replaced by ``***``."""
        return data.replace(self._value.encode(), b"***")


def parse_secret(value: str, what: str) -> Secret:
    """Return a secret that can be sent in a header.

    Args:
        value: The value.
        what: What it is, for the error message, which does not show the value.

    Raises:
        ConfigurationError: The value is empty, or holds a space, a line break or a character that is not ASCII.
    """
    if not _HEADER_SAFE.fullmatch(value):
        raise ConfigurationError(
            f"{what} is empty, or holds a space, a line break or another character that no token has: paste it again"
        )
    return Secret(value)


def parse_container_token(value: str | Secret, what: str) -> Secret:
    """Return a token of a container, which is sent instead of the organisation's.

    Raises:
        ConfigurationError: The token cannot be sent in a header.
    """
    return parse_secret(value.reveal() if isinstance(value, Secret) else value, what)


def validate_secret(value: str | Secret, what: str) -> Secret:
    """Return a key or password that is sent in a request's body.

    Args:
        value: The value, as a string or a Secret.
        what: What it is, for the error message, which does not show the value.

    Raises:
        ConfigurationError: The value is empty, or neither a string nor a Secret.
    """
    secret = Secret(value) if isinstance(value, str) else value
    if not isinstance(secret, Secret):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{what} must be a string or a Secret, not {type(value).__name__}")
    if not secret.reveal():
        raise ConfigurationError(f"{what} is empty")
    return secret
