"""Clients whose store is down, empty or slow for a while, and one that is paused."""

from __future__ import annotations

import asyncio
import itertools
import logging
from contextlib import aclosing

import pytest
from coordination.processes import (
    USERS,
    PausableStore,
    eventually,
    handles,
    lateness,
    most_in_a_second,
    now,
    processes,
    refused,
    shared,
    simulated_server,
)

from benchmarks.simulated.store import SimulatedStore
from edgegap_async import CoordinationError, State
from edgegap_async.coordination.store import Membership, StoreError
from edgegap_async.simulator import LocalEdgegap

pytestmark = pytest.mark.looptime


def logged(caplog: pytest.LogCaptureFixture, text: str) -> int:
    return sum(text in record.getMessage() for record in caplog.records)


async def test_clients_go_on_while_the_store_is_down(local: LocalEdgegap, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "edgegap_async")
    server = simulated_server()
    async with processes(local, handles(server, 3)) as clients:
        waits = [asyncio.create_task(lateness(each, local)) for each in clients for _ in range(100)]
        await asyncio.sleep(2)
        server.down = True
        assert await eventually(lambda: all(shared(each).state == "lost" for each in clients)) < 1
        assert not any(shared(each).is_leader for each in clients)
        await asyncio.sleep(10)
        server.down = False
        assert await eventually(lambda: all(shared(each).state == "shared" for each in clients)) < 2
        assert sum(shared(each).is_leader for each in clients) <= 1
        late = await asyncio.gather(*waits)
    assert len(late) == len(local.history) == 300
    assert max(late) < 5
    assert refused(local) == 0
    limits = {"v2-deployment-create": 40, "deployment-list": 10, "deployment-get": 20}
    assert all(most_in_a_second(local, name) <= limit for name, limit in limits.items())
    assert logged(caplog, "the coordination store is lost") == 3
    assert logged(caplog, "the coordination store is back") == 3


async def test_a_store_without_its_data_causes_no_burst(local: LocalEdgegap) -> None:
    server = simulated_server()
    async with processes(local, handles(server, 3), webhook_url="https://example.com/hooks") as clients:
        key = clients[0].webhooks.key
        assert {each.webhooks.key for each in clients} == {key}
        waits = [asyncio.create_task(lateness(each, local)) for each in clients for _ in range(60)]
        await asyncio.sleep(2)
        server.flush()
        assert max(await asyncio.gather(*waits)) < 2
        assert refused(local) == 0
        async with local.client(
            coordination=handles(server, 1)[0], webhook_url="https://example.com/hooks"
        ) as joins_later:
            assert joins_later.webhooks.key == key
            assert {shared(each).state for each in clients} == {"shared"}


async def test_what_a_client_waits_for_is_registered_again(local: LocalEdgegap) -> None:
    server = simulated_server()
    async with processes(local, handles(server, 2)) as (leader, follower):
        waits = [asyncio.create_task(lateness(follower, local)) for _ in range(10)]
        await asyncio.sleep(1.5)
        server.flush()
        server.beat(leader._guard.tags.owner)  # it leads again
        assert max(await asyncio.gather(*waits)) < 2
        assert follower.stats().buckets["list"].requests == 0


async def test_a_slow_store_delays_little(local: LocalEdgegap) -> None:
    server = simulated_server()
    server.latency = lambda: 0.2
    async with processes(local, handles(server, 3)) as clients:
        assert max(await asyncio.gather(*(lateness(each, local) for each in clients for _ in range(10)))) < 2
        assert {shared(each).state for each in clients} == {"shared"}
    assert refused(local) == 0


async def test_late_messages_of_a_leader_that_was_paused_are_ignored(local: LocalEdgegap) -> None:
    server = simulated_server()
    paused = PausableStore(SimulatedStore(server))
    states: list[State | str] = []
    async with processes(local, [paused, *handles(server, 2)]) as (_, second, third):
        request = await third.deployments.create("kart", "v1", users=USERS)

        async def watch() -> None:
            async with aclosing(third.deployments.watch([request])) as changes:
                states.extend([change.new async for change in changes])

        watching = asyncio.create_task(watch())
        await asyncio.sleep(0.3)  # the leader knows of it, and has not shown it yet
        paused.pause()
        await third.deployments.wait_until_ready(request)
        assert shared(second).is_leader or shared(third).is_leader
        paused.resume()
        await asyncio.sleep(1)
        await third.deployments.stop(request)
        await watching
    order = [State.READY, State.TERMINATING, State.TERMINATED]
    places = [order.index(each) if each in order else -1 for each in states]
    assert places == sorted(places)


