"""Closing a client stops what it uses, however it is closed and whatever else ends at the same time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import anyio
import pytest

from edgegap_async import EdgegapClient, RetryPolicy, ServerRequest
from edgegap_async.errors import ClientStateError, DeploymentFailed, EdgegapError
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]


def now() -> float:
    return asyncio.get_running_loop().time()


def requests(number: int) -> list[ServerRequest]:
    return [ServerRequest(application="kart", version="v1", users=USERS) for _ in range(number)]


async def test_a_client_is_open_until_it_is_being_closed(local: LocalEdgegap) -> None:
    client = local.client()
    assert not client.is_open
    async with client:
        assert client.is_open
        closing = asyncio.create_task(client.aclose())
        await asyncio.sleep(0)
        assert not closing.done()
        assert not client.is_open
        await closing


@pytest.mark.looptime
async def test_closing_stops_the_servers_that_tasks_wait_for() -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(60, 60)) as local:
        async with local.client() as edgegap:
            tasks = [asyncio.create_task(edgegap.deployments.deploy("kart", "v1", users=USERS)) for _ in range(5)]
            await asyncio.sleep(3)
            assert len(local.deployments) == 5
        assert len(local.deployments) == 0
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(error, ClientStateError) for error in ended)
        assert all("was stopped" in error.__notes__[0] for error in ended if isinstance(error, ClientStateError))


@pytest.mark.looptime
async def test_closing_stops_servers_whose_create_request_is_under_way() -> None:
    async with LocalEdgegap(seed=1, jitter=0.5) as local:
        async with local.client() as edgegap:
            tasks = [asyncio.create_task(edgegap.deployments.deploy("kart", "v1", users=USERS)) for _ in range(20)]
            await asyncio.sleep(0.2)
        assert len(local.deployments) == 0
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(error, EdgegapError) for error in ended)


@pytest.mark.looptime
async def test_closing_stops_the_server_of_a_running_block(local: LocalEdgegap) -> None:
    in_block, closed = asyncio.Event(), asyncio.Event()

    async def play(edgegap: EdgegapClient) -> None:
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            in_block.set()
            await closed.wait()

    async with local.client() as edgegap:
        playing = asyncio.create_task(play(edgegap))
        await in_block.wait()
    assert len(local.deployments) == 0
    closed.set()
    await playing
    assert len([each for each in local.requests if each.operation_id == "deployment-delete"]) == 1


@pytest.mark.looptime
async def test_closing_deletes_the_sessions_and_relays_in_use(local: LocalEdgegap) -> None:
    closed = asyncio.Event()

    async def relay(edgegap: EdgegapClient) -> None:
        async with edgegap.relays.running(users=USERS):
            await closed.wait()

    async with local.client() as edgegap:
        task = asyncio.create_task(relay(edgegap))
        await asyncio.sleep(10)
        assert len(local.relays) == 1
    assert len(local.relays) == 0
    closed.set()
    await task


@pytest.mark.looptime
async def test_closing_raises_what_could_not_be_stopped() -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(60, 60)) as local:
        edgegap = local.client()
        await edgegap.__aenter__()
        tasks = [asyncio.create_task(edgegap.deployments.deploy("kart", "v1", users=USERS)) for _ in range(3)]
        await asyncio.sleep(3)
        local.faults.add("deployment-delete", "status", times=None, code=503)
        with pytest.raises(ExceptionGroup) as group:
            await edgegap.aclose()
        assert {error.id for error in group.value.exceptions} == {each.request_id for each in local.deployments}  # type: ignore[attr-defined]
        await asyncio.gather(*tasks, return_exceptions=True)
        await edgegap.aclose()  # reported once


@pytest.mark.looptime
async def test_closing_stops_the_rest_of_deploy_many_after_a_break(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        results = edgegap.deployments.deploy_many(requests(8))
        first = await anext(results)  # as a loop that is left by break
        await asyncio.sleep(10)
        assert len(local.deployments) == 8
    assert first.server is not None
    assert [each.request_id for each in local.deployments] == [first.server.request_id]
    await results.aclose()


@pytest.mark.looptime
@pytest.mark.parametrize("pause", [0.0, 0.01, 0.5])
@pytest.mark.parametrize("begun", [1.0, 4.0, 8.0])
async def test_deploy_many_cancelled_twice_leaves_nothing(local: LocalEdgegap, begun: float, pause: float) -> None:
    yielded: list[str] = []

    async def consume(edgegap: EdgegapClient) -> None:
        async with aclosing(edgegap.deployments.deploy_many(requests(6), ordered=True)) as results:
            async for result in results:
                assert result.server is not None
                yielded.append(result.server.request_id)
                await asyncio.sleep(100)

    async with local.client() as edgegap:
        task = asyncio.create_task(consume(edgegap))
        await asyncio.sleep(begun)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(pause)
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(20)
        assert [each.request_id for each in local.deployments] == yielded, "also before the client is closed"
    assert [each.request_id for each in local.deployments] == yielded


@pytest.mark.looptime
async def test_a_second_cancellation_during_closing_does_not_stop_the_stops() -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(60, 60)) as local:
        opened = asyncio.Event()

        async def serve() -> None:
            async with local.client() as edgegap, asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(edgegap.deployments.deploy("kart", "v1", users=USERS))
                await asyncio.sleep(3)
                opened.set()

        task = asyncio.create_task(serve())
        await opened.wait()
        local.faults.add("deployment-delete", "status", times=50, code=503)  # two rounds of five attempts
        task.cancel()
        await asyncio.sleep(1.5)  # the deploys waited a second for their stops, and the client is being closed
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.3)
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(10)
        assert len(local.deployments) == 0


@pytest.mark.looptime
async def test_a_deploy_ends_near_its_deadline_when_its_server_cannot_be_stopped(local: LocalEdgegap) -> None:
    local.faults.add("deployments.create", "errored")
    local.faults.add("deployment-delete", "stall")
    async with local.client() as edgegap:
        began = now()
        with pytest.raises(DeploymentFailed) as caught:
            await edgegap.deployments.deploy("kart", "v1", users=USERS, timeout=8)
        assert now() - began <= 9.1
        assert caught.value.__notes__ == [f"deployment {caught.value.request_id} is being stopped in the background"]
    assert len(local.deployments) == 0


@pytest.mark.looptime
@pytest.mark.parametrize("begun", [0.01, 1.0, 4.0, 8.0])
async def test_deploy_many_in_an_anyio_scope_that_keeps_cancelling_leaves_nothing(
    local: LocalEdgegap, begun: float
) -> None:
    """A cancelled scope of anyio cancels its task again and again, until the task has left the scope."""
    yielded: list[str] = []
    async with local.client() as edgegap:
        with anyio.move_on_after(begun):
            async with aclosing(edgegap.deployments.deploy_many(requests(6), ordered=True)) as results:
                async for result in results:
                    assert result.server is not None
                    yielded.append(result.server.request_id)
                    await anyio.sleep(100)
        await asyncio.sleep(20)
        assert [each.request_id for each in local.deployments] == yielded, "also before the client is closed"
    assert [each.request_id for each in local.deployments] == yielded


# the end of the event loop: the client runs in a loop of its own, in a thread


async def in_own_loop(local: LocalEdgegap, program: Callable[[str, str], Awaitable[None]]) -> None:
    await asyncio.to_thread(lambda: asyncio.run(program(local.url, local.token)))  # type: ignore[arg-type]


async def end_the_loop_during(
    local: LocalEdgegap, work: Callable[[EdgegapClient], Awaitable[None]], *, seconds: float
) -> None:
    """Let a task work with a client of its own, in an event loop that ends after some seconds."""

    async def program(url: str, token: str) -> None:
        async def serve() -> None:
            async with EdgegapClient(token, base_url=url) as edgegap:
                await work(edgegap)

        task = asyncio.create_task(serve())
        await asyncio.sleep(seconds)
        assert not task.done()

    await in_own_loop(local, program)


async def test_a_background_task_that_owns_the_client_leaves_nothing_at_the_end_of_the_loop() -> None:
    async def work(edgegap: EdgegapClient) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(edgegap.deployments.deploy("kart", "v1", users=USERS))

    async with LocalEdgegap(seed=1, time_to_ready=(60, 60)) as local:
        local.faults.add("deployment-delete", "delay", times=None, seconds=0.3)
        await end_the_loop_during(local, work, seconds=0.5)
        assert len(local.history) == 8
        assert len(local.deployments) == 0


async def test_create_requests_that_the_end_of_the_loop_interrupts_leave_nothing() -> None:
    async def work(edgegap: EdgegapClient) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(edgegap.deployments.deploy("kart", "v1", users=USERS))

    async with LocalEdgegap(seed=1, time_to_ready=(60, 60)) as local:
        local.faults.add("deployments.create", "stall", times=4)  # created, and the response does not arrive
        await end_the_loop_during(local, work, seconds=0.2)
        assert len(local.history) == 4
        assert len(local.deployments) == 0


async def test_create_requests_that_were_not_sent_at_the_end_of_the_loop_are_not_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def program(url: str, token: str) -> None:
        edgegap = EdgegapClient(token, base_url=url, rate_limits={"deploy": 1})
        await edgegap.__aenter__()  # and no one closes it
        waiting = [asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS)) for _ in range(4)]
        await asyncio.sleep(0.2)
        assert [each.done() for each in waiting] == [False] * 4
        edgegap._closing = asyncio.current_task()  # no ResourceWarning
        await edgegap._session.close()

    async with LocalEdgegap(seed=1, time_to_ready=(60, 60)) as local:
        local.faults.add("deployments.create", "delay", times=None, seconds=30)
        await in_own_loop(local, program)
        assert [each.operation_id for each in local.requests].count("v2-deployment-create") == 1
    reported = [each.getMessage() for each in caplog.records if "may still run" in each.getMessage()]
    assert len(reported) == 1


@pytest.mark.looptime
@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_closing_does_not_report_create_requests_that_were_not_sent(
    local: LocalEdgegap, is_cancelled: bool
) -> None:
    async with local.client(timeout=500) as edgegap:
        edgegap._pipeline._buckets["deploy"].pause(100)
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS))
        await asyncio.sleep(1)
        if is_cancelled:
            creating.cancel()
    with pytest.raises(asyncio.CancelledError if is_cancelled else ClientStateError):
        await creating
    assert not local.history


@pytest.mark.looptime
async def test_closing_reports_create_requests_that_were_sent(local: LocalEdgegap) -> None:
    local.faults.add("deployments.create", "delay", times=None, seconds=100)
    edgegap = local.client(timeout=500, retry=RetryPolicy(attempt_timeout=500))
    await edgegap.__aenter__()
    creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS))
    await asyncio.sleep(1)
    with pytest.raises(ExceptionGroup) as group:
        await edgegap.aclose()
    assert len(group.value.exceptions) == 1
    await asyncio.gather(creating, return_exceptions=True)


async def test_an_anyio_scope_around_the_client_that_is_cancelled_leaves_nothing() -> None:
    async def program(url: str, token: str) -> None:
        with anyio.CancelScope() as scope:
            async with EdgegapClient(token, base_url=url) as edgegap, anyio.create_task_group() as group:

                async def deploy() -> None:
                    await edgegap.deployments.deploy("kart", "v1", users=USERS)

                for _ in range(6):
                    group.start_soon(deploy)
                await anyio.sleep(0.5)
                scope.cancel()

    async with LocalEdgegap(seed=1, time_to_ready=(60, 60)) as local:
        local.faults.add("deployment-delete", "status", times=10, code=503)
        await in_own_loop(local, program)
        assert len(local.history) == 6
        assert len(local.deployments) == 0


async def test_a_client_that_is_never_closed_is_reported(local: LocalEdgegap, caplog: pytest.LogCaptureFixture) -> None:
    async def forget() -> None:
        edgegap = local.client()
        await edgegap.__aenter__()
        await edgegap._session.close()  # so that aiohttp has nothing to complain of
        edgegap._session._closed = False

    with pytest.warns(ResourceWarning, match="unclosed <EdgegapClient"):
        await forget()
    assert [record.levelno for record in caplog.records if "unclosed" in record.getMessage()] == [logging.ERROR]


async def test_a_relay_session_whose_creation_the_end_of_the_loop_interrupts_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(edgegap: EdgegapClient) -> None:
        async with edgegap.relays.running(users=USERS):
            pass

    async with LocalEdgegap(seed=1) as local:
        local.faults.add("relays.create", "stall")
        await end_the_loop_during(local, work, seconds=0.2)
        assert len(local.relays) == 1
    assert [each.getMessage() for each in caplog.records if "it may exist" in each.getMessage()]


@pytest.mark.looptime
async def test_deploy_many_yields_no_server_that_the_closing_stops(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        results = edgegap.deployments.deploy_many(requests(5), ordered=True)
        yielded = [await anext(results)]
        await asyncio.sleep(20)  # all are ready
        closing = asyncio.create_task(edgegap.aclose())
        await asyncio.sleep(0.001)
        yielded += [each async for each in results]
        await closing
    servers = [each.server.request_id for each in yielded if each.server is not None]
    assert servers == [each.request_id for each in local.deployments]
    assert [type(each.error) for each in yielded[1:]] == [ClientStateError] * 4


@pytest.mark.looptime
async def test_nothing_is_created_once_the_client_is_being_closed(local: LocalEdgegap) -> None:
    local.faults.add("deployment-delete", "status", times=3, code=503)
    async with local.client() as edgegap, edgegap.deployments.running("kart", "v1", users=USERS):
        closing = asyncio.create_task(edgegap.aclose())
        await asyncio.sleep(0.1)
        assert not closing.done()
        for creating in (
            edgegap.deployments.create("kart", "v1", users=USERS),
            edgegap.deployments.deploy("kart", "v1", users=USERS),
            edgegap.relays.running(users=USERS).__aenter__(),
        ):
            with pytest.raises(ClientStateError, match="is being closed"):
                await creating
        await closing
    assert len(local.history) == 1
    assert len(local.relays) == 0


async def test_nothing_is_created_once_the_client_is_closed(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        pass
    with pytest.raises(ClientStateError, match="EdgegapClient is closed, nothing was sent"):
        await edgegap.deployments.create("kart", "v1", users=USERS)
    with pytest.raises(ClientStateError, match="EdgegapClient is closed, nothing was sent"):
        await edgegap.relays.running(users=USERS).__aenter__()
    assert local.requests == []
