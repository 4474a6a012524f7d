"""A client that is cancelled or closed at every step of its opening, and what it shows of its secrets."""

from __future__ import annotations

import asyncio
import logging
import secrets
from pathlib import Path

import pytest
from cancellation import cancelled_at
from coordination.processes import eventually, handles, lateness, now, processes, shared, simulated_server
from secret_leaks import chain, leaks_of_frames

from benchmarks.own_valkey import OwnValkey
from benchmarks.simulated.store import SimulatedStore
from edgegap_async import CoordinationError
from edgegap_async.simulator import LocalEdgegap

PASSWORD = "pa55w0rd"


@pytest.mark.looptime
@pytest.mark.parametrize("store", ["up", "down", "silent"])
async def test_opening_is_cancelled_at_every_step(
    local: LocalEdgegap, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = simulated_server()
    server.down = store != "up"
    server.failure_seconds = 0.5 if store == "silent" else 0.0
    before = asyncio.all_tasks()

    async def scenario() -> None:
        async with local.client(coordination=SimulatedStore(server), coordination_required=store == "up"):
            await asyncio.sleep(0.1)
            server.down = True

    for step in range(1, 400):
        result = await cancelled_at(step, scenario)
        server.down = store != "up"
        await eventually(lambda: asyncio.all_tasks() == before, 3)  # closing goes on in the background
        if not result.cancelled:
            break
        assert isinstance(result.error, asyncio.CancelledError) or result.returned
    assert step > 10
    assert not any("never retrieved" in record.getMessage() for record in caplog.records)


@pytest.mark.looptime
async def test_opening_ends_if_only_the_task_of_the_coordination_is_cancelled(local: LocalEdgegap) -> None:
    server = simulated_server()
    server.latency = lambda: 0.2
    opening = asyncio.create_task(local.client(coordination=SimulatedStore(server)).__aenter__())
    await asyncio.sleep(0.1)
    (task,) = [each for each in asyncio.all_tasks() if each.get_name() == "edgegap coordination"]
    task.cancel()
    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await opening


@pytest.mark.looptime
async def test_closing_does_not_wait_for_a_store_that_hangs(local: LocalEdgegap) -> None:
    server = simulated_server()
    async with local.client(coordination=SimulatedStore(server)) as edgegap:
        await lateness(edgegap, local)
        server.latency = lambda: 100.0
        await asyncio.sleep(0.2)
        began = now()
        await asyncio.gather(edgegap.aclose(), edgegap.aclose())
        assert now() - began < 1.5
        await edgegap.aclose()
        assert shared(edgegap).state == "closed"


@pytest.mark.looptime
async def test_closing_while_the_store_is_lost_at_every_moment(local: LocalEdgegap) -> None:
    server = simulated_server()
    for microseconds in range(0, 3000, 100):
        (store,) = handles(server, 1)
        async with local.client(coordination=store) as edgegap:
            await asyncio.sleep(0.5)
            store.down = True
            await asyncio.sleep(microseconds / 1e6)
            began = now()
        assert now() - began < 1
        assert shared(edgegap).state == "closed"


async def test_the_journal_is_unlocked_if_a_client_cannot_join(local: LocalEdgegap, tmp_path: Path) -> None:
    server = simulated_server()
    server.down = True
    edgegap = local.client(coordination=handles(server, 1)[0], journal=tmp_path)
    with pytest.raises(CoordinationError):
        await edgegap.__aenter__()
    assert await asyncio.to_thread(lambda: [*tmp_path.iterdir()]) == []


@pytest.mark.parametrize("rights", [{"commands": ["+@all", "-publish"], "channels": ["*"]}, {"commands": ["+@all"]}])
async def test_a_store_that_lets_a_user_send_no_messages_is_refused_at_the_start(
    local: LocalEdgegap, valkey: OwnValkey, rights: dict[str, list[str]]
) -> None:
    admin, user = valkey.admin, secrets.token_hex(4)
    admin.acl_setuser(user, enabled=True, passwords=["+right"], keys=["*"], **rights)
    edgegap = local.client(coordination=f"redis://{user}:right@127.0.0.1:{valkey.port}")
    with pytest.raises(CoordinationError, match="refused a command") as caught:
        await edgegap.__aenter__()
    assert "permission" in str(caught.value).lower()
    admin.acl_deluser(user)
    admin.close()


async def test_no_error_or_log_shows_a_secret(
    local: LocalEdgegap, valkey: OwnValkey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"redis://user:{PASSWORD}@127.0.0.1:{valkey.port}"
    edgegap = local.client(coordination=url)
    with pytest.raises(CoordinationError, match="refused the user name or the password") as caught:
        await edgegap.__aenter__()
    assert leaks_of_frames(caught.value, PASSWORD, local.token) == []
    shown = [repr(edgegap), repr(shared(edgegap)), *map(repr, chain(caught.value)), caplog.text]
    shown.append(repr(shared(edgegap)._store))
    async with local.client(coordination=url, coordination_required=False) as alone:
        shown += [repr(alone), repr(shared(alone)), caplog.text]
    assert not [text for text in shown if PASSWORD in text or local.token in text]


@pytest.mark.looptime
async def test_a_key_of_webhooks_is_not_shown(local: LocalEdgegap) -> None:
    async with processes(local, handles(simulated_server(), 1), webhook_url="https://example.com") as (edgegap,):
        assert repr(edgegap.webhooks.key) not in repr(vars(edgegap)) + repr(vars(shared(edgegap)))