@pytest.mark.parametrize("seconds", [6.0, 8.5, 11.0])
async def test_one_of_many_processes_polls_as_soon_as_the_store_is_back(local: LocalEdgegap, seconds: float) -> None:
    server = simulated_server()

    async def send_heartbeats() -> None:
        while True:
            for number in range(199):
                server.beat(f"other {number}", may_lead=False)
            await asyncio.sleep(1)

    others = asyncio.create_task(send_heartbeats())
    async with processes(local, handles(server, 1)) as (edgegap,):
        await asyncio.gather(*(lateness(edgegap, local) for _ in range(30)))  # the store knows the buckets
        requests = [await edgegap.deployments.create("kart", "v1", users=USERS) for _ in range(30)]
        waits = [asyncio.create_task(edgegap.deployments.wait_until_ready(each)) for each in requests]
        await asyncio.sleep(0.1)
        server.down = True
        await asyncio.sleep(seconds)  # a page each 21 s
        server.down = False
        assert await eventually(lambda: shared(edgegap).is_leader) < 1
        began = now()
        await asyncio.gather(*waits)
        assert now() - began < 2.5
    others.cancel()
    await asyncio.wait({others})


async def test_what_happened_while_the_store_was_lost_is_not_announced_later(local: LocalEdgegap) -> None:
    stores = handles(simulated_server(), 2)
    async with processes(local, stores) as (refused, other):
        stores[0].down = True
        await asyncio.sleep(1)
        local.faults.add("location-list", "rate_limited", retry_after=5)
        assert [each async for each in refused.locations.list()]
        stores[0].down = False
        await eventually(lambda: shared(refused).state == "shared")
        await asyncio.sleep(0.5)
        began = now()
        assert [each async for each in other.locations.list()]
        assert now() - began < 1


async def test_slow_responses_do_not_change_what_is_known_of_the_clock_of_the_store(local: LocalEdgegap) -> None:
    latencies = itertools.cycle([0.001, 0.001, 0.001, 0.3])
    store = SimulatedStore(simulated_server(), lambda: next(latencies))
    async with processes(local, [store]) as (edgegap,):
        await asyncio.sleep(3)
        known = []
        for _ in range(100):
            await asyncio.sleep(0.1)
            known.append(shared(edgegap)._slots.store_time(0.0))
    assert max(known) - min(known) < 0.05


class RefusingStore(SimulatedStore):
    """A store that accepts connections, and refuses every heartbeat while ``refuses``."""

    refuses = False

    async def beat(self, member: str, *, may_lead: bool = True) -> Membership:
        if self.refuses:
            raise StoreError("out of memory")
        return await super().beat(member, may_lead=may_lead)


async def test_a_store_that_refuses_heartbeats_is_lost_once(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "edgegap_async")
    store = RefusingStore(simulated_server())
    async with processes(local, [store]) as (edgegap,):
        store.refuses = True
        await asyncio.sleep(10)
        assert shared(edgegap).state == "lost"
        store.refuses = False
        assert await eventually(lambda: shared(edgegap).state == "shared") < 2
    assert logged(caplog, "the coordination store is lost") == 1
    assert logged(caplog, "the coordination store is back") == 1


async def test_a_client_does_not_open_without_the_store(local: LocalEdgegap) -> None:
    server = simulated_server()
    server.down = True
    edgegap = local.client(coordination=handles(server, 1)[0])
    with pytest.raises(CoordinationError, match="coordination_required=False to start without it"):
        await edgegap.__aenter__()
    assert repr(edgegap).endswith("closed>")
    assert shared(edgegap).state == "closed"
    await edgegap.aclose()


async def test_a_client_that_opens_without_the_store_joins_later(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    server = simulated_server()
    server.down = True
    async with local.client(coordination=handles(server, 1)[0], coordination_required=False) as edgegap:
        assert shared(edgegap).state == "lost"
        began = now()
        assert await lateness(edgegap, local) < 1
        assert now() - began < 8
        server.down = False
        assert await eventually(lambda: shared(edgegap).state == "shared") < 2
        assert shared(edgegap).is_leader
        assert await lateness(edgegap, local) < 1
    assert logged(caplog, "this process starts alone") == 1
    assert logged(caplog, "is lost") == 0


async def test_an_idle_reservation_ends_with_the_client(local: LocalEdgegap) -> None:
    async with processes(local, handles(simulated_server(), 1)) as (edgegap,):
        local.faults.add("deployment-get", "rate_limited", retry_after=100)
        calls = []
        for _ in range(2):
            calls.append(asyncio.create_task(edgegap.deployments.get("a", timeout=200)))
            await asyncio.sleep(1)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        began = now()
    assert now() - began < 1
    assert [task for task in asyncio.all_tasks() if "slots" in task.get_name()] == []
