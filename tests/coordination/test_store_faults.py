"""A Valkey server that stops, is silent or refuses, many callers at once, and cancelled ones."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress

import pytest
from coordination.stores import slots
from redis import asyncio as redis_asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from secret_leaks import chain, frames, leaks_of_frames

from benchmarks.own_valkey import OwnValkey
from benchmarks.simulated.store import SimulatedStore, SimulatedStoreServer
from edgegap_async.coordination.connections import ChannelSubscription, StoreConnections
from edgegap_async.coordination.server_url import UNNAMED, create_pool
from edgegap_async.coordination.store import RESPONSE_SECONDS, StoreError
from edgegap_async.coordination.valkey import ValkeyStore

BUSY = 0.25
"""Seconds by which a busy machine may be late."""

PASSWORD = "pa55w0rd"


@asynccontextmanager
async def opened(server: OwnValkey, organisation: str) -> AsyncIterator[ValkeyStore]:
    store = ValkeyStore(server.url, organisation=organisation)
    await store.open()
    yield store
    await store.close()


async def seconds_until_error(work: Awaitable[object]) -> float:
    began = time.monotonic()
    with pytest.raises(StoreError) as caught:
        await work
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return time.monotonic() - began


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_server_that_was_killed_is_used_again_after_its_restart(
    mortal_valkey: OwnValkey, organisation: str
) -> None:
    async with opened(mortal_valkey, organisation) as store, aclosing(store.messages("listener")) as messages:
        await anext(messages)
        await asyncio.gather(*(store.beat("a") for _ in range(20)))
        mortal_valkey.kill()
        assert await seconds_until_error(anext(messages)) < BUSY
        assert await seconds_until_error(store.beat("a")) < BUSY
        mortal_valkey.restart()
        assert not (await store.beat("a")).was_known
        async with aclosing(store.messages("listener")) as again:
            assert await anext(again) == b""


async def test_a_silent_server_is_an_error_within_half_a_second(mortal_valkey: OwnValkey, organisation: str) -> None:
    async with opened(mortal_valkey, organisation) as store:
        mortal_valkey.freeze()
        durations = await asyncio.gather(*(seconds_until_error(store.reserve(slots())) for _ in range(30)))
        assert RESPONSE_SECONDS - 0.01 < min(durations) <= max(durations) < RESPONSE_SECONDS + BUSY
        mortal_valkey.resume()
        assert (await store.beat("a")).leader == "a"


async def test_a_server_that_accepts_no_connection_is_an_error_within_half_a_second(organisation: str) -> None:
    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(ignore, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    store = ValkeyStore(f"redis://:{PASSWORD}@127.0.0.1:{port}", organisation=organisation)
    began = asyncio.ensure_future(store.beat("a"))
    await asyncio.sleep(0.05)
    began.cancel()
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await began
    assert leaks_of_frames(cancelled.value, PASSWORD) == []
    assert not [frame for frame in frames(cancelled.value) if "/redis/" in frame.f_code.co_filename]
    assert await seconds_until_error(store.open()) == pytest.approx(RESPONSE_SECONDS, abs=BUSY)
    await store.close()
    silent.close()
    await silent.wait_closed()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_subscription_sends_nothing(valkey: OwnValkey, organisation: str, protocol: int) -> None:
    admin = valkey.admin
    client = redis_asyncio.Redis.from_url(valkey.url, protocol=protocol, socket_timeout=0.2, **UNNAMED)
    store = ValkeyStore(client, organisation=organisation)
    async with aclosing(store.messages("listener")) as messages:
        await anext(messages)
        admin.config_resetstat()
        waiting = asyncio.ensure_future(anext(messages))
        await asyncio.sleep(1.1)
        assert {"cmdstat_ping", "cmdstat_client|setinfo"}.isdisjoint(admin.info("commandstats"))
        await store.update("a", {}, [b"late"])
        assert await waiting == b"late"
    await client.aclose()
    admin.close()


async def test_a_connection_that_is_closed_ends_the_messages(valkey: OwnValkey, organisation: str) -> None:
    admin = valkey.admin
    async with opened(valkey, organisation) as store, aclosing(store.messages("listener")) as messages:
        await anext(messages)
        admin.client_kill_filter(_type="pubsub")
        assert await seconds_until_error(anext(messages)) < BUSY
    admin.close()


async def test_closed_messages_are_no_longer_subscribed_to(valkey: OwnValkey, organisation: str) -> None:
    admin, channel = valkey.admin, f"edgegap:{{{organisation}}}:messages"
    async with opened(valkey, organisation) as store:
        messages = store.messages("listener")
        await anext(messages)
        assert admin.pubsub_numsub(channel)[0][1] == 1
        await messages.aclose()
        await eventually(lambda: admin.pubsub_numsub(channel)[0][1] == 0)
    admin.close()


async def test_many_callers_share_a_few_connections(valkey: OwnValkey, organisation: str) -> None:
    admin = valkey.admin
    async with opened(valkey, organisation) as store:
        before = len(admin.client_list())
        reserved = await asyncio.gather(*(store.reserve(slots(rate=1000)) for _ in range(200)))
        assert len(admin.client_list()) - before <= 8
        assert len({(each.delays, each.next_delay) for each in reserved}) == 200
    await eventually(lambda: len(admin.client_list()) < before)
    admin.close()


async def test_callers_wait_for_the_few_connections_of_a_client(valkey: OwnValkey, organisation: str) -> None:
    client = redis_asyncio.Redis.from_url(valkey.url, max_connections=2, **UNNAMED)
    store = ValkeyStore(client, organisation=organisation)
    async with aclosing(store.messages("listener")) as messages:
        await anext(messages)
        await asyncio.gather(*(store.reserve(slots()) for _ in range(30)))
    for _ in range(3):
        async with aclosing(store.messages("listener")) as messages:
            await anext(messages)
    await client.aclose()


async def test_a_cancellation_that_a_connection_loses_is_raised(organisation: str) -> None:
    async def lose_it() -> str:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(1)
        return "done"

    connections = StoreConnections(create_pool("redis://127.0.0.1:1"))  # type: ignore[arg-type]
    call = asyncio.ensure_future(connections.bounded(lose_it()))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    with pytest.raises(StoreError, match="did not respond"):
        await connections.bounded(lose_it(), 0.01)


async def test_the_response_of_a_cancelled_call_reaches_no_other(mortal_valkey: OwnValkey, organisation: str) -> None:
    client = redis_asyncio.Redis.from_url(mortal_valkey.url, max_connections=1, **UNNAMED)
    store = ValkeyStore(client, organisation=organisation)
    await store.open()
    for attempt in range(5):
        mortal_valkey.freeze()
        cancelled = asyncio.ensure_future(store.shared_value(f"cancelled {attempt}", b"cancelled"))
        await asyncio.sleep(0.002 * attempt)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        mortal_valkey.resume()
        for name in (f"{attempt} one", f"{attempt} two"):
            assert await store.shared_value(name, name.encode()) == name.encode()
    await client.aclose()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_client_that_was_passed_in_is_used_and_stays_open(
    valkey: OwnValkey, organisation: str, protocol: int
) -> None:
    client = redis_asyncio.Redis.from_url(valkey.url, decode_responses=True, protocol=protocol, **UNNAMED)
    store = ValkeyStore(client, organisation=organisation)
    await store.open()
    assert (await store.beat("a")).leader == "a"
    await store.update("a", {"server": b"\xff"})
    assert await store.watches() == {"a": {"server": b"\xff"}}
    assert await store.shared_value("key", b"\xfe") == b"\xfe"
    assert (await store.reserve(slots())).rate == 10
    async with aclosing(store.messages("listener")) as messages:
        await anext(messages)
        waiting = asyncio.ensure_future(anext(messages))
        await store.update("a", {}, [b"\xfd"])
        assert await waiting == b"\xfd"
    connection = await client.client_id()
    await store.close()
    assert await client.client_id() == connection
    await client.aclose()


async def test_scripts_that_the_server_forgot_are_sent_again(valkey: OwnValkey, organisation: str) -> None:
    admin = valkey.admin
    async with opened(valkey, organisation) as store:
        await store.beat("a")
        before = store.round_trips
        await store.beat("a")
        assert store.round_trips == before + 1
        admin.script_flush()
        assert (await store.beat("a")).was_known
        assert store.round_trips == before + 3
    admin.close()


async def test_a_script_whose_response_is_lost_is_not_repeated(organisation: str) -> None:
    received: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if b"EVALSHA" in data:
                received.append(data)
                break
            writer.write(b"+OK\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    patient = redis_asyncio.Redis(port=port, retry=Retry(NoBackoff(), 3), protocol=2, **UNNAMED)
    for target in (f"redis://127.0.0.1:{port}", patient):
        received.clear()
        store = ValkeyStore(target, organisation=organisation)
        assert await seconds_until_error(store.reserve(slots())) < BUSY
        assert len(received) == 1
        await store.close()
    await patient.aclose()
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def serving(response: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that sends the same to every command, and hangs up; its port, and what it received."""
    received: list[bytes] = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(65536))
        writer.write(response)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], received
    server.close()
    await server.wait_closed()


