"""What the client is told: the token, where the service is, and how long things may take."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final, final
from urllib.parse import urlsplit

import attrs

from edgegap_async.errors import ConfigurationError
from edgegap_async.validation import validate_timeout

DEFAULT_BASE_URL: Final = "https://api.edgegap.com"
TOKEN_VARIABLE: Final = "EDGEGAP_API_TOKEN"  # noqa: S105 - the variable's name, not its value
BASE_URL_VARIABLE: Final = "EDGEGAP_BASE_URL"

_SCHEME_WORD: Final = re.compile(r"token\s+", re.IGNORECASE)
_SENDABLE: Final = re.compile(r"[\x21-\x7e]+")


class _HeaderValue(str):
    """A header's value that does not show itself in the repr of the mappings and frames that hold it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


@final
class Secret:
    """A value that never shows itself: not in repr, str, format, pickles or comparisons' messages."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = _HeaderValue(value)

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled; pass the value itself where it is needed")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def reveal(self) -> str:
        """The value itself."""
        return str(self._value)

    def header(self, scheme: str = "") -> str:
        """The value as a header's, ``scheme`` (and a space) before it; its repr is hidden."""
        return _HeaderValue(f"{scheme} {self._value}" if scheme else self._value)

    def scrub(self, data: bytes) -> bytes:
        """``data`` with the secret in it replaced by ``***``: the other side may repeat what it was sent."""
        return data.replace(self._value.encode(), b"***")


def parse_secret(value: str, what: str) -> Secret:
    """A secret that can be sent in a header. Raises ConfigurationError for one that is empty or cannot."""
    if not _SENDABLE.fullmatch(value):
        raise ConfigurationError(
            f"{what} is empty or holds a space, a line break or another character that none has: paste it again"
        )
    return Secret(value)


def own_token(value: str | Secret, what: str) -> Secret:
    """A token that is sent instead of the organisation's. Raises ConfigurationError for one that cannot be sent."""
    return parse_secret(value.reveal() if isinstance(value, Secret) else value, what)


def parse_token(text: str | None) -> Secret:
    """The token as the service wants it: ``token <value>`` and ``<value>`` are both how people paste it.

    Raises ConfigurationError when there is none, or when what is there cannot be one.
    """
    value = _SCHEME_WORD.sub("", (text or "").strip(), count=1)
    if not value or value.lower() == "token":
        raise ConfigurationError(
            f"no API token: set {TOKEN_VARIABLE} or pass token= (the dashboard makes one under User Settings, Tokens)"
        )
    if _SCHEME_WORD.match(value):
        raise ConfigurationError(
            "the API token still begins with the word 'token' after one was taken off: pass its value alone"
        )
    return parse_secret(value, "the API token")


def parse_base_url(text: str, name: str = "base_url") -> str:
    """The service's address without a slash at its end.

    Raises ConfigurationError for anything but an http or https address, and for one that holds a user name,
    a password, a query or a fragment.
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise ConfigurationError(f"{name} is not an address: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"{name} must be an http or https address such as {DEFAULT_BASE_URL}, not {text!r}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(f"{name} must hold no user name, password, query or fragment")
    return text.rstrip("/")


def validate_secret(value: str | Secret, what: str) -> Secret:
    """Return a key or password that is sent in a body, given as a string or already hidden.

    Raises ConfigurationError, without showing the value, when it is empty or not a string.
    """
    hidden = Secret(value) if isinstance(value, str) else value
    if not isinstance(hidden, Secret):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{what} must be a string or a Secret, not {type(value).__name__}")
    if not hidden.reveal():
        raise ConfigurationError(f"{what} is empty")
    return hidden


@attrs.frozen(kw_only=True)
class Settings:
    """What a client was told, checked."""

    token: Secret
    base_url: str
    timeout: float

    @classmethod
    def read(
        cls,
        token: str | None,
        base_url: str | None,
        timeout: float,
        environ: Mapping[str, str] = os.environ,
    ) -> Settings:
        """What was passed, else the environment's EDGEGAP_API_TOKEN and EDGEGAP_BASE_URL."""
        return cls(
            token=parse_token(token if token is not None else environ.get(TOKEN_VARIABLE)),
            base_url=parse_base_url(base_url or environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL),
            timeout=validate_timeout(timeout),
        )
