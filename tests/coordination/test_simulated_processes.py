"""Several processes in one simulation: what they send together, and that no cancellation of their tasks is lost."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.simulated.event_loop import VirtualLoop, process, seeded
from benchmarks.simulated.sharing import Load, Shared, measure
from benchmarks.simulated.store import SimulatedStore, SimulatedStoreServer
from benchmarks.simulated_processes import row
from edgegap_async import EdgegapClient
from edgegap_async.config import Settings
from edgegap_async.coordination.coordination import Coordination
from edgegap_async.coordination.shared_slots import SharedSlots
from edgegap_async.coordination.store import Membership, ReservedSlots, SlotRequest
from edgegap_async.limits import buckets_for
from edgegap_async.waiting.subscriptions import RequestRecord

PROCESSES, WAITERS = 5, 40


@pytest.fixture(scope="module")
def busy() -> Shared:
    return measure(Load(processes=PROCESSES, waiters=WAITERS, event="busy", seconds=3))


def test_requests_to_the_service_do_not_grow_with_the_number_of_processes(busy: Shared) -> None:
    alone = measure(Load(processes=1, waiters=WAITERS, event="busy", seconds=3))
    assert busy.requests["deploy"] == pytest.approx(alone.requests["deploy"], rel=0.2)
    assert busy.requests["list"] <= 9.5 * 3 + 2
    assert sum(busy.requests.values()) <= 1.1 * sum(alone.requests.values())
    assert busy.refused == 0


def test_waits_in_all_processes_end_soon_after_their_servers_are_ready(busy: Shared) -> None:
    assert len(busy.delays) > 20 * 3
    assert busy.delay(0.5) == pytest.approx(0.1, abs=0.05)
    assert (busy.delay(0.99) or 1.0) < 0.5
    assert busy.takeovers == 0
    assert not busy.errors


def test_the_row_of_the_table_has_rates_by_second(busy: Shared) -> None:
    cells = row(busy)
    assert cells[:3] == ["5", "40", "busy"]
    assert cells[3] == f"{busy.requests['deploy'] / 3:.1f}"
    assert f"{busy.store_requests / sum(busy.requests.values()):.2f}" in cells
    assert busy.heartbeats + busy.reservations + busy.updates == pytest.approx(busy.store_requests, abs=PROCESSES + 5)
    assert busy.deliveries == PROCESSES * busy.messages


def test_idle_processes_send_only_heartbeats() -> None:
    idle = measure(Load(processes=PROCESSES, waiters=0, event="idle", seconds=6))
    assert idle.requests == {}
    assert idle.heartbeats == pytest.approx(PROCESSES * 6 / 0.4, abs=PROCESSES)
    assert idle.store_requests == pytest.approx(idle.heartbeats, abs=PROCESSES)  # some are under way
    assert idle.messages == 0


def test_another_process_takes_over_from_a_leader_that_dies() -> None:
    dying = measure(Load(processes=PROCESSES, waiters=WAITERS, event="leader dies", seconds=6))
    assert dying.takeovers == 1
    assert (dying.delay(1.0) or 99.0) < 4
    assert dying.refused == 0


def test_the_waits_go_on_while_the_store_is_down() -> None:
    down = measure(Load(processes=PROCESSES, waiters=WAITERS, event="store down", seconds=12))
    assert (down.delay(1.0) or 99.0) < 5
    assert down.refused == 0


def test_the_same_seed_gives_the_same_numbers(busy: Shared) -> None:
    assert measure(busy.load) == busy
    other = measure(Load(processes=PROCESSES, waiters=WAITERS, event="busy", seconds=3, seed=2))
    assert other.delays != busy.delays


def test_nothing_of_a_process_that_is_suspended_runs() -> None:
    with seeded(1, is_shuffled=True) as loop:
        steps: list[tuple[int | None, float]] = []

        async def work(number: int) -> None:
            process.set(number)
            for _ in range(4):
                await asyncio.sleep(1)
                steps.append((process.get(), loop.time()))

        async def run() -> None:
            tasks = [asyncio.create_task(work(number)) for number in range(2)]
            await asyncio.sleep(1.5)
            loop.suspend(0)
            assert loop.is_suspended(0)
            await asyncio.sleep(2)
            loop.resume(0)
            await asyncio.wait(tasks)

        loop.run_until_complete(run())
    assert [at for number, at in steps if number == 0] == [1, 3.5, 4.5, 5.5]
    assert [at for number, at in steps if number == 1] == [1, 2, 3, 4]


def test_another_process_polls_while_the_one_that_polled_for_all_is_still_closing() -> None:
    with seeded(1, is_shuffled=False) as loop:
        server = SimulatedStoreServer(loop.time, lambda: 0.001)

        async def run() -> tuple[bool, int, set[str]]:
            first, second = coordination_in(loop, server), coordination_in(loop, server)
            for each, member in ((first, "first"), (second, "second")):
                each.share_waits(EdgegapClient("secret-token")._watchers, EdgegapClient("secret-token").webhooks)
                await each.open(member)
            assert first.is_leader
            assert not second.is_leader
            first.retire()
            await asyncio.sleep(1)
            leads = second.is_leader
            await asyncio.sleep(5)
            members, living = second.members, await second.living()
            await first.close()
            await second.close()
            return leads, members, living

        assert loop.run_until_complete(run()) == (True, 2, {"first", "second"})


@pytest.mark.parametrize(("longest_delay", "took", "delays"), [(20.0, 1.5, 1), (2.0, 1.5, 1), (1.0, 0.0, 0)])
def test_a_slot_that_is_far_away_for_one_of_many_is_near_once_all_are_back(
    longest_delay: float, took: float, delays: int
) -> None:
    with seeded(1, is_shuffled=False) as loop:
        slots = SharedSlots(SimulatedStore(SimulatedStoreServer(loop.time)), lambda error: None)
        request = SlotRequest(bucket="list", rate=9.5, capacity=1, count=1, longest_delay=longest_delay)

        async def reserve() -> ReservedSlots:
            slots.connect()
            slots.update(Membership(time=0.0, members=200, index=199, leader="a", term=1, was_known=True), 0.0)
            slots.disconnect()
            slots.connect()
            return await slots.reserve(request)

        reserved = loop.run_until_complete(reserve())
        assert loop.time() == pytest.approx(took)
        assert len(reserved.delays) == delays
        assert reserved.next_delay <= 1.5


def test_a_store_that_has_lost_its_data_does_not_make_a_process_think_that_it_is_alone() -> None:
    def membership(members: int, *, was_known: bool) -> Membership:
        return Membership(time=0.0, members=members, index=0, leader="a", term=1, was_known=was_known)

    with seeded(1, is_shuffled=False) as loop:
        slots = SharedSlots(SimulatedStore(SimulatedStoreServer(loop.time)), lambda error: None)
        known = []
        for at, members, was_known in (
            (0.0, 1, False),
            (0.4, 3, True),
            (5.0, 1, False),
            (5.4, 2, True),
            (6.1, 2, True),
        ):
            slots.update(membership(members, was_known=was_known), at)
            known.append(slots.members)
    assert known == [1, 3, 3, 3, 2]


def coordination_in(loop: VirtualLoop, server: SimulatedStoreServer) -> Coordination:
    settings = Settings.read("secret-token", "http://127.0.0.1", 60.0)
    return Coordination(SimulatedStore(server), settings, required=True)


def test_closing_leaves_no_reservation_that_nothing_waits_for() -> None:
    def left_after(seconds: float) -> list[str]:
        """The tasks that remain if the last waiter is cancelled after so many seconds, and the client is closed."""
        with seeded(1, is_shuffled=False) as loop:
            coordination = coordination_in(loop, SimulatedStoreServer(loop.time, lambda: 0.001))
            bucket = coordination.share_buckets(buckets_for("documented"), {"list"})["list"]

            async def run() -> list[str]:
                await coordination.open("member")
                waits = [asyncio.create_task(bucket.acquire()) for _ in range(20)]
                await asyncio.sleep(seconds)
                for each in waits:
                    each.cancel()
                await asyncio.wait(waits)
                await coordination.close()
                return [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]

            return loop.run_until_complete(run())

    assert [left_after(hundredths / 100) for hundredths in range(20, 60)] == [[]] * 40


def test_closing_ends_while_the_store_is_being_lost() -> None:
    def ends_after(steps: int) -> bool:
        """Whether the coordination ends if it is closed so many steps of the loop after the store is lost."""
        with seeded(1, is_shuffled=False) as loop:
            server = SimulatedStoreServer(loop.time, lambda: 0.001)
            server.failure_seconds = 0.1
            coordination = coordination_in(loop, server)

            async def run() -> bool:
                await coordination.open("member")
                server.down = True
                await asyncio.sleep(0.1)
                for _ in range(steps):
                    await asyncio.sleep(0)
                try:
                    await asyncio.wait_for(coordination.close(), 10)
                except TimeoutError:
                    return False
                return coordination._task is None or coordination._task.done()

            return loop.run_until_complete(run())

    assert [ends_after(steps) for steps in range(12)] == [True] * 12


def test_a_closed_watcher_that_has_to_poll_for_others_starts_no_task() -> None:
    async def run() -> asyncio.Task[None] | None:
        watcher = EdgegapClient("secret-token", base_url="http://127.0.0.1:1")._watchers.deployments
        request = RequestRecord(requested_at=asyncio.get_running_loop().time() + 60, version=("kart", "v1"))
        watcher.watch_for_others("4f1c0a9be3d2", {"deployment_id": "4f1c0a9be3d2"}, request, lambda shown: None)
        await asyncio.sleep(0)  # the task of the watcher starts
        await watcher.close()
        watcher.poll_now("4f1c0a9be3d2")
        task = watcher._task
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        return task

    with seeded(1, is_shuffled=False) as loop:
        started = loop.run_until_complete(run())
    assert started is None
