"""The client's settings: the token, the address of the service, and the default timeout."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Final
from urllib.parse import urlsplit

import attrs

from edgegap_async.errors import ConfigurationError
from edgegap_async.secret import Secret, as_secret, parse_secret
from edgegap_async.validation import validate_timeout

DEFAULT_BASE_URL: Final = "https://api.edgegap.com"
TOKEN_VARIABLE: Final = "EDGEGAP_API_TOKEN"  # noqa: S105 - the variable's name, not its value
BASE_URL_VARIABLE: Final = "EDGEGAP_BASE_URL"
COORDINATION_VARIABLE: Final = "EDGEGAP_COORDINATION_URL"

_BEFORE_TOKEN: Final = re.compile(r"(authorization\s*:\s*)?(token\s+)*", re.IGNORECASE)
_BEARER: Final = re.compile(r"bearer(\s|$)", re.IGNORECASE)
_NOT_IN_URLS: Final = re.compile(r"[\x00-\x20\x7f]")
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


def parse_token(value: str | Secret | None) -> Secret:
    """Return the API token, without the words that the service's documents show in front of it.

    ``<value>``, ``token <value>``, ``token token <value>`` and ``Authorization: token <value>`` are the same, in
    capitals or not, with any number of spaces.

    Raises:
        ConfigurationError: The token is missing, has the scheme ``Bearer``, or cannot be a token.
    """
    passed = Secret("") if value is None else as_secret(value, "the API token")
    del value
    if isinstance(passed, ConfigurationError):
        raise passed
    secret = Secret(_BEFORE_TOKEN.sub("", passed.reveal().strip(), count=1))
    if secret.reveal().lower() in {"", "token"}:
        raise ConfigurationError(
            f"no API token: set {TOKEN_VARIABLE} or pass token= (create one in the dashboard: User Settings, Tokens)"
        )
    if _BEARER.match(secret.reveal()):
        raise ConfigurationError(
            "the API token begins with the word 'Bearer', a scheme that the service does not have: "
            "pass the value of an API token alone"
        )
    return parse_secret(secret.reveal(), "the API token")


def parse_base_url(value: str, name: str = "base_url") -> str:
    """Return the address of a service without a slash at its end.

    Args:
        value: An http or https URL.
        name: The parameter it was passed as, for error messages.

    Raises:
        ConfigurationError: It is not an http or https URL, its host cannot exist, or it holds a user name, a password,
            a query or a fragment.
    """
    url = value.strip()
    problem = _url_problem(url, name) or _address_problem(url, name)
    del value
    if problem is not None:
        del url
        raise ConfigurationError(problem)
    return url.rstrip("/")


def parse_proxy_url(value: str) -> Secret:
    """Return the URL of an HTTP proxy; it may hold a user name and a password.

    Raises:
        ConfigurationError: It is not an http or https URL, or its host cannot exist.
    """
    secret = Secret(value)
    del value
    problem = _url_problem(secret.reveal(), "proxy")
    if problem is not None:
        raise ConfigurationError(problem)
    return secret


def _url_problem(url: str, name: str) -> str | None:
    """Return why requests cannot be sent to a URL, without what may be a password; None if they can."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # its message would show what stands where the port belongs, such as a password
        return f"{name} is not a valid URL: check its host and port"
    if _NOT_IN_URLS.search(url):
        return f"{name} is not a valid URL: it holds a space or a control character"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        shown = "" if "@" in url else f", not {url!r}"
        return f"{name} must be an http or https URL such as https://host.example{shown}"
    return None if _is_host(parts.hostname) else f"{name} is not a valid URL: no host can have this name"


def _address_problem(url: str, name: str) -> str | None:
    """Return what a URL holds besides an address; None if it holds nothing else."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None or "?" in url or "#" in url:
        return f"{name} must hold no user name, password, query or fragment"
    return None


def _is_host(name: str) -> bool:
    """Return whether a name can be looked up; aiohttp does not turn the resolver's UnicodeError into one of its own."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        try:
            return _HOST_NAME.fullmatch(name.encode("idna").decode()) is not None
        except UnicodeError:
            return False
    return True


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
    def read(cls, token: str | None, base_url: str | None, timeout: float) -> Settings:
        """Validate settings, and read those that are None from the environment.

        Args:
            token: The API token; None reads EDGEGAP_API_TOKEN.
            base_url: The address of the service; None reads EDGEGAP_BASE_URL, else it is the public API.
            timeout: The default deadline of a call, in seconds.

        Raises:
            ConfigurationError: A value cannot work, or there is no token.
        """
        passed = Secret(os.environ.get(TOKEN_VARIABLE, "")) if token is None else as_secret(token, "the API token")
        del token
        if isinstance(passed, ConfigurationError):
            raise passed
        return cls(
            token=parse_token(passed),
            base_url=parse_base_url(base_url or os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL),
            timeout=validate_timeout(timeout),
        )
