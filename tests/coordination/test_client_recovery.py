"""``recover`` spares the servers of the processes that the store knows to live."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import pytest
from coordination.processes import USERS, eventually, handles, processes, shared, simulated_server

from edgegap_async import CoordinationError, GuardPolicy
from edgegap_async.coordination.messages import ServerStopped, decode_message
from edgegap_async.coordination.store import LIVING_SECONDS
from edgegap_async.simulator import LocalEdgegap

QUICK = GuardPolicy(settle_seconds=0.01)
MOMENT = timedelta(microseconds=1)


@pytest.mark.looptime
async def test_servers_of_a_process_are_stopped_once_it_is_silent_for_long(local: LocalEdgegap) -> None:
    server = simulated_server()
    stores = handles(server, 2)
    async with processes(local, stores, guard=QUICK) as (dies, lives):
        theirs = await dies.deployments.create("kart", "v1", users=USERS)
        own = await lives.deployments.create("kart", "v1", users=USERS)
        await asyncio.sleep(10)
        assert await lives.recover(older_than=MOMENT) == ()
        stores[0].down = True
        await asyncio.sleep(LIVING_SECONDS - 5)
        assert await lives.recover(older_than=MOMENT) == ()
        await asyncio.sleep(10)
        assert [each.request_id for each in await lives.recover(older_than=MOMENT)] == [theirs.request_id]
        assert local.history[own.request_id].stop_requested_at is None


@pytest.mark.looptime
async def test_nothing_is_stopped_while_the_store_is_lost(local: LocalEdgegap) -> None:
    server = simulated_server()
    async with local.client() as other:
        await other.deployments.create("kart", "v1", users=USERS)
    async with processes(local, handles(server, 1), guard=QUICK) as (edgegap,):
        server.down = True
        await asyncio.sleep(2)
        with pytest.raises(CoordinationError, match="does not say which processes live"):
            await edgegap.recover(older_than=MOMENT)
        assert [each.stop_requested_at for each in local.history] == [None]
        server.down = False
        await asyncio.sleep(2)
        assert shared(edgegap).state == "shared"
        assert len(await edgegap.recover(older_than=MOMENT)) == 1


@pytest.mark.parametrize("bulk", [False, True])
async def test_the_journal_of_a_process_knows_what_another_one_has_stopped(
    local: LocalEdgegap, tmp_path: Path, bulk: bool
) -> None:
    async with processes(local, handles(simulated_server(), 3), journal=tmp_path) as (creates, stops, _):
        requests = [await creates.deployments.create("kart", "v1", users=USERS) for _ in range(2)]
        (journal,) = await asyncio.to_thread(lambda: [*tmp_path.glob(f"{creates._guard.tags.owner}*")])
        if bulk:
            assert len(await stops.deployments.bulk_stop(request_ids=requests)) == 2
        else:
            for each in requests:
                await stops.deployments.stop(each)
        await eventually(lambda: b"kart" not in journal.read_bytes())
    assert await asyncio.to_thread(lambda: [*tmp_path.iterdir()]) == []


async def test_what_a_process_stops_itself_is_not_announced(local: LocalEdgegap, tmp_path: Path) -> None:
    server = simulated_server()
    store = handles(server, 1)[0]
    async with processes(local, [store], journal=tmp_path) as (edgegap,), aclosing(store.messages("other")) as messages:
        await anext(messages)
        await edgegap.deployments.stop(await edgegap.deployments.create("kart", "v1", users=USERS))
        await edgegap.deployments.stop("another's")
        message = decode_message(await anext(messages))
        assert isinstance(message, ServerStopped)
        assert message.id == "another's"


async def test_a_journal_is_spared_whose_owner_lives_by_the_store(local: LocalEdgegap, tmp_path: Path) -> None:
    server = simulated_server()
    dead, live = handles(server, 2)
    async with local.client(journal=tmp_path) as other:
        await other.deployments.create("kart", "v1", users=USERS)
    (journal,) = await asyncio.to_thread(lambda: [*tmp_path.iterdir()])
    await dead.beat(journal.stem)  # it is open on a host that does not see the lock
    async with local.client(journal=tmp_path, coordination=live, guard=QUICK) as edgegap:
        assert await edgegap.recover() == ()
        server.leave(journal.stem)
        assert len(await edgegap.recover()) == 1
