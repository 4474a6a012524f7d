"""Several clients with one store: one of them polls for all, and another takes over when it ends."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from coordination.processes import (
    USERS,
    eventually,
    handles,
    lateness,
    most_in_a_second,
    now,
    polls,
    processes,
    refused,
    shared,
    simulated_server,
)

from edgegap_async import EdgegapClient, State
from edgegap_async.coordination.messages import Watch, encode
from edgegap_async.coordination.store import Membership
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.waiting.progress import WaitProgress

pytestmark = pytest.mark.looptime


async def test_one_client_polls_for_all(local: LocalEdgegap) -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(2, 6)) as alone, alone.client() as edgegap:
        late = await asyncio.gather(*(lateness(edgegap, alone) for _ in range(40)))
        assert max(late) < 1
    async with processes(local, handles(simulated_server(), 4)) as clients:
        assert [shared(each).is_leader for each in clients] == [True, False, False, False]
        late = await asyncio.gather(*(lateness(each, local) for each in clients for _ in range(10)))
        assert max(late) < 1
    assert polls(local) < 1.2 * polls(alone)
    assert refused(local) == 0


async def test_progress_and_changes_reach_a_follower(local: LocalEdgegap) -> None:
    progress: list[WaitProgress] = []
    states: list[State | str] = []
    async with processes(local, handles(simulated_server(), 2)) as (_, follower):
        request = await follower.deployments.create("kart", "v1", users=USERS)

        async def watch() -> None:
            async with aclosing(follower.deployments.watch([request])) as changes:
                states.extend([change.new async for change in changes])

        watching = asyncio.create_task(watch())
        await follower.deployments.wait_until_ready(request, on_progress=progress.append)
        assert follower.stats().buckets["status"].requests == 0
        assert follower.stats().buckets["list"].requests == 0
        await follower.deployments.stop(request)
        await watching
    assert progress[-1].state is State.READY
    assert [each for each in states if each in {State.READY, State.TERMINATED}] == [State.READY, State.TERMINATED]


async def test_a_follower_does_not_poll_what_stays_the_same_for_long() -> None:
    async with (
        LocalEdgegap(seed=1, time_to_ready=(90, 90)) as local,
        processes(local, handles(simulated_server(), 2)) as (leader, follower),
    ):
        await lateness(follower, local)
        polled = [
            each.stats().buckets["list"].requests + each.stats().buckets["status"].requests
            for each in (leader, follower)
        ]
        assert polled[1] == 0 < polled[0]


async def test_the_leader_learns_of_watches_whose_messages_were_lost(local: LocalEdgegap) -> None:
    server = simulated_server()
    async with processes(local, handles(server, 2)) as (leader, follower):
        id = (await leader.deployments.create("kart", "v1", users=USERS)).request_id
        owner = follower._guard.tags.owner
        server.update(owner, {id: encode(Watch(now(), None, has_webhook=False))}, [])
        assert await eventually(lambda: polls(local) > 0, 35) > 1
        server.update(owner, {id: None}, [])
        await asyncio.sleep(35)
        before = polls(local)
        await asyncio.sleep(60)
        assert polls(local) == before


async def test_what_a_client_shows_of_the_others(local: LocalEdgegap) -> None:
    server = simulated_server()
    single = local.client(coordination=handles(server, 1)[0])
    assert (shared(single).state, shared(single).members, shared(single).is_leader) == ("not open", 1, False)
    assert shared(single).round_trips == 0
    await single.aclose()
    async with processes(local, handles(server, 3)) as clients:
        assert [shared(each).state for each in clients] == ["shared"] * 3
        assert [shared(each).members for each in clients] == [3] * 3
        assert repr(shared(clients[0])) == "<Coordination, shared, members=3>"
        before = shared(clients[1]).round_trips
        await asyncio.sleep(10)
        assert 20 <= shared(clients[1]).round_trips - before <= 30  # a heartbeat each 0.4 s
    assert [(shared(each).state, shared(each).is_leader) for each in clients] == [("closed", False)] * 3


async def test_idle_clients_send_heartbeats_and_nothing_else(
    local: LocalEdgegap, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = simulated_server()
    beats: list[str] = []
    beat = server.beat

    def count(member: str, may_lead: bool) -> Membership:
        beats.append(member)
        return beat(member, may_lead)

    async with processes(local, handles(server, 2)) as clients:
        await asyncio.gather(*(lateness(each, local) for each in clients))
        await asyncio.sleep(5)  # nothing is waited for any more
        monkeypatch.setattr(server, "beat", count)
        before = [shared(each).round_trips for each in clients]
        await asyncio.sleep(100)
        sent = [shared(each).round_trips - trips for each, trips in zip(clients, before, strict=True)]
        assert sent == [beats.count(each._guard.tags.owner) for each in clients]
        assert min(sent) > 200
    assert caplog.records == []


async def test_another_client_polls_once_the_leader_is_closed(local: LocalEdgegap) -> None:
    async with processes(local, handles(simulated_server(), 3)) as (leader, *others):
        waits = [asyncio.create_task(lateness(each, local)) for each in others for _ in range(10)]
        await asyncio.sleep(1.5)
        await leader.aclose()
        assert await eventually(lambda: any(shared(each).is_leader for each in others)) < 0.5
        assert max(await asyncio.gather(*waits)) < 1
        assert shared(others[0]).members == 2


async def test_another_client_polls_while_the_leader_is_still_closing(local: LocalEdgegap) -> None:
    async with processes(local, handles(simulated_server(), 2)) as (leader, follower):
        request = await leader.deployments.create("kart", "v1", users=USERS)
        local.faults.add("deployment-delete", "delay", seconds=8)
        leader.deployments.stop_in_background(request)
        closing = asyncio.create_task(leader.aclose())
        assert await eventually(lambda: shared(follower).is_leader) < 1
        await asyncio.sleep(4)
        assert (shared(leader).state, shared(follower).members) == ("shared", 2)
        await closing


async def test_another_client_polls_once_the_leader_is_silent(local: LocalEdgegap) -> None:
    server = simulated_server()
    stores = handles(server, 3)
    async with processes(local, stores) as (_, *others):
        waits = [asyncio.create_task(lateness(each, local)) for each in others for _ in range(10)]
        await asyncio.sleep(1.5)
        stores[0].down = True
        assert await eventually(lambda: any(shared(each).is_leader for each in others)) < 2
        assert max(await asyncio.gather(*waits)) < 2
    assert refused(local) == 0


async def test_durations_are_shared_also_with_a_client_that_joins_later(local: LocalEdgegap) -> None:
    server = simulated_server()

    def typical(edgegap: EdgegapClient) -> object:
        return edgegap._watchers.deployments.history.typical_duration(("kart", "v1"))

    async with processes(local, handles(server, 2)) as (leader, follower):
        await asyncio.gather(*(lateness(follower, local) for _ in range(6)))
        await asyncio.sleep(1.1)
        assert typical(follower) == typical(leader) is not None
        async with local.client(coordination=handles(server, 1)[0]) as late:
            assert await eventually(lambda: typical(late) is not None) < 0.5
            assert typical(late) == typical(leader)


async def test_clients_together_keep_to_the_limits(local: LocalEdgegap) -> None:
    async with processes(local, handles(simulated_server(), 4)) as clients:
        began = now()
        await asyncio.gather(*(lateness(each, local) for each in clients for _ in range(50)))
        assert now() - began < 200 / 38 + 7
    assert most_in_a_second(local, "v2-deployment-create") <= 40
    assert refused(local) == 0