async def test_the_text_of_a_refused_login_does_not_show_its_arguments(organisation: str) -> None:
    refusal = f"-ERR unknown command 'AUTH {PASSWORD}', with args beginning with: 'private'\r\n".encode()
    async with serving(refusal) as (port, _):
        store = ValkeyStore(f"redis://:{PASSWORD}@127.0.0.1:{port}", organisation=organisation)
        with pytest.raises(StoreError, match="unknown command") as caught:
            await store.open()
        assert PASSWORD not in str(caught.value)
        assert "private" not in str(caught.value)
        await store.close()


async def test_a_login_that_fails_is_not_repeated(organisation: str) -> None:
    async with serving(b"") as (port, received):
        store = ValkeyStore(f"redis://:{PASSWORD}@127.0.0.1:{port}", organisation=organisation)
        assert await seconds_until_error(store.open()) < BUSY
        assert len(received) == 1
        await store.close()


class PlannedConnection:
    """A connection, and the pool of it, with the responses that a test plans."""

    connection_kwargs: Mapping[str, object] = {}
    max_connections = 1

    def __init__(self, *responses: object) -> None:
        self._responses = list(responses)

    async def get_connection(self) -> PlannedConnection:
        return self

    async def release(self, connection: PlannedConnection) -> None: ...

    async def aclose(self) -> None: ...

    async def send_command(self, *command: object, check_health: bool) -> None: ...

    async def disconnect(self, nowait: bool) -> None: ...

    async def read_response(self, disable_decoding: bool, timeout: float | None = None, **_: bool) -> object:
        return self._responses.pop(0)


