"""Many servers at once, their states as they change, and their ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import pairwise

import pytest

from edgegap_async import Deployed, Filter, ManyProgress, ServerRequest, State
from edgegap_async.errors import AuthenticationError, DeadlineExceeded, DeploymentFailed
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]


def requests(number: int) -> list[ServerRequest]:
    return [
        ServerRequest(application="kart", version="v1", users=USERS, options={"tags": [f"match-{each}"]})
        for each in range(number)
    ]


@pytest.mark.looptime
@pytest.mark.parametrize("ordered", [False, True])
async def test_each_is_given_as_it_becomes_ready(local: LocalEdgegap, ordered: bool) -> None:
    local.faults.add("v2-deployment-create", "errored", times=2)
    wanted = requests(20)
    async with local.client() as edgegap:
        came: list[Deployed] = [one async for one in edgegap.deployments.deploy_many(wanted, ordered=ordered)]
        servers = [one.server for one in came if one.server is not None]
        errors = [one.error for one in came if one.error is not None]
        assert (len(servers), len(errors)) == (18, 2)
        assert all(isinstance(error, DeploymentFailed) for error in errors)
        assert all(one.server.tags == tuple(one.request.options["tags"]) for one in came if one.server is not None)
        assert ([one.request for one in came] == wanted) is ordered
        if not ordered:
            starts = [server.start_time.timestamp() for server in servers if server.start_time is not None]
            assert all(later > sooner - 0.3 for sooner, later in pairwise(starts))
    assert {each.request_id for each in local.deployments} == {server.request_id for server in servers}


@pytest.mark.looptime
async def test_so_many_at_once_and_no_more(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        most = 0
        async for _ in edgegap.deployments.deploy_many(requests(9), concurrency=3):
            most = max(most, sum(each.state != "READY" for each in local.deployments))
        assert most <= 3
        assert len(local.deployments) == 9


@pytest.mark.looptime
async def test_how_far_it_is_is_told_as_it_changes(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "errored")
    steps: list[ManyProgress] = []
    states: list[State | None] = []
    async with local.client() as edgegap:
        servers = edgegap.deployments.deploy_many(
            requests(6), concurrency=4, on_progress=steps.append, on_status=lambda change: states.append(change.new)
        )
        came = [one async for one in servers]
    assert len(came) == 6
    assert steps[:4] == [ManyProgress(total=6, under_way=number) for number in (1, 2, 3, 4)]
    assert steps[-1] == ManyProgress(total=6, ready=5, failed=1)
    assert all(later.share >= sooner.share for sooner, later in pairwise(steps))
    assert (steps[0].share, steps[-1].share) == (0.0, 1.0)
    assert max(step.under_way for step in steps) == 4
    assert states.count(State.READY) == 5
    assert ManyProgress(total=0).share == 1.0


@pytest.mark.looptime
async def test_what_the_observer_raises_ends_it_and_leaves_nothing(local: LocalEdgegap) -> None:
    def observe(progress: ManyProgress) -> None:
        if progress.ready == 3:
            raise LookupError("no bar to draw")

    async with local.client() as edgegap:
        taken: list[str] = []

        async def take(servers: AsyncIterator[Deployed]) -> None:
            async for one in servers:
                assert one.server is not None
                taken.append(one.server.request_id)

        with pytest.raises(LookupError):
            await take(edgegap.deployments.deploy_many(requests(8), on_progress=observe))
        assert len(taken) <= 3
    assert {each.request_id for each in local.deployments} == set(taken)


@pytest.mark.looptime
async def test_whoever_leaves_early_has_the_others_stopped(local: LocalEdgegap) -> None:
    async with local.client() as edgegap, aclosing(edgegap.deployments.deploy_many(requests(10))) as servers:
        async for one in servers:
            assert one.server is not None
            break
    assert [each.request_id for each in local.deployments] == [one.server.request_id]


@pytest.mark.looptime
async def test_the_states_of_a_server_until_it_is_gone(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        seen: list[tuple[State | None, State | None]] = []
        async for change in edgegap.deployments.watch([request.request_id]):
            seen.append((change.old, change.new))
            if change.new is State.READY:
                await edgegap.deployments.stop(request.request_id)
    assert seen[0] == (None, State.SEEKING)
    assert [new for _, new in seen][-2:] in ([State.READY, State.TERMINATED], [State.TERMINATING, State.TERMINATED])
    assert [old for old, _ in seen[1:]] == [new for _, new in seen[:-1]]


@pytest.mark.looptime
async def test_those_that_match_later_are_watched_too(local: LocalEdgegap) -> None:
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
async def test_watching_ends_with_what_no_look_can_change(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        local.faults.add("deployment-get", "status", times=None, code=401)
        with pytest.raises(AuthenticationError):
            async for _ in edgegap.deployments.watch([request.request_id]):
                pass
        assert [change async for change in edgegap.deployments.watch([])] == []


@pytest.mark.looptime
async def test_until_it_is_stopped(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS)
        with pytest.raises(DeadlineExceeded, match="was not stopped within 5 s"):
            await edgegap.deployments.wait_until_stopped(server.request_id, timeout=5)
        await edgegap.deployments.stop(server.request_id)
        await edgegap.deployments.wait_until_stopped(server.request_id, timeout=5)
        assert local.history[server.request_id].state == "TERMINATED"
        await edgegap.deployments.wait_until_stopped("000000000000", timeout=5)
