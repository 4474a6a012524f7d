"""Many waits share the polls of one watcher: pages of the list, in time, whatever fails meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections import Counter
from typing import Any

import pytest

from edgegap_async import EdgegapClient, State, WaitProgress
from edgegap_async.errors import (
    AuthenticationError,
    ClientStateError,
    DecodeError,
    DeploymentFailed,
    DeploymentTerminated,
)
from edgegap_async.simulator import LocalEdgegap, LoggedRequest
from edgegap_async.waiting.list_probe import REFUSED_SECONDS, STATUSLESS_ROWS
from edgegap_async.waiting.schedule import PollSchedule
from edgegap_async.waiting.watcher import FEW, PAGES_UNDER_WAY, STATUS_CALLS_UNDER_WAY

USERS = ["203.0.113.7"]


def now() -> float:
    return asyncio.get_running_loop().time()


async def noticed_after(edgegap: EdgegapClient, request_id: str, local: LocalEdgegap) -> float:
    """Wait for a server; return the seconds between its READY and the end of the wait."""
    await edgegap.deployments.wait_until_ready(request_id, timeout=300)
    ready_at = local.history[request_id].ready_at
    assert ready_at is not None
    return now() - ready_at


async def create(edgegap: EdgegapClient, number: int) -> list[str]:
    requests = await asyncio.gather(
        *(edgegap.deployments.create("kart", "v1", users=USERS, timeout=300) for _ in range(number))
    )
    return [request.request_id for request in requests]


def request_counts(local: LocalEdgegap) -> Counter[str | None]:
    return Counter(request.operation_id for request in local.requests)


def polled_ids(request: LoggedRequest) -> list[str]:
    """The deployments that a request polls."""
    match request.operation_id:
        case "deployment-list":
            (only_filter,) = json.loads(request.query["query"])["filters"]
            return list(only_filter["value"])
        case "deployment-get":
            return [request.path.rpartition("/")[2]]
        case _:
            return []


async def cancel(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.looptime
async def test_two_hundred_waits_share_a_few_pages(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        async with asyncio.TaskGroup() as group:

            async def create_and_wait() -> float:
                request = await edgegap.deployments.create("kart", "v1", users=USERS, timeout=300)
                return await noticed_after(edgegap, request.request_id, local)

            tasks = [group.create_task(create_and_wait()) for _ in range(200)]
        delays = sorted(task.result() for task in tasks)
    assert delays[100] <= 0.12
    assert delays[198] <= 0.35
    assert all(request.status != 429 for request in local.requests)
    assert len(local.requests) <= 1.6 * 200
    assert max(len(request.query.get("query", "")) for request in local.requests) < 6000


@pytest.mark.looptime
async def test_a_single_wait_polls_the_status(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        (it,) = await create(edgegap, 1)
        assert await noticed_after(edgegap, it, local) < 0.3
    assert set(request_counts(local)) == {"v2-deployment-create", "deployment-get"}


@pytest.mark.looptime
@pytest.mark.parametrize(("waits", "operation_id"), [(FEW, "deployment-get"), (FEW + 1, "deployment-list")])
async def test_two_waits_poll_the_status_and_three_poll_the_list(
    local: LocalEdgegap, waits: int, operation_id: str
) -> None:
    async with local.client() as edgegap:
        ids = await create(edgegap, waits)
        waiting = [asyncio.create_task(edgegap.deployments.wait_until_ready(it)) for it in ids]
        await asyncio.sleep(1.5)  # no server is ready yet
        assert set(request_counts(local)) == {"v2-deployment-create", operation_id}
        await asyncio.gather(*waiting)


@pytest.mark.looptime
@pytest.mark.parametrize("others", [0, 20])
async def test_progress_is_reported_after_each_poll(local: LocalEdgegap, others: int) -> None:
    async with local.client() as edgegap:
        first: list[WaitProgress] = []
        await edgegap.deployments.deploy("kart", "v1", users=USERS, on_progress=first.append)
        assert {step.typical for step in first} == {None}
        assert [step.share for step in first[-2:]] == [None, 1.0]
        for _ in range(5):
            await edgegap.deployments.deploy("kart", "v1", users=USERS)
        waits = [asyncio.create_task(noticed_after(edgegap, it, local)) for it in await create(edgegap, others)]
        steps: list[WaitProgress] = []
        began = now()
        async with edgegap.deployments.running("kart", "v1", users=USERS, on_progress=steps.append) as server:
            took = now() - began
        assert {step.request_id for step in steps} == {server.request_id}
        assert all(2 <= (step.typical or 0) <= 6 for step in steps)
        assert len({step.typical for step in steps}) == 1, "it does not change during a wait"
        assert steps[-1].seconds == pytest.approx(took, abs=0.05)
        assert (steps[-1].state, steps[-1].share) == (State.READY, 1.0)
        shares = [step.share or 0 for step in steps]
        assert shares == sorted(shares)
        assert all(0 < share < 1 for share in shares[:-1])
        assert len(steps) > 3, "polls that show nothing new are reported too"
        await asyncio.gather(*waits)


@pytest.mark.looptime
async def test_an_exception_of_on_progress_ends_the_wait(local: LocalEdgegap) -> None:
    def on_progress(_: WaitProgress) -> None:
        raise LookupError("no bar to draw")

    async with local.client() as edgegap:
        with pytest.raises(LookupError):
            await edgegap.deployments.deploy("kart", "v1", users=USERS, on_progress=on_progress)
    assert len(local.deployments) == 0


# what the history learns


@pytest.mark.looptime
async def test_a_server_is_not_polled_before_it_can_be_ready() -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(5, 6)) as local, local.client() as edgegap:
        for _ in range(6):
            (it,) = await create(edgegap, 1)
            await noticed_after(edgegap, it, local)
        requested_at = now()
        (it,) = await create(edgegap, 1)
        await noticed_after(edgegap, it, local)
        polls = [each.at for each in local.requests if each.operation_id == "deployment-get" and each.at > requested_at]
        assert polls[0] - requested_at > 3
        assert len(polls) < 30


@pytest.mark.looptime
async def test_a_wait_that_begins_after_ready_is_not_measured(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        for it in await create(edgegap, 8):
            await asyncio.sleep(60)
            await edgegap.deployments.wait_until_ready(it)
        (it,) = await create(edgegap, 1)
        assert await noticed_after(edgegap, it, local) < 0.3


@pytest.mark.looptime
async def test_a_server_that_is_watched_for_long_is_measured_once(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await create(edgegap, 6)

        async def watch() -> None:
            async for _ in edgegap.deployments.watch(ids):
                pass

        watching = asyncio.create_task(watch())
        await asyncio.sleep(600)
        steps: list[WaitProgress] = []
        await edgegap.deployments.deploy("kart", "v1", users=USERS, on_progress=steps.append)
        assert 2 <= (steps[0].typical or 0) <= 6.5
        await cancel([watching])


# a list that fails


@pytest.mark.looptime
@pytest.mark.parametrize(
    "fault", [{"kind": "status", "code": 500}, {"kind": "rate_limited"}, {"kind": "reset"}, {"kind": "truncate"}]
)
async def test_all_waits_end_while_every_second_list_call_fails(local: LocalEdgegap, fault: dict[str, object]) -> None:
    local.faults.add("deployment-list", times=None, probability=0.5, **fault)  # type: ignore[arg-type]
    async with local.client() as edgegap:
        ids = await create(edgegap, 60)
        delays = await asyncio.gather(*(noticed_after(edgegap, it, local) for it in ids))
    assert max(delays) < 15


@pytest.mark.looptime
async def test_deployments_are_polled_one_by_one_if_the_list_refuses_the_query(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    local.faults.add("deployment-list", "status", times=None, code=400, body={"message": "no query"})
    async with local.client() as edgegap:
        ids = await create(edgegap, 20)
        delays = await asyncio.gather(*(noticed_after(edgegap, it, local) for it in ids))
    assert max(delays) < 2
    assert request_counts(local)["deployment-list"] <= 2
    levels = [record.levelno for record in caplog.records if "the list refuses a query" in record.getMessage()]
    assert levels == [logging.WARNING]


@pytest.mark.looptime
async def test_the_list_is_used_again_ten_minutes_after_it_refused_a_query(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "status", code=400, body={"message": "no query"})
    async with local.client() as edgegap:
        for number, lists in enumerate((1, 1, 2)):
            await asyncio.sleep(max(number * (REFUSED_SECONDS / 2 + 5) - now(), 0))
            await asyncio.gather(*(noticed_after(edgegap, it, local) for it in await create(edgegap, 5)))
            assert min(request_counts(local)["deployment-list"], 2) == lists


@pytest.mark.looptime
async def test_a_list_without_a_response_does_not_end_a_wait(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "stall")
    async with local.client() as edgegap:
        ids = await create(edgegap, 5)
        delays = await asyncio.gather(*(noticed_after(edgegap, it, local) for it in ids))
    assert max(delays) < 10.5, "a poll without a response ends after 10 s"


@pytest.mark.looptime
async def test_few_pages_are_under_way_at_a_time(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "stall", times=None)
    async with local.client() as edgegap:
        ids = await create(edgegap, 12)
        waits: list[asyncio.Task[Any]] = []
        for start in range(0, len(ids), 3):
            batch = ids[start : start + 3]
            waits += [asyncio.create_task(edgegap.deployments.wait_until_ready(it)) for it in batch]
            await asyncio.sleep(1)
        assert request_counts(local)["deployment-list"] == PAGES_UNDER_WAY == 2
        await cancel(waits)


@pytest.mark.looptime
@pytest.mark.parametrize("fault", [{"kind": "delay", "seconds": 3}, {"kind": "stall"}])
async def test_few_status_calls_are_under_way_at_a_time(local: LocalEdgegap, fault: dict[str, Any]) -> None:
    """While the service responds slowly, polls do not pile up, and other calls find room."""
    local.faults.add("deployment-list", "status", times=None, code=400, body={"message": "no query"})
    local.faults.add("deployment-get", times=None, **fault)
    under_way: list[int] = []
    async with local.client() as edgegap:
        ids = await create(edgegap, 40)
        waits = [asyncio.create_task(edgegap.deployments.wait_until_ready(it, timeout=300)) for it in ids]
        for _ in range(400):
            await asyncio.sleep(0.05)
            polls = [each for each in local.requests if each.operation_id == "deployment-get"]
            # a poll without a response ends after 10 s
            under_way.append(sum(each.status is None and now() - each.at < 9.5 for each in polls))
        await cancel(waits)
    assert max(under_way) == STATUS_CALLS_UNDER_WAY == 8
    assert request_counts(local)["deployment-get"] > STATUS_CALLS_UNDER_WAY, "others follow those that ended"


@pytest.mark.looptime
async def test_the_status_is_polled_after_twenty_rows_without_a_status(local: LocalEdgegap) -> None:
    """Such rows show neither READY nor an error."""
    async with LocalEdgegap(seed=1, time_to_ready=(8, 8)) as local, local.client() as edgegap:
        ids = await create(edgegap, 5)
        rows = [{"request_id": it} for it in ids]
        local.faults.add("deployment-list", "status", times=None, code=200, body={"data": rows})
        local.deployments[ids[3]].fail("out of memory")
        results = await asyncio.gather(
            *(edgegap.deployments.wait_until_ready(it, timeout=60) for it in ids), return_exceptions=True
        )
    failure = results.pop(3)
    assert isinstance(failure, DeploymentFailed)
    assert failure.reason == "out of memory"
    assert [result.request_id for result in results if not isinstance(result, BaseException)] == ids[:3] + ids[4:]
    for it in ids:
        polls = [each.operation_id for each in local.requests if it in polled_ids(each)]
        rows_before = len(list(itertools.takewhile(lambda poll: poll == "deployment-list", polls)))
        assert rows_before == STATUSLESS_ROWS == 20


@pytest.mark.looptime
async def test_the_status_is_polled_while_the_row_of_a_ready_server_has_no_ports() -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(1, 1)) as local, local.client() as edgegap:
        ids = await create(edgegap, 4)
        incomplete = {"fqdn": "x.pr.edgegap.net", "ports": None}
        rows = [{"request_id": it, "status": "ready", "ready": True} | incomplete for it in ids]
        status = {"request_id": ids[0], "current_status": "Status.READY"} | incomplete
        local.faults.add("deployment-list", "status", times=None, code=200, body={"data": rows})
        local.faults.add("deployment-get", "status", times=12, code=200, body=status)
        began = now()
        servers = await asyncio.gather(*(edgegap.deployments.wait_until_ready(it, timeout=60) for it in ids))
        assert [server.request_id for server in servers] == ids
        assert 1 < now() - began < 4


@pytest.mark.looptime
@pytest.mark.parametrize(("seconds_in_list", "noticed_at"), [(1, 2), (0, 3)])
async def test_the_status_of_what_the_list_does_not_show_is_polled(seconds_in_list: float, noticed_at: float) -> None:
    """At once if the list showed it before, else when its request is three seconds ago."""
    async with LocalEdgegap(seed=1, time_to_ready=(2, 2)) as local, local.client() as edgegap:
        ids = await create(edgegap, 4)
        requested_at = now()
        waits = [asyncio.create_task(edgegap.deployments.wait_until_ready(it)) for it in ids]
        await asyncio.sleep(seconds_in_list)
        local.faults.add("deployment-list", "status", times=None, code=200, body={"data": []})
        await asyncio.gather(*waits)
        assert noticed_at - 0.3 < now() - requested_at < noticed_at + 0.5


@pytest.mark.looptime
async def test_pages_may_be_smaller_than_requested() -> None:
    async with LocalEdgegap(seed=1, max_page_size=7) as local, local.client() as edgegap:
        ids = await create(edgegap, 40)
        delays = await asyncio.gather(*(noticed_after(edgegap, it, local) for it in ids))
        assert max(delays) < 3
        assert request_counts(local)["deployment-get"] <= 15, "only the last two are polled one by one"


@pytest.mark.looptime
async def test_a_server_in_error_fails_with_its_reason_and_a_stopped_one_is_terminated(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await create(edgegap, 20)
        waits = [asyncio.create_task(noticed_after(edgegap, it, local)) for it in ids]
        await asyncio.sleep(1)
        local.deployments[ids[3]].fail("out of memory")
        began = now()
        with pytest.raises(DeploymentFailed, match="out of memory"):
            await waits[3]
        assert now() - began < 0.6
        await edgegap.deployments.stop(ids[4])
        with pytest.raises(DeploymentTerminated):
            await waits[4]
        await asyncio.gather(*waits[:3], *waits[5:])


@pytest.mark.looptime
async def test_a_row_that_cannot_be_decoded_fails_only_its_own_wait(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await create(edgegap, 10)
        rows: list[dict[str, Any]] = [{"request_id": it, "status": "seeking", "ready": False} for it in ids]
        rows[3]["tags"] = 7
        local.faults.add("deployment-list", "status", code=200, body={"data": rows})
        results = await asyncio.gather(*(noticed_after(edgegap, it, local) for it in ids), return_exceptions=True)
        (error,) = (each for each in results if isinstance(each, BaseException))
        assert results[3] is error
        assert isinstance(error, DecodeError)
        assert error.path == "$.tags"


@pytest.mark.looptime
@pytest.mark.parametrize(
    "odd", [{"request_id": ["a"]}, {"request_id": {}}, {"request_id": None}, {}, None, "row", 7, []]
)
async def test_a_row_without_a_valid_id_delays_no_wait(local: LocalEdgegap, odd: Any) -> None:
    async with local.client() as edgegap:
        ids = await create(edgegap, 4)
        rows = [odd, *({"request_id": it, "status": "ready", "ready": True} for it in ids)]
        local.faults.add("deployment-list", "status", times=None, code=200, body={"data": rows})
        delays = await asyncio.gather(*(noticed_after(edgegap, it, local) for it in ids))
        assert max(delays) < 3
        assert request_counts(local)["deployment-list"] > 0


@pytest.mark.looptime
async def test_a_lagging_list_delays_no_wait_by_much() -> None:
    async with LocalEdgegap(seed=1, list_lag=1.0) as local, local.client() as edgegap:
        ids = await create(edgegap, 50)
        delays = await asyncio.gather(*(noticed_after(edgegap, it, local) for it in ids))
        assert max(delays) < 0.6
        assert request_counts(local)["deployment-get"] <= 5


@pytest.mark.looptime
async def test_an_unknown_deployment_does_not_delay_other_waits(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await create(edgegap, 10)
        unknown = asyncio.create_task(edgegap.deployments.wait_until_ready("000000000000", timeout=60))
        await asyncio.gather(*(noticed_after(edgegap, it, local) for it in ids))
        with pytest.raises(DeploymentTerminated, match="the service does not know it"):
            await unknown


# waits and calls side by side


@pytest.mark.looptime
async def test_each_failed_wait_raises_an_error_of_its_own(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "status", code=401)
    async with local.client() as edgegap:
        deploys = (edgegap.deployments.deploy("kart", "v1", users=USERS) for _ in range(10))
        results = await asyncio.gather(*deploys, return_exceptions=True)
        failed = [each for each in results if isinstance(each, AuthenticationError)]
        assert len(failed) > 1
        assert all(len(each.__notes__) == 1 for each in failed)
        assert len({each.__notes__[0] for each in failed}) == len(failed)
    assert len(local.deployments) == 10 - len(failed)


@pytest.mark.looptime
async def test_two_waits_for_one_server_both_end(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        (it,) = await create(edgegap, 1)
        both = await asyncio.gather(*(edgegap.deployments.wait_until_ready(it) for _ in range(2)))
        assert both[0] == both[1]


@pytest.mark.looptime
@pytest.mark.parametrize("fault", [None, {"kind": "status", "code": 500}])
async def test_the_other_wait_for_a_server_goes_on_if_one_is_cancelled(
    local: LocalEdgegap, fault: dict[str, Any] | None
) -> None:
    async with local.client() as edgegap:
        (it,) = await create(edgegap, 1)
        both = [asyncio.create_task(edgegap.deployments.wait_until_ready(it)) for _ in range(2)]
        await asyncio.sleep(1)
        if fault is not None:
            local.faults.add("deployment-get", times=5, **fault)
        both[0].cancel()
        assert (await both[1]).request_id == it
        assert both[0].cancelled()


@pytest.mark.looptime
async def test_a_server_is_not_polled_any_more_after_its_wait_is_cancelled(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await create(edgegap, 6)
        waits = [asyncio.create_task(noticed_after(edgegap, it, local)) for it in ids]
        await asyncio.sleep(1)
        before = len(local.requests)
        await cancel(waits[:2])
        await asyncio.gather(*waits[2:])
        polled = {it for request in local.requests[before:] for it in polled_ids(request)}
        assert polled == set(ids[2:])


@pytest.mark.looptime
async def test_other_calls_do_not_queue_behind_polls() -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(60, 60)) as slow, slow.client() as edgegap:
        ids = await create(edgegap, 300)
        waits = [asyncio.create_task(noticed_after(edgegap, it, slow)) for it in ids]
        await asyncio.sleep(5)
        took = []
        for _ in range(10):
            began = now()
            await edgegap.deployments.list().first()
            await edgegap.deployments.get(ids[0])
            took.append(now() - began)
            await asyncio.sleep(0.2)
        assert max(took) <= 0.6  # two calls, a slot of 0.3 s at most for each
        await cancel(waits)


# the end


@pytest.mark.looptime
async def test_polling_ends_with_the_last_wait(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await create(edgegap, 20)
        waits = [asyncio.create_task(noticed_after(edgegap, it, local)) for it in ids]
        await asyncio.sleep(1)
        assert "edgegap deployment watcher" in [task.get_name() for task in asyncio.all_tasks()]
        await cancel(waits)
        await asyncio.sleep(0.5)
        before = len(local.requests)
        await asyncio.sleep(30)
        assert len(local.requests) == before
        assert "edgegap deployment watcher" not in [task.get_name() for task in asyncio.all_tasks()]


def watcher_tasks() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("edgegap deployment")]


@pytest.mark.looptime
async def test_the_watcher_ends_at_once_with_the_last_wait() -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(600, 600)) as local, local.client() as edgegap:
        (it,) = await create(edgegap, 1)
        waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(it, timeout=600))
        await asyncio.sleep(300)  # the polls are seconds apart by now
        await cancel([waiting])
        await asyncio.sleep(0.01)
        assert watcher_tasks() == []


@pytest.mark.looptime
async def test_a_poll_without_a_response_is_cancelled_with_the_last_wait(local: LocalEdgegap) -> None:
    local.faults.add("deployment-get", "stall", times=None)
    async with local.client() as edgegap:
        (it,) = await create(edgegap, 1)
        waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(it))
        await asyncio.sleep(1)
        assert watcher_tasks()
        await cancel([waiting])
        await asyncio.sleep(0.01)
        assert watcher_tasks() == []


@pytest.mark.looptime
async def test_an_error_of_the_watcher_itself_ends_the_waits(
    local: LocalEdgegap, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("a bug")

    async with local.client() as edgegap:
        ids = await create(edgegap, 3)
        waits = [asyncio.create_task(edgegap.deployments.wait_until_ready(it)) for it in ids]
        await asyncio.sleep(1)
        monkeypatch.setattr(PollSchedule, "take", broken)
        began = now()
        results = await asyncio.gather(*waits, return_exceptions=True)
        assert all(isinstance(result, LookupError) for result in results)
        assert now() - began < 1
    assert "the deployment watcher failed" in caplog.text


@pytest.mark.looptime
async def test_closing_the_client_ends_the_waits_with_an_error(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = await create(edgegap, 20)
        waits = [asyncio.create_task(noticed_after(edgegap, it, local)) for it in ids]
        await asyncio.sleep(1)
    results = await asyncio.gather(*waits, return_exceptions=True)
    assert all(isinstance(each, ClientStateError) for each in results)