async def test_a_message_that_arrived_while_the_process_was_busy_is_read_before_the_store_counts_as_silent() -> None:
    subscription = ChannelSubscription(
        StoreConnections(
            PlannedConnection(
                b"subscribed",
                *(None, [b"message", b"channel", b"late"]),
                *(None, b"something else", None, [b"message", b"channel", b"later"]),
                *(None, None),
            )
        )
    )
    await subscription.open("channel", "other channel")
    assert await subscription.receive() == b"late"
    assert await subscription.receive() == b"later"
    with pytest.raises(StoreError, match="sends no messages"):
        await subscription.receive()


@pytest.mark.looptime
async def test_the_simulated_store_delivers_messages_in_the_order_in_which_they_were_sent() -> None:
    latencies = itertools.cycle([0.05, 0.01, 0.03])
    store = SimulatedStore(SimulatedStoreServer(asyncio.get_running_loop().time, lambda: next(latencies)))
    sent = [str(n).encode() for n in range(6)]
    async with aclosing(store.messages("listener")) as messages:
        await anext(messages)
        began = asyncio.get_running_loop().time()
        update = asyncio.ensure_future(store.update("a", {}, sent))
        assert [await anext(messages) for _ in sent[:4]] == sent[:4]  # the third takes longest, the fourth least
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.03 + 0.05)
        assert [await anext(messages) for _ in sent[4:]] == sent[4:]
        await update


