"""Waiting for a game server: until it can be reached, or until it is certain that it will not be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, TypeAlias

import pytest

from edgegap_async import Deployment, EdgegapClient, State, StateChange
from edgegap_async.decoding.decoder import structure
from edgegap_async.errors import (
    AuthenticationError,
    DeadlineExceeded,
    DecodeError,
    DeploymentError,
    DeploymentFailed,
    DeploymentTerminated,
    NotFound,
    PermissionDenied,
    ReadyTimeout,
    ServerError,
)
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.waiting import Schedule, wait_until_ready

Arrived: TypeAlias = Callable[[str], list[float]]

IP = "203.0.113.7"
ID = "0123456789ab"
PORTS = {"gameport": {"external": 30095, "internal": 7777, "protocol": "UDP", "name": "gameport"}}


def now() -> float:
    return asyncio.get_running_loop().time()


async def requested(edgegap: EdgegapClient, **options: Any) -> str:
    return (await edgegap.deployments.create("kart", "v1", users=[IP], **options)).request_id


@asynccontextmanager
async def opened(**settings: Any) -> AsyncIterator[tuple[LocalEdgegap, EdgegapClient]]:
    async with LocalEdgegap(**settings) as local, local.client() as edgegap:
        yield local, edgegap


# with the local Edgegap


@pytest.mark.looptime
async def test_it_waits_until_the_server_can_be_reached(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    it = await requested(edgegap, tags=["match-42"])
    began = now()
    server = await edgegap.deployments.wait_until_ready(it)
    assert 2 <= now() - began <= 7
    real = local.deployments[it]
    assert (server.request_id, server.fqdn, server.public_ip, server.tags) == (
        it,
        real.fqdn,
        real.public_ip,
        ("match-42",),
    )
    assert server.address() == f"{real.fqdn}:{server.ports['gameport'].external}"
    assert server.start_time is not None


@pytest.mark.looptime
async def test_a_server_that_is_ready_already_costs_one_look(edgegap: EdgegapClient, arrived: Arrived) -> None:
    it = await requested(edgegap)
    await asyncio.sleep(10)
    began = now()
    await edgegap.deployments.wait_until_ready(it)
    assert now() == began
    assert len(arrived("deployment-get")) == 1


@pytest.mark.looptime
async def test_states_are_told_once_each_and_in_order(edgegap: EdgegapClient) -> None:
    seen: list[StateChange] = []
    it = await requested(edgegap)
    await edgegap.deployments.wait_until_ready(it, on_status=seen.append)
    assert [(change.old, change.new) for change in seen] == [
        (None, State.SEEKING),
        (State.SEEKING, State.DEPLOYING),
        (State.DEPLOYING, State.READY),
    ]
    assert {change.request_id for change in seen} == {it}
    assert all(change.snapshot.state is change.new for change in seen)
    assert str(seen[0]) == f"{it}: requested -> SEEKING"
    assert str(seen[2]) == f"{it}: DEPLOYING -> READY"


@pytest.mark.looptime
async def test_what_the_observer_raises_ends_the_wait(edgegap: EdgegapClient) -> None:
    it = await requested(edgegap)

    def observer(change: StateChange) -> None:
        raise KeyError(change.new)

    with pytest.raises(KeyError):
        await edgegap.deployments.wait_until_ready(it, on_status=observer)


@pytest.mark.looptime
async def test_an_error_fails_at_once_with_its_reason(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("v2-deployment-create", "errored", detail="The image\ncould not be pulled")
    it = await requested(edgegap)
    with pytest.raises(DeploymentFailed, match=r"The image could not be pulled\. It still exists") as caught:
        await edgegap.deployments.wait_until_ready(it, timeout=600)
    assert now() < 10
    assert caught.value.request_id == it
    assert caught.value.last_state == "ERROR"
    assert caught.value.reason == "The image could not be pulled"
    assert it in str(caught.value)
    assert it in local.deployments, "waiting stops nothing"


@pytest.mark.looptime
async def test_a_server_that_was_stopped_meanwhile_is_terminated(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    it = await requested(edgegap)
    waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(it, timeout=600))
    await asyncio.sleep(1)
    await edgegap.deployments.stop(it)
    with pytest.raises(DeploymentTerminated) as caught:
        await waiting
    assert now() < 20
    assert caught.value.request_id == it
    assert caught.value.last_state in {"TERMINATING", "TERMINATED", "READY"}
    assert not isinstance(caught.value, TimeoutError)


@pytest.mark.looptime
async def test_a_server_that_takes_too_long_is_a_timeout_of_every_kind() -> None:
    async with opened(time_to_ready=(60, 60)) as (local, edgegap):
        it = await requested(edgegap)
        began = now()
        with pytest.raises(ReadyTimeout) as caught:
            await edgegap.deployments.wait_until_ready(it, timeout=7)
        assert now() - began == pytest.approx(7, abs=0.01)
        assert isinstance(caught.value, TimeoutError)
        assert isinstance(caught.value, DeadlineExceeded)
        assert isinstance(caught.value, DeploymentError)
        assert caught.value.request_id == it
        assert caught.value.last_state == "SEEKING"
        assert "not ready within 7 s (last seen SEEKING)" in str(caught.value)
        assert "stop it if it is not wanted" in str(caught.value)
        assert it in local.deployments


@pytest.mark.looptime
async def test_a_silent_service_is_a_timeout_too(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    it = await requested(edgegap)
    local.faults.add("deployment-get", "stall", times=None)
    began = now()
    with pytest.raises(ReadyTimeout, match="last seen never"):
        await edgegap.deployments.wait_until_ready(it, timeout=50)
    assert now() - began == pytest.approx(50, abs=0.01)


@pytest.mark.looptime
@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (403, PermissionDenied)])
async def test_what_no_look_can_change_fails_at_once(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived, status: int, kind: type[Exception]
) -> None:
    it = await requested(edgegap)
    local.faults.add("deployment-get", "status", times=None, code=status, body={"message": "no"})
    began = now()
    with pytest.raises(kind):
        await edgegap.deployments.wait_until_ready(it)
    assert now() - began <= 0.1
    assert len(arrived("deployment-get")) == 1


@pytest.mark.looptime
async def test_an_answer_that_cannot_be_read_fails_at_once(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    it = await requested(edgegap)
    local.faults.add("deployment-get", "not_json", times=None)
    with pytest.raises(DecodeError):
        await edgegap.deployments.wait_until_ready(it)


@pytest.mark.looptime
@pytest.mark.parametrize("code", [404, 400])
async def test_a_server_that_is_too_new_to_be_known_is_waited_for(
    local: LocalEdgegap, edgegap: EdgegapClient, code: int
) -> None:
    it = await requested(edgegap)
    local.faults.add("deployment-get", "status", times=5, code=code, body={"message": "Bad Request ID provided"})
    assert (await edgegap.deployments.wait_until_ready(it)).request_id == it


@pytest.mark.looptime
@pytest.mark.parametrize("code", [404, 400, 410])
async def test_a_server_that_stays_unknown_is_terminated(
    local: LocalEdgegap, edgegap: EdgegapClient, code: int
) -> None:
    local.faults.add("deployment-get", "status", times=None, code=code, body={"message": "Bad Request ID provided"})
    began = now()
    with pytest.raises(DeploymentTerminated, match="last seen never") as caught:
        await edgegap.deployments.wait_until_ready(ID, timeout=600)
    assert now() - began < 20
    assert caught.value.__cause__ is not None
    assert caught.value.request_id == ID


@pytest.mark.looptime
async def test_a_server_that_was_known_and_is_not_any_more_is_terminated_at_once(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    it = await requested(edgegap)
    waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(it))
    await asyncio.sleep(1)
    local.faults.add("deployment-get", "status", times=None, code=404, body={"message": "no"})
    with pytest.raises(DeploymentTerminated) as caught:
        await waiting
    assert now() < 3
    assert isinstance(caught.value.__cause__, NotFound)


@pytest.mark.looptime
async def test_what_passes_is_waited_through_and_told_when_it_does_not(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    it = await requested(edgegap)
    local.faults.add("deployment-get", "status", times=None, code=500, body={"message": "out of order"})
    with pytest.raises(ReadyTimeout, match=r"the last look failed: .*out of order") as caught:
        await edgegap.deployments.wait_until_ready(it, timeout=30)
    assert isinstance(caught.value.__cause__, ServerError)
    assert caught.value.reason is not None
    assert "out of order" in caught.value.reason


@pytest.mark.looptime
async def test_looks_become_rarer_and_never_rare() -> None:
    async with opened(time_to_ready=(200, 200)) as (local, edgegap):
        it = await requested(edgegap)
        await edgegap.deployments.wait_until_ready(it, timeout=600)
        moments = [request.at for request in local.requests if request.operation_id == "deployment-get"]
    pauses = [later - sooner for sooner, later in pairwise(moments)]
    assert 0.08 < pauses[0] < 0.12
    assert 4 < pauses[-1] <= 5.6
    assert all(0.08 < pause <= 5.6 for pause in pauses)
    assert len(moments) < 200


@pytest.mark.looptime
async def test_a_cancelled_wait_ends_at_once_and_leaves_the_server(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    it = await requested(edgegap)
    waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(it))
    await asyncio.sleep(1)
    waiting.cancel()
    began = now()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert now() == began
    assert it in local.deployments


@pytest.mark.looptime
async def test_the_callers_own_timeout_is_the_callers(edgegap: EdgegapClient) -> None:
    it = await requested(edgegap)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(1):
            await edgegap.deployments.wait_until_ready(it)
    assert not isinstance(caught.value, DeadlineExceeded)


@pytest.mark.looptime
async def test_many_waiters_stay_inside_the_limit() -> None:
    async with opened(time_to_ready=(2, 6)) as (local, edgegap):
        ids = await asyncio.gather(*(requested(edgegap) for _ in range(60)))
        servers = await asyncio.gather(*(edgegap.deployments.wait_until_ready(it, timeout=300) for it in ids))
        assert [server.request_id for server in servers] == ids
        assert not [request for request in local.requests if request.status == 429]


# with a look of one's own: what the local Edgegap does not do


def scripted(*answers: dict[str, Any]) -> tuple[Callable[[str, float], Awaitable[Deployment]], list[float]]:
    """A look that sees one answer after the other, the last for ever, and the moments of the looks."""
    looks: list[float] = []

    async def look(request_id: str, seconds: float) -> Deployment:
        assert seconds > 0
        looks.append(now())
        answer = {"request_id": request_id, **answers[min(len(looks), len(answers)) - 1]}
        return structure(answer, Deployment, operation="deployment-get")

    return look, looks


@pytest.mark.looptime
@pytest.mark.parametrize(
    "missing",
    [
        {"fqdn": "x.pr.edgegap.net", "ports": None},
        {"fqdn": "x.pr.edgegap.net", "ports": {}},
        {"fqdn": "x.pr.edgegap.net"},
        {"ports": PORTS},
        {"fqdn": "", "public_ip": None, "ports": PORTS},
    ],
)
async def test_ready_without_ports_or_address_is_not_ready_yet(missing: dict[str, Any]) -> None:
    ready = {"current_status": "Status.READY", "running": True}
    look, looks = scripted(*[ready | missing] * 4, ready | {"fqdn": "x.pr.edgegap.net", "ports": PORTS})
    assert (await wait_until_ready(look, ID, timeout=60)).server().address() == "x.pr.edgegap.net:30095"
    assert len(looks) == 5


@pytest.mark.looptime
@pytest.mark.parametrize(("missing", "named"), [({"fqdn": "x"}, "ports"), ({"ports": PORTS}, "address")])
async def test_ready_without_them_for_long_is_a_failure(missing: dict[str, Any], named: str) -> None:
    look, _ = scripted({"current_status": "Status.READY"} | missing)
    with pytest.raises(DeploymentFailed, match=f"has no {named} 3 s later: does its version declare a port") as caught:
        await wait_until_ready(look, ID, timeout=60, schedule=Schedule(incomplete_grace=3))
    assert 3 <= now() <= 4.2
    assert caught.value.request_id == ID
    assert caught.value.last_state == "READY"


@pytest.mark.looptime
async def test_unknown_states_are_waited_through() -> None:
    seen: list[StateChange] = []
    ready = {"current_status": "Status.READY", "fqdn": "x", "ports": PORTS}
    look, _ = scripted({"current_status": "Status.WARMING"}, {"current_status": "defrosting"}, {}, ready)
    assert (await wait_until_ready(look, ID, timeout=60, on_status=seen.append)).is_ready
    assert [change.new for change in seen] == ["WARMING", "DEFROSTING", None, "READY"]


@pytest.mark.looptime
async def test_an_unknown_state_seen_again_is_told_once() -> None:
    """The cache of unknown states is bounded: a state is the same by its name, not by its object."""
    seen: list[StateChange] = []
    ready = {"current_status": "Status.READY", "fqdn": "x", "ports": PORTS}
    look, _ = scripted({"current_status": "Status.WARMING"}, {"current_status": "Warming"}, ready)
    await wait_until_ready(look, ID, timeout=60, on_status=seen.append)
    assert [change.new for change in seen] == ["WARMING", "READY"]


@pytest.mark.looptime
@pytest.mark.parametrize(
    "failed",
    [
        {"current_status": "Status.ERROR"},
        {"current_status": "error"},
        {"current_status": "Status.DEPLOYING", "error": True},
        {"error": True, "error_detail": "  "},
    ],
)
async def test_every_way_in_which_a_failure_is_told(failed: dict[str, Any]) -> None:
    look, looks = scripted(failed)
    with pytest.raises(DeploymentFailed, match="the service gives no reason") as caught:
        await wait_until_ready(look, ID, timeout=60)
    assert caught.value.reason is None
    assert len(looks) == 1


@pytest.mark.looptime
@pytest.mark.parametrize("gone", ["Status.TERMINATING", "Terminated", "terminated"])
async def test_every_way_in_which_an_end_is_told(gone: str) -> None:
    look, looks = scripted({"current_status": gone, "running": True, "fqdn": "x", "ports": PORTS})
    with pytest.raises(DeploymentTerminated, match="stopped before it was ready"):
        await wait_until_ready(look, ID, timeout=60)
    assert len(looks) == 1


@pytest.mark.looptime
async def test_the_flag_is_enough_where_the_status_is_behind() -> None:
    look, looks = scripted({"current_status": "Status.DEPLOYING", "running": True, "fqdn": "x", "ports": PORTS})
    assert (await wait_until_ready(look, ID, timeout=60)).state is State.READY
    assert len(looks) == 1


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("waited", "seconds"), [(0, 0.25), (3, 0.45), (10, 1.5), (20, 3), (100, 5), (1e9, 5)])
def test_the_schedule(waited: float, seconds: float, jitter: float) -> None:
    assert Schedule().pause(waited, jitter=lambda: jitter) == pytest.approx(seconds * (0.9 + 0.2 * jitter))
