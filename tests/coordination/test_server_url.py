"""The URLs and clients that a store accepts, and what errors show of a password."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

import pytest
import redis
from redis import asyncio as redis_asyncio
from redis.asyncio.connection import SSLConnection
from secret_leaks import chain, leaks_of_frames

from edgegap_async.coordination.server_url import create_pool
from edgegap_async.coordination.valkey import ValkeyStore
from edgegap_async.errors import ConfigurationError

PASSWORD = "pa55w0rd"


@pytest.mark.parametrize(
    ("url", "host", "port", "database"),
    [
        ("redis://host", "host", None, None),
        ("redis://host:7000/3", "host", 7000, 3),
        (" valkey://host:7000/ ", "host", 7000, None),
        ("VALKEY://host?db=4", "host", None, 4),
        ("redis://[::1]:7000", "::1", 7000, None),
        ("rediss://host:7000/3", "host", 7000, 3),
        ("valkeys://host:7000/3", "host", 7000, 3),
    ],
)
def test_the_url_of_a_server(url: str, host: str, port: int | None, database: int | None) -> None:
    pool = create_pool(url)
    found = pool.connection_kwargs
    assert (found["host"], found.get("port"), found.get("db")) == (host, port, database)
    assert (pool.connection_class is SSLConnection) == (url.partition(":")[0] in {"rediss", "valkeys"})


def test_the_url_of_a_socket() -> None:
    assert create_pool("unix:///run/valkey.sock?db=2").connection_kwargs["path"] == "/run/valkey.sock"


def test_the_user_name_and_the_password_of_a_url() -> None:
    found = create_pool("valkey://user%40x:pa%23ss@host").connection_kwargs
    assert (found["username"], found["password"]) == ("user@x", "pa#ss")


def test_the_timeouts_and_retries_of_a_url_have_no_effect() -> None:
    found = create_pool("redis://host?socket_timeout=9&retry_on_timeout=yes&protocol=3").connection_kwargs
    assert (found["socket_timeout"], found["retry_on_timeout"], found["protocol"]) == (None, False, 2)


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        (f"redis+sentinel://:{PASSWORD}@host:26379/main", "master_for"),
        (f"sentinel://:{PASSWORD}@host:26379", "master_for"),
        (f"redis+cluster://:{PASSWORD}@host", "not part of a cluster"),
        (f"https://:{PASSWORD}@host", "must begin with redis://"),
        (f":{PASSWORD}@host:6379", "must begin with redis://"),
        ("", "must begin with redis://"),
        (f"redis://:{PASSWORD}@host,other:6379", "not part of a cluster"),
        (f"redis://:{PASSWORD}@host:port", "percent-encode"),
        (f"redis://:{PASSWORD}/x@host", "percent-encode"),
        (f"redis://user:1/{PASSWORD}@host", "percent-encode"),
        (f"redis://user:1?{PASSWORD}@host", "percent-encode"),
        (f"redis://user:1#{PASSWORD}@host", "percent-encode"),
        (f"redis://:{PASSWORD}@/0", "no host"),
        (f"redis://:{PASSWORD}@host/database", "number of a database"),
        (f"redis://:{PASSWORD}@host/0/1", "number of a database"),
        (f"redis://:{PASSWORD}@host?unheard_of=1", "option"),
        (f"redis://:{PASSWORD}@host?socket_keepalive={PASSWORD}&db=x", "option"),
        ("unix://run/valkey.sock", "must name a socket"),
        ("unix://", "must name a socket"),
    ],
)
def test_other_urls_are_refused_without_their_password(url: str, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice) as caught:
        ValkeyStore(url, organisation="ab")
    assert not [link for link in chain(caught.value) if PASSWORD in str(link)]
    assert leaks_of_frames(caught.value, PASSWORD) == []


@pytest.mark.parametrize(
    ("create", "advice"),
    [
        (redis.Redis, "redis.asyncio.Redis"),
        (lambda: redis_asyncio.RedisCluster(host="host"), "not part of a cluster"),
        (lambda: redis_asyncio.Sentinel([("host", 1)]), "redis.asyncio.Redis"),
        (lambda: 5, "redis.asyncio.Redis"),
    ],
)
def test_other_clients_are_refused(create: Callable[[], redis_asyncio.Redis], advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        ValkeyStore(create(), organisation="ab")


def test_the_client_of_a_sentinel_is_accepted() -> None:
    client = redis_asyncio.Sentinel([("host", 1)]).master_for("main")
    assert repr(ValkeyStore(client, organisation="ab")) == "<ValkeyStore at the address that its client finds>"


def test_a_store_shows_its_address_and_no_password() -> None:
    store = ValkeyStore(f"redis://:{PASSWORD}@host:7000", organisation="ab")
    assert repr(store) == "<ValkeyStore at host:7000>"
    assert not [value for value in vars(store).values() if PASSWORD in repr(value)]


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("edgegap_async.coordination.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "redis"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError, match=r"pip install 'edgegap-async\[valkey\]'"):
        importlib.import_module("edgegap_async.coordination.valkey")