async def test_a_wrong_password_is_an_error_that_does_not_show_it(valkey: OwnValkey, organisation: str) -> None:
    admin, user = valkey.admin, secrets.token_hex(4)
    admin.acl_setuser(user, enabled=True, passwords=["+right"], commands=["+@all"], keys=["*"], channels=["*"])
    store = ValkeyStore(f"redis://{user}:{PASSWORD}@127.0.0.1:{valkey.port}", organisation=organisation)
    with pytest.raises(StoreError, match="refused the user name or the password") as caught:
        await store.open()
    assert not [link for link in chain(caught.value) if PASSWORD in str(link)]
    assert leaks_of_frames(caught.value, PASSWORD) == []
    assert not [frame for frame in frames(caught.value) if "/redis/" in frame.f_code.co_filename]
    await store.close()
    store = ValkeyStore(f"redis://{user}:right@127.0.0.1:{valkey.port}", organisation=organisation)
    await store.open()
    await store.close()
    admin.acl_deluser(user)
    admin.close()


async def test_a_refused_command_is_an_error_that_says_why(valkey: OwnValkey, organisation: str) -> None:
    admin = valkey.admin
    async with opened(valkey, organisation) as store:
        admin.set(f"edgegap:{{{organisation}}}:members", "no sorted set")
        with pytest.raises(StoreError, match=r"refused a command .*WRONGTYPE"):
            await store.beat("a")
        await store.shared_value("name", b"1")
    admin.close()


async def test_a_heartbeat_keeps_what_a_member_waits_for_and_the_values(valkey: OwnValkey, organisation: str) -> None:
    admin, key = valkey.admin, f"edgegap:{{{organisation}}}:watches:a"
    async with opened(valkey, organisation) as store:
        await store.update("a", {"server": b"1"})
        await store.shared_value("key", b"1")
        values = f"edgegap:{{{organisation}}}:values"
        for each in (key, values):
            admin.pexpire(each, 10_000)
        await store.beat("a")
        assert min(admin.pttl(key), admin.pttl(values)) > 80_000_000
    admin.close()


async def test_all_keys_have_one_hash_tag_and_expire(valkey: OwnValkey, organisation: str) -> None:
    admin = valkey.admin
    async with opened(valkey, organisation) as store:
        await store.beat("a")
        await store.update("a", {"server": b"1"})
        await store.reserve(slots())
        await store.slow_down(slots(bucket="list"), pause=1, age=0)
        await store.shared_value("key", b"1")
    keys = admin.keys(f"*{organisation}*")
    assert len(keys) == 6
    assert all(key.startswith(f"edgegap:{{{organisation}}}:") for key in keys)
    assert all(0 < admin.pttl(key) <= 86_400_000 for key in keys)
    admin.close()


@pytest.mark.looptime
async def test_the_simulated_store_fails_while_it_is_down_or_slow() -> None:
    loop = asyncio.get_running_loop()
    server = SimulatedStoreServer(loop.time)
    store, other = SimulatedStore(server), SimulatedStore(server)
    async with aclosing(store.messages("listener")) as messages:
        await anext(messages)
        server.down = True
        began = loop.time()
        with pytest.raises(StoreError):
            await store.beat("a")
        assert loop.time() - began == pytest.approx(RESPONSE_SECONDS)
        with pytest.raises(StoreError):
            await anext(messages)
        server.down = False
    assert not (await store.beat("a")).was_known
    store.down = True
    with pytest.raises(StoreError):
        await store.beat("a")
    assert (await other.beat("b")).members == 2
    server.latency = lambda: 0.3
    with pytest.raises(StoreError):
        await other.leave("b")
    server.latency = lambda: 0.2
    began = loop.time()
    assert await other.living() == {"a"}
    assert loop.time() - began == pytest.approx(0.4)
    server.flush()
    assert await other.living() == set()
