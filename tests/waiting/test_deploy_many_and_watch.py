"""``deploy_many``, ``watch`` and ``wait_until_stopped``: many servers at once, and their states as they change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import pairwise

import pytest

from edgegap_async import Deployed, Filter, ManyProgress, ServerRequest, State
from edgegap_async.errors import AuthenticationError, DeadlineExceeded, DeploymentError, DeploymentFailed, WaitTimeout
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]


def server_requests(number: int) -> list[ServerRequest]:
    return [
        ServerRequest(application="kart", version="v1", users=USERS, options={"tags": [f"match-{each}"]})
        for each in range(number)
    ]


# deploy_many


@pytest.mark.looptime
@pytest.mark.parametrize("ordered", [False, True])
async def test_each_server_is_yielded_as_it_becomes_ready(local: LocalEdgegap, ordered: bool) -> None:
    local.faults.add("v2-deployment-create", "errored", times=2)
    requests = server_requests(20)
    async with local.client() as edgegap:
        results: list[Deployed] = [each async for each in edgegap.deployments.deploy_many(requests, ordered=ordered)]
        servers = [result.server for result in results if result.server is not None]
        errors = [result.error for result in results if result.error is not None]
        assert (len(servers), len(errors)) == (18, 2)
        assert all(isinstance(error, DeploymentFailed) for error in errors)
        for result in results:
            assert result.server is None or result.server.tags == tuple(result.request.options["tags"])
        assert ([result.request for result in results] == requests) is ordered
        if not ordered:
            starts = [server.start_time.timestamp() for server in servers if server.start_time is not None]
            assert all(later > sooner - 0.3 for sooner, later in pairwise(starts))
    assert {each.request_id for each in local.deployments} == {server.request_id for server in servers}


@pytest.mark.looptime
async def test_concurrency_bounds_the_servers_under_way(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        under_way = 0
        async for _ in edgegap.deployments.deploy_many(server_requests(9), concurrency=3):
            under_way = max(under_way, sum(each.state != "READY" for each in local.deployments))
        assert under_way <= 3
        assert len(local.deployments) == 9


@pytest.mark.looptime
async def test_progress_is_reported_as_it_changes(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "errored")
    steps: list[ManyProgress] = []
    states: list[State | None] = []
    async with local.client() as edgegap:
        servers = edgegap.deployments.deploy_many(
            server_requests(6),
            concurrency=4,
            on_progress=steps.append,
            on_status=lambda change: states.append(change.new),
        )
        results = [each async for each in servers]
    assert len(results) == 6
    assert steps[:4] == [ManyProgress(total=6, under_way=number) for number in (1, 2, 3, 4)]
    assert steps[-1] == ManyProgress(total=6, ready=5, failed=1)
    assert all(later.share >= sooner.share for sooner, later in pairwise(steps))
    assert (steps[0].share, steps[-1].share) == (0.0, 1.0)
    assert max(step.under_way for step in steps) == 4
    assert states.count(State.READY) == 5
    assert ManyProgress(total=0).share == 1.0


@pytest.mark.looptime
async def test_an_exception_of_on_progress_stops_the_servers_that_were_not_yielded(local: LocalEdgegap) -> None:
    def on_progress(progress: ManyProgress) -> None:
        if progress.ready == 3:
            raise LookupError("no bar to draw")

    async with local.client() as edgegap:
        yielded: list[str] = []

        async def consume(results: AsyncIterator[Deployed]) -> None:
            async for result in results:
                assert result.server is not None
                yielded.append(result.server.request_id)

        with pytest.raises(LookupError):
            await consume(edgegap.deployments.deploy_many(server_requests(8), on_progress=on_progress))
        assert len(yielded) <= 3
    assert {each.request_id for each in local.deployments} == set(yielded)


@pytest.mark.looptime
async def test_closing_the_generator_stops_the_servers_that_were_not_yielded(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        async with aclosing(edgegap.deployments.deploy_many(server_requests(10))) as results:
            async for result in results:
                assert result.server is not None
                break
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 1, "it does not wait until the others are ready"
    assert [each.request_id for each in local.deployments] == [result.server.request_id]


# watch


@pytest.mark.looptime
async def test_watch_yields_each_state_until_the_server_is_terminated(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        changes: list[tuple[State | None, State | None]] = []
        async for change in edgegap.deployments.watch([request]):
            assert change.id == request.request_id
            changes.append((change.old, change.new))
            if change.new is State.READY:
                await edgegap.deployments.stop(request)
    assert changes[0] == (None, State.SEEKING)
    assert [new for _, new in changes][-2:] in ([State.READY, State.TERMINATED], [State.TERMINATING, State.TERMINATED])
    assert [old for old, _ in changes[1:]] == [new for _, new in changes[:-1]]


@pytest.mark.looptime
async def test_watch_with_a_filter_adds_servers_that_match_later(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:

        async def start_and_stop() -> None:
            for _ in range(3):
                await asyncio.sleep(3)
                async with edgegap.deployments.running("kart", "v1", users=USERS, tags=["mine"]):
                    await asyncio.sleep(5)

        await edgegap.deployments.create("kart", "v1", users=USERS, tags=["others"])
        playing = asyncio.create_task(start_and_stop())
        ready: list[str] = []
        async with asyncio.timeout(120), aclosing(edgegap.deployments.watch(Filter(tags="mine"))) as changes:
            async for change in changes:
                if change.new is State.READY:
                    ready.append(change.request_id)
                if len(ready) == 3:
                    break
        await playing
        assert len(set(ready)) == 3


@pytest.mark.looptime
async def test_watch_raises_permanent_errors(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        local.faults.add("deployment-get", "status", times=None, code=401)
        with pytest.raises(AuthenticationError):
            async for _ in edgegap.deployments.watch([request.request_id]):
                pass
        assert [change async for change in edgegap.deployments.watch([])] == []


@pytest.mark.looptime
async def test_watch_retries_transient_errors(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        local.faults.add("deployment-get", "status", times=20, code=500)
        async with aclosing(edgegap.deployments.watch([request])) as changes:
            async for change in changes:
                if change.new is State.READY:
                    break
            else:
                pytest.fail("READY was not reported")
    assert [each.status for each in local.requests].count(500) == 20


@pytest.mark.looptime
async def test_closing_watch_ends_its_tasks(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        for which in ([request], Filter(application="kart")):
            async with aclosing(edgegap.deployments.watch(which)) as changes:
                await anext(changes)
                assert [task for task in asyncio.all_tasks() if task.get_name().startswith("edgegap watch")]
            assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("edgegap watch")]


# wait_until_stopped


@pytest.mark.looptime
async def test_the_timeout_of_wait_until_stopped_has_the_latest_state(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        with pytest.raises(WaitTimeout) as caught:
            await edgegap.deployments.wait_until_stopped(request, timeout=20)
        assert caught.value.last_state == "READY"


@pytest.mark.looptime
async def test_wait_until_stopped_waits_for_terminated_or_unknown(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        with pytest.raises(
            WaitTimeout, match=r"was not stopped within 5 s \(last state: READY\)\. Waiting does not stop it"
        ) as caught:
            await edgegap.deployments.wait_until_stopped(server, timeout=5)
        assert (caught.value.kind, caught.value.id) == ("deployment", server.request_id)
        assert caught.value.last_state == "READY"
        assert isinstance(caught.value, DeadlineExceeded)
        assert not isinstance(caught.value, DeploymentError), "it is ready, so it has not failed to become so"
        await edgegap.deployments.stop(server)
        await edgegap.deployments.wait_until_stopped(server, timeout=5)
        assert local.history[server.request_id].state == "TERMINATED"
        await edgegap.deployments.wait_until_stopped("000000000000", timeout=5)
