"""The URL of a Valkey or Redis server, or a client for one: checked, and turned into a pool of connections."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import SplitResult, urlsplit

from redis import asyncio as redis_asyncio
from redis.asyncio.connection import AbstractConnection, ConnectionPool, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from edgegap_async.errors import ConfigurationError
from edgegap_async.frames import without_locals
from edgegap_async.secret import Secret

_SCHEMES: Final = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}

_SENTINEL: Final = (
    "coordination= has no URL for Sentinel: pass the client that redis.asyncio.Sentinel(...).master_for(...) returns"
)
_CLUSTER: Final = (
    "coordination= does not support a cluster: all that an organisation shares is on one node. "
    "Pass the URL of a server that is not part of a cluster"
)

_MAX_CONNECTIONS: Final = 32
"""More than the commands that run at once, and the subscriptions."""

UNNAMED: Final[Mapping[str, None]] = (
    {"driver_info": None}
    if "driver_info" in inspect.signature(AbstractConnection).parameters
    else {"lib_name": None, "lib_version": None}  # older versions of the package
)
"""Not to send the package's name and version, which each connection would read from the disk."""


@without_locals
def create_pool(value: str) -> ConnectionPool:
    """Return a pool for the server of a URL; it has no connection yet.

    Args:
        value: The URL, which can hold a password.

    Raises:
        ConfigurationError: It is not the URL of a server. The message does not show what may be a password.
    """
    url = Secret(value.strip())
    del value
    problem = _url_problem(url)
    if problem is not None:
        raise ConfigurationError(problem)
    pool = _pool(url)
    if pool is None:
        raise ConfigurationError("the URL of coordination= has an option that the package 'redis' does not know")
    return pool


def _pool(url: Secret) -> ConnectionPool | None:
    """Return a pool; None if the package ``redis`` refuses the options of the URL."""
    scheme, _, rest = url.reveal().partition("://")
    try:
        options: dict[str, Any] = {
            **parse_url(f"{_SCHEMES[scheme.lower()]}://{rest}"),
            # every command has a timeout of its own, and none is repeated
            "socket_timeout": None,
            "socket_connect_timeout": None,
            "retry": Retry(NoBackoff(), 0),
            "retry_on_timeout": False,
            "retry_on_error": [],
            "max_connections": _MAX_CONNECTIONS,
            "protocol": 2,
            **UNNAMED,
        }
        pool = ConnectionPool(**options)
        cast("Any", pool).make_connection()  # it connects only when it is used
    except Exception:
        return None  # the error can show the password
    return pool


def pool_of_client(client: object) -> object:
    """Return the pool of a client.

    Args:
        client: What was passed instead of a URL.

    Raises:
        ConfigurationError: It is not an asynchronous client for one server.
    """
    if isinstance(client, redis_asyncio.RedisCluster):
        raise ConfigurationError(_CLUSTER)
    if not isinstance(client, redis_asyncio.Redis):
        raise ConfigurationError(
            "coordination= must be a URL such as redis://host:6379, or a client of the class redis.asyncio.Redis, "
            f"not {type(client).__module__}.{type(client).__qualname__}"
        )
    return cast("object", client.connection_pool)


def _url_problem(secret: Secret) -> str | None:
    """Return why a URL cannot be used, without what may be a password; None if it can."""
    try:
        parts = urlsplit(secret.reveal())
        _ = parts.port
    except ValueError:
        return "the URL of coordination= is not valid: check its host and port, and percent-encode its password"
    if parts.scheme not in _SCHEMES:
        for name, advice in (("sentinel", _SENTINEL), ("cluster", _CLUSTER)):
            if name in parts.scheme:
                return advice
        return "the URL of coordination= must begin with redis://, rediss://, valkey://, valkeys:// or unix://"
    if "@" in parts.path + parts.query or parts.fragment:
        return "the URL of coordination= is not valid: percent-encode the characters #, /, ? and @ in its password"
    return _path_problem(parts)


def _path_problem(parts: SplitResult) -> str | None:
    """Return what is wrong with the host or the path of a URL; None if nothing is."""
    if parts.scheme == "unix":
        usable = not parts.hostname and len(parts.path) > 1
        return None if usable else "the URL of coordination= must name a socket, as unix:///run/valkey.sock does"
    if not parts.hostname:
        return "the URL of coordination= has no host: it must be like redis://host:6379"
    if "," in parts.hostname:
        return _CLUSTER
    if not re.fullmatch(r"(/\d*)?", parts.path):
        return "the path of the URL of coordination= must be the number of a database, as in redis://host:6379/0"
    return None
