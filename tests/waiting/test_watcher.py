"""Many waits for the price of one: pages of the list, in time, whatever fails meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async import EdgegapClient, State, WaitProgress
from edgegap_async.errors import (
    AuthenticationError,
    ClientStateError,
    DecodeError,
    DeploymentFailed,
    DeploymentTerminated,
)
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.waiting.history import ReadinessHistory, TypicalDuration
from edgegap_async.waiting.intervals import Pace

USERS = ["203.0.113.7"]


def now() -> float:
    return asyncio.get_running_loop().time()


async def wait(edgegap: EdgegapClient, request_id: str, local: LocalEdgegap) -> float:
    """How late it is noticed."""
    await edgegap.deployments.wait_until_ready(request_id, timeout=300)
    ready_at = local.history[request_id].ready_at
    assert ready_at is not None
    return now() - ready_at


async def created(edgegap: EdgegapClient, number: int) -> list[str]:
    requests = await asyncio.gather(
        *(edgegap.deployments.create("kart", "v1", users=USERS, timeout=300) for _ in range(number))
    )
    return [request.request_id for request in requests]


def counted(local: LocalEdgegap) -> Counter[str | None]:
    return Counter(request.operation_id for request in local.requests)


@pytest.mark.looptime
async def test_two_hundred_waits_are_a_few_pages(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        async with asyncio.TaskGroup() as group:

            async def one() -> float:
                request = await edgegap.deployments.create("kart", "v1", users=USERS, timeout=300)
                return await wait(edgegap, request.request_id, local)

            tasks = [group.create_task(one()) for _ in range(200)]
        late = sorted(task.result() for task in tasks)
    assert late[100] <= 0.12
    assert late[198] <= 0.35
    assert all(request.status != 429 for request in local.requests)
    assert len(local.requests) <= 1.6 * 200
    assert max(len(request.query.get("query", "")) for request in local.requests) < 6000


@pytest.mark.looptime
async def test_one_wait_asks_for_its_status(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        (it,) = await created(edgegap, 1)
        assert await wait(edgegap, it, local) < 0.3
    assert set(counted(local)) == {"v2-deployment-create", "deployment-get"}


@pytest.mark.looptime
@pytest.mark.parametrize("others", [0, 20])
async def test_how_far_a_wait_is_is_told_after_each_look(local: LocalEdgegap, others: int) -> None:
    async with local.client() as edgegap:
        first: list[WaitProgress] = []
        await edgegap.deployments.deploy("kart", "v1", users=USERS, on_progress=first.append)
        assert {step.typical for step in first} == {None}
        assert [step.share for step in first[-2:]] == [None, 1.0]
        for _ in range(5):
            await edgegap.deployments.deploy("kart", "v1", users=USERS)
        company = [asyncio.create_task(wait(edgegap, it, local)) for it in await created(edgegap, others)]
        steps: list[WaitProgress] = []
        began = now()
        async with edgegap.deployments.running("kart", "v1", users=USERS, on_progress=steps.append) as server:
            took = now() - began
        assert {step.request_id for step in steps} == {server.request_id}
        assert all(2 <= (step.typical or 0) <= 6 for step in steps)
        assert steps[-1].seconds == pytest.approx(took, abs=0.05)
        assert (steps[-1].state, steps[-1].share) == (State.READY, 1.0)
        shares = [step.share or 0 for step in steps]
        assert shares == sorted(shares)
        assert all(0 < share < 1 for share in shares[:-1])
        assert len(steps) > 3  # looks that say nothing new are told too
        await asyncio.gather(*company)


@pytest.mark.looptime
async def test_what_the_observer_of_progress_raises_ends_the_wait(local: LocalEdgegap) -> None:
    def observe(progress: WaitProgress) -> None:
        raise LookupError("no bar to draw")

    async with local.client() as edgegap:
        with pytest.raises(LookupError):
            await edgegap.deployments.deploy("kart", "v1", users=USERS, on_progress=observe)
    assert len(local.deployments) == 0


@pytest.mark.looptime
async def test_it_is_not_looked_at_before_it_can_be_ready() -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(5, 6)) as local, local.client() as edgegap:
        for _ in range(6):
            (it,) = await created(edgegap, 1)
            await wait(edgegap, it, local)
        asked = now()
        (it,) = await created(edgegap, 1)
        await wait(edgegap, it, local)
        looks = [each.at for each in local.requests if each.operation_id == "deployment-get" and each.at > asked]
        assert looks[0] - asked > 3
        assert len(looks) < 30


@pytest.mark.looptime
async def test_who_comes_late_teaches_nothing(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        for it in await created(edgegap, 8):
            await asyncio.sleep(60)
            await edgegap.deployments.wait_until_ready(it)
        (it,) = await created(edgegap, 1)
        assert await wait(edgegap, it, local) < 0.3


@pytest.mark.looptime
async def test_who_goes_on_watching_teaches_once(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await created(edgegap, 6)

        async def watch() -> None:
            async for _ in edgegap.deployments.watch(ids):
                pass

        watching = asyncio.create_task(watch())
        await asyncio.sleep(600)
        steps: list[WaitProgress] = []
        await edgegap.deployments.deploy("kart", "v1", users=USERS, on_progress=steps.append)
        assert 2 <= (steps[0].typical or 0) <= 6.5
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


@pytest.mark.looptime
@pytest.mark.parametrize(
    "fault", [{"kind": "status", "code": 500}, {"kind": "rate_limited"}, {"kind": "reset"}, {"kind": "truncate"}]
)
async def test_with_every_second_list_call_failing_all_waits_end(local: LocalEdgegap, fault: dict[str, object]) -> None:
    local.faults.add("deployment-list", times=None, probability=0.5, **fault)  # type: ignore[arg-type]
    async with local.client() as edgegap:
        ids = await created(edgegap, 60)
        late = await asyncio.gather(*(wait(edgegap, it, local) for it in ids))
    assert max(late) < 15


@pytest.mark.looptime
async def test_a_query_that_is_refused(local: LocalEdgegap, caplog: pytest.LogCaptureFixture) -> None:
    local.faults.add("deployment-list", "status", times=None, code=400, body={"message": "no query"})
    async with local.client() as edgegap:
        ids = await created(edgegap, 20)
        late = await asyncio.gather(*(wait(edgegap, it, local) for it in ids))
    assert max(late) < 2
    assert counted(local)["deployment-list"] <= 2
    assert sum("takes no query" in record.getMessage() for record in caplog.records) == 1
    assert [record.levelno for record in caplog.records if "takes no query" in record.getMessage()] == [logging.WARNING]


@pytest.mark.looptime
async def test_pages_that_are_smaller_than_asked_for() -> None:
    async with LocalEdgegap(seed=1, max_page_size=7) as local, local.client() as edgegap:
        ids = await created(edgegap, 40)
        late = await asyncio.gather(*(wait(edgegap, it, local) for it in ids))
        assert max(late) < 3
        assert counted(local)["deployment-get"] <= 15  # the last two wait alone


@pytest.mark.looptime
async def test_what_fails_is_told_with_its_reason_and_what_is_stopped_is_gone(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await created(edgegap, 20)
        waiting = [asyncio.create_task(wait(edgegap, it, local)) for it in ids]
        await asyncio.sleep(1)
        local.deployments[ids[3]].fail("out of memory")
        began = now()
        with pytest.raises(DeploymentFailed, match="out of memory"):
            await waiting[3]
        assert now() - began < 0.6
        await edgegap.deployments.stop(ids[4])
        with pytest.raises(DeploymentTerminated):
            await waiting[4]
        await asyncio.gather(*waiting[:3], *waiting[5:])


@pytest.mark.looptime
async def test_a_row_that_cannot_be_read_is_the_matter_of_its_waiter(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await created(edgegap, 10)
        rows = [{"request_id": it, "status": "seeking", "ready": False} for it in ids]
        rows[3]["tags"] = 7
        local.faults.add("deployment-list", "status", code=200, body={"data": rows})
        ended = await asyncio.gather(*(wait(edgegap, it, local) for it in ids), return_exceptions=True)
        (wrong,) = (each for each in ended if isinstance(each, BaseException))
        assert ended[3] is wrong
        assert isinstance(wrong, DecodeError)
        assert wrong.path == "$.tags"


@pytest.mark.looptime
async def test_a_list_that_lags_is_no_loss() -> None:
    async with LocalEdgegap(seed=1, list_lag=1.0) as local, local.client() as edgegap:
        ids = await created(edgegap, 50)
        late = await asyncio.gather(*(wait(edgegap, it, local) for it in ids))
        assert max(late) < 0.6
        assert counted(local)["deployment-get"] <= 5


@pytest.mark.looptime
async def test_an_unknown_one_does_not_hold_the_others_up(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await created(edgegap, 10)
        unknown = asyncio.create_task(edgegap.deployments.wait_until_ready("000000000000", timeout=60))
        await asyncio.gather(*(wait(edgegap, it, local) for it in ids))
        with pytest.raises(DeploymentTerminated, match="does not know it"):
            await unknown


@pytest.mark.looptime
async def test_each_who_fails_has_an_error_of_their_own(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "status", code=401)
    async with local.client() as edgegap:
        deploys = (edgegap.deployments.deploy("kart", "v1", users=USERS) for _ in range(10))
        ended = await asyncio.gather(*deploys, return_exceptions=True)
        failed = [each for each in ended if isinstance(each, AuthenticationError)]
        assert len(failed) > 1
        assert all(len(each.__notes__) == 1 for each in failed)
        assert len({each.__notes__[0] for each in failed}) == len(failed)
    assert len(local.deployments) == 10 - len(failed)


@pytest.mark.looptime
async def test_two_who_wait_for_one(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        (it,) = await created(edgegap, 1)
        both = await asyncio.gather(*(edgegap.deployments.wait_until_ready(it) for _ in range(2)))
        assert both[0] == both[1]


@pytest.mark.looptime
async def test_calls_of_others_do_not_wait_behind_the_looks(local: LocalEdgegap) -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(60, 60)) as slow, slow.client() as edgegap:
        ids = await created(edgegap, 300)
        waiting = [asyncio.create_task(wait(edgegap, it, slow)) for it in ids]
        await asyncio.sleep(5)
        took = []
        for _ in range(10):
            began = now()
            await edgegap.deployments.list().first()
            await edgegap.deployments.get(ids[0])
            took.append(now() - began)
            await asyncio.sleep(0.2)
        assert max(took) <= 0.6  # two calls, a slot of 0.3 s at most for each
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.looptime
async def test_when_nobody_waits_nobody_looks(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await created(edgegap, 20)
        waiting = [asyncio.create_task(wait(edgegap, it, local)) for it in ids]
        await asyncio.sleep(1)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.sleep(0.5)
        before = len(local.requests)
        await asyncio.sleep(30)
        assert len(local.requests) == before
        assert "edgegap watcher" not in [task.get_name() for task in asyncio.all_tasks()]


@pytest.mark.looptime
async def test_closing_ends_the_looks(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await created(edgegap, 20)
        waiting = [asyncio.create_task(wait(edgegap, it, local)) for it in ids]
        await asyncio.sleep(1)
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(each, ClientStateError) for each in ended)


def test_the_pace() -> None:
    pace = Pace(first=0.1, dense=0.1, slower=0.03, longest=5)
    usual = TypicalDuration(earliest=2.0, half=4.0, latest=6.0)
    assert pace.first_look(None) == 0.1
    assert pace.first_look(usual) == 2.0
    assert pace.pause(5.0, usual, lambda: 0.5) == 0.1
    assert pace.pause(16.0, usual, lambda: 0.5) == pytest.approx(0.3)
    assert pace.pause(1000.0, usual, lambda: 0.5) == 5.0
    assert pace.pause(10.0, None, lambda: 0.5) == pytest.approx(0.3)


@given(
    before=st.lists(st.floats(0.1, 300), max_size=60),
    ready=st.floats(0.1, 300),
    hooked=st.booleans(),
)
def test_nothing_is_noticed_later_than_the_longest_distance(before: list[float], ready: float, hooked: bool) -> None:
    pace, experience = Pace(), ReadinessHistory()
    for seconds in before:
        experience.note(("kart", "v1"), seconds)
    usual = experience.of(("kart", "v1"))
    age = pace.first_look(usual, hooked=hooked)
    looks = 1
    while age < ready:
        age += pace.pause(age, usual, hooked=hooked)
        looks += 1
    assert age - ready <= 1.1 * pace.longest
    if usual is not None and ready <= usual.latest:
        around = usual.latest - usual.earliest
        assert looks <= 2 + usual.earliest / pace.longest + around / (0.9 * pace.distance(hooked=hooked)) + 1


@pytest.mark.parametrize("colds", [5, 50])
def test_a_version_that_becomes_faster_is_soon_known_to_be(colds: int) -> None:
    pace, experience, kart = Pace(), ReadinessHistory(), ("kart", "v1")
    for _ in range(colds):
        experience.note(kart, 25.0)
    late: list[float] = []
    for _ in range(8):
        usual = experience.of(kart)
        age = pace.first_look(usual)
        while age < 2.5:
            age += pace.pause(age, usual)
        experience.note(kart, age)
        late.append(age - 2.5)
    assert late[0] <= pace.longest
    assert late[-1] <= 0.2


def test_experience_is_of_a_version_and_of_late() -> None:
    experience = ReadinessHistory()
    for seconds in (2.0, 4.0, 3.0, 5.0):
        experience.note(("kart", "v1"), seconds)
    assert experience.of(("kart", "v1")) is None
    experience.note(("kart", "v1"), 4.0)
    assert experience.of(("kart", "v1")) == TypicalDuration(
        earliest=pytest.approx(1.6), half=4.0, latest=pytest.approx(5.5)
    )
    assert experience.of(("kart", "v2")) is None
    assert experience.of(None) is None
    for _ in range(50):
        experience.note(("kart", "v1"), 10.0)
    assert experience.of(("kart", "v1")) == TypicalDuration(
        earliest=pytest.approx(8.0), half=10.0, latest=pytest.approx(11.0)
    )
    for number in range(300):
        experience.note(("kart", f"w{number}"), 1.0)
    assert experience.of(("kart", "v1")) is None
