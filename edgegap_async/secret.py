"""Values that are never shown: tokens, keys and passwords, and the checks of them."""

from __future__ import annotations

import re
from typing import Final, final

from edgegap_async.errors import ConfigurationError

_HEADER_SAFE: Final = re.compile(r"[\x21-\x7e]+")

_CONTROL_ESCAPES: Final = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
"""What follows the backslash of a control character in JSON and in a repr."""


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

    def scrub(self, text: str) -> str:
        """Return ``text`` with every occurrence of the value replaced by ``***``.

        Any of its characters can be escaped, as in the string of a JSON document or in a URL.
        """
        if self._value and ("\\" in text or "%" in text):
            return re.sub("".join(map(_escaped, self._value)), "***", text)
        return text.replace(self._value, "***") if self._value else text


def _escaped(character: str) -> str:
    """Return a pattern for a character as it is, or escaped as in JSON or in a URL.

    Text that was escaped three times has up to eight backslashes. More would make the search quadratic.
    """
    in_json = "".join(rf"\\{{1,8}}u(?i:{unit:04x})" for unit in _utf_16(character))
    in_url = "".join(f"%(?i:{byte:02x})" for byte in character.encode(errors="surrogatepass"))
    plain = r"\\{1,8}" if character == "\\" else rf"\\{{0,8}}{re.escape(character)}"
    control = rf"|\\{{1,8}}{name}" if (name := _CONTROL_ESCAPES.get(character)) else ""
    return f"(?:{plain}|{in_json}|{in_url}{control})"


def _utf_16(character: str) -> list[int]:
    encoded = character.encode("utf-16-be", errors="surrogatepass")
    return [int.from_bytes(encoded[start : start + 2], "big") for start in range(0, len(encoded), 2)]


# An error report can show the locals of every stack frame. So what may be a secret is wrapped, or deleted, before an
# error is raised.


def parse_secret(value: str, what: str) -> Secret:
    """Return a secret that can be sent in a header.

    Args:
        value: The value.
        what: What it is, for the error message, which does not show the value.

    Raises:
        ConfigurationError: The value is empty, or holds a space, a line break or a character that is not ASCII.
    """
    usable = _HEADER_SAFE.fullmatch(value) is not None
    secret = Secret(value)
    del value
    if not usable:
        raise ConfigurationError(
            f"{what} is empty, or holds a space, a line break or another character that no token has: paste it again"
        )
    return secret


def parse_container_token(value: str | Secret, what: str) -> Secret:
    """Return a token that is sent instead of the organisation's.

    Raises:
        ConfigurationError: The token cannot be sent in a header.
    """
    secret = validate_secret(value, what)
    del value
    return parse_secret(secret.reveal(), what)


def validate_secret(value: str | Secret, what: str) -> Secret:
    """Return a key or password that is sent in a request's body.

    Args:
        value: The value, as a string or a Secret.
        what: What it is, for the error message, which does not show the value.

    Raises:
        ConfigurationError: The value is empty, or neither a string nor a Secret.
    """
    secret = as_secret(value, what)
    del value
    if isinstance(secret, ConfigurationError):
        raise secret
    if not secret.reveal():
        raise ConfigurationError(f"{what} is empty")
    return secret


def as_secret(value: object, what: str) -> Secret | ConfigurationError:
    """Return a value as a secret, or the error to raise once it is deleted."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value)
    return ConfigurationError(f"{what} must be a string or a Secret, not {type(value).__name__}")
