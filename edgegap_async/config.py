"""The client's settings: the token, the address of the service, and the default timeout."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import attrs

from edgegap_async.errors import ConfigurationError
from edgegap_async.secret import Secret, parse_secret
from edgegap_async.validation import validate_timeout

DEFAULT_BASE_URL: Final = "https://api.edgegap.com"
TOKEN_VARIABLE: Final = "EDGEGAP_API_TOKEN"  # noqa: S105 - the variable's name, not its value
BASE_URL_VARIABLE: Final = "EDGEGAP_BASE_URL"

_SCHEME_WORD: Final = re.compile(r"token\s+", re.IGNORECASE)


def parse_token(value: str | None) -> Secret:
    """Return the API token, accepted as ``<value>`` and as ``token <value>``: people paste both.

    Raises:
        ConfigurationError: The token is missing, or cannot be a token.
    """
    token = _SCHEME_WORD.sub("", (value or "").strip(), count=1)
    if not token or token.lower() == "token":
        raise ConfigurationError(
            f"no API token: set {TOKEN_VARIABLE} or pass token= (create one in the dashboard: User Settings, Tokens)"
        )
    if _SCHEME_WORD.match(token):
        raise ConfigurationError("the API token begins with the word 'token' twice: pass its value alone")
    return parse_secret(token, "the API token")


def parse_base_url(value: str, name: str = "base_url") -> str:
    """Return the address of a service without a slash at its end.

    Args:
        value: An http or https URL.
        name: The parameter it was passed as, for error messages.

    Raises:
        ConfigurationError: It is not an http or https URL, or it holds a user name, a password, a query or a fragment.
    """
    url = value.strip()
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # its message would show what stands where the port belongs, such as a password
        raise ConfigurationError(f"{name} is not a valid URL: check its host and port") from None
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(f"{name} must hold no user name, password, query or fragment")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"{name} must be an http or https URL such as https://host.example, not {url!r}")
    return url.rstrip("/")


@attrs.frozen(kw_only=True)
class Settings:
    """The validated settings of a client.

    Attributes:
        token: The organisation's API token.
        base_url: The address of the service, without a slash at its end.
        timeout: The default deadline of a call, in seconds.
    """

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
        """Validate settings, and read those that are None from the environment.

        Args:
            token: The API token; None reads EDGEGAP_API_TOKEN.
            base_url: The address of the service; None reads EDGEGAP_BASE_URL, else it is the public API.
            timeout: The default deadline of a call, in seconds.
            environ: The environment variables.

        Raises:
            ConfigurationError: A value cannot work, or there is no token.
        """
        return cls(
            token=parse_token(token if token is not None else environ.get(TOKEN_VARIABLE)),
            base_url=parse_base_url(base_url or environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL),
            timeout=validate_timeout(timeout),
        )
