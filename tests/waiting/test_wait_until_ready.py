"""``deployments.wait_until_ready``: until a server can be reached, or certainly will not be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, TypeAlias

import pytest

from edgegap_async import DeploymentSnapshot, EdgegapClient, State, StateChange
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

Arrived: TypeAlias = Callable[[str], list[float]]
Change: TypeAlias = StateChange[DeploymentSnapshot]

IP = "203.0.113.7"
ID = "0123456789ab"
PORTS = {"gameport": {"external": 30095, "internal": 7777, "protocol": "UDP", "name": "gameport"}}


def now() -> float:
    return asyncio.get_running_loop().time()


async def create(edgegap: EdgegapClient, **options: Any) -> str:
    return (await edgegap.deployments.create("kart", "v1", users=[IP], **options)).request_id


@asynccontextmanager
async def local_with(**settings: Any) -> AsyncIterator[tuple[LocalEdgegap, EdgegapClient]]:
    async with LocalEdgegap(**settings) as local, local.client() as edgegap:
        yield local, edgegap


# the servers of the local Edgegap


@pytest.mark.looptime
async def test_it_returns_the_server_once_it_can_be_reached(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    it = await create(edgegap, tags=["match-42"])
    began = now()
    server = await edgegap.deployments.wait_until_ready(it)
    assert 2 <= now() - began <= 7
    actual = local.deployments[it]
    assert (server.request_id, server.fqdn, server.public_ip, server.tags) == (
        it,
        actual.fqdn,
        actual.public_ip,
        ("match-42",),
    )
    assert server.address() == f"{actual.fqdn}:{server.ports['gameport'].external}"
    assert server.start_time is not None


@pytest.mark.looptime
async def test_a_server_that_is_ready_already_is_polled_once(edgegap: EdgegapClient, arrived: Arrived) -> None:
    it = await create(edgegap)
    await asyncio.sleep(10)
    began = now()
    await edgegap.deployments.wait_until_ready(it)
    assert now() == began
    assert len(arrived("deployment-get")) == 1


@pytest.mark.looptime
async def test_on_status_is_called_once_for_each_state_in_order(edgegap: EdgegapClient) -> None:
    changes: list[Change] = []
    it = await create(edgegap)
    await edgegap.deployments.wait_until_ready(it, on_status=changes.append)
    assert [(change.old, change.new) for change in changes] == [
        (None, State.SEEKING),
        (State.SEEKING, State.DEPLOYING),
        (State.DEPLOYING, State.READY),
    ]
    assert {change.request_id for change in changes} == {change.id for change in changes} == {it}
    assert all(change.snapshot.state is change.new for change in changes)
    assert str(changes[0]) == f"{it}: requested -> SEEKING"
    assert str(changes[2]) == f"{it}: DEPLOYING -> READY"


@pytest.mark.looptime
async def test_an_exception_of_on_status_ends_the_wait(edgegap: EdgegapClient) -> None:
    it = await create(edgegap)

    def on_status(change: Change) -> None:
        raise KeyError(change.new)

    with pytest.raises(KeyError):
        await edgegap.deployments.wait_until_ready(it, on_status=on_status)


@pytest.mark.looptime
async def test_a_server_in_error_fails_at_once_with_its_reason(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("v2-deployment-create", "errored", detail="The image\ncould not be pulled")
    it = await create(edgegap)
    with pytest.raises(DeploymentFailed, match=r"The image could not be pulled\. It still exists") as caught:
        await edgegap.deployments.wait_until_ready(it, timeout=600)
    assert now() < 10
    assert caught.value.request_id == it
    assert (caught.value.kind, caught.value.id) == ("deployment", it)
    assert caught.value.last_state == "ERROR"
    assert caught.value.reason == "The image could not be pulled"
    assert it in str(caught.value)
    assert it in local.deployments, "waiting stops nothing"


@pytest.mark.looptime
async def test_a_server_that_was_stopped_meanwhile_is_terminated(edgegap: EdgegapClient) -> None:
    it = await create(edgegap)
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
async def test_a_server_that_is_not_ready_in_time_raises_ready_timeout() -> None:
    async with local_with(time_to_ready=(60, 60)) as (local, edgegap):
        it = await create(edgegap)
        began = now()
        with pytest.raises(ReadyTimeout) as caught:
            await edgegap.deployments.wait_until_ready(it, timeout=7)
        assert now() - began == pytest.approx(7, abs=0.01)
        assert isinstance(caught.value, TimeoutError)
        assert isinstance(caught.value, DeadlineExceeded)
        assert isinstance(caught.value, DeploymentError)
        assert caught.value.request_id == it
        assert caught.value.last_state == "SEEKING"
        assert "was not ready within 7 s (last state: SEEKING)" in str(caught.value)
        assert "It may still become ready: stop it if you no longer need it" in str(caught.value)
        assert it in local.deployments, "waiting stops nothing"


@pytest.mark.looptime
async def test_a_service_without_responses_raises_ready_timeout(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    it = await create(edgegap)
    local.faults.add("deployment-get", "stall", times=None)
    began = now()
    with pytest.raises(ReadyTimeout, match="last state: never seen"):
        await edgegap.deployments.wait_until_ready(it, timeout=50)
    assert now() - began == pytest.approx(50, abs=0.01)


@pytest.mark.looptime
@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (403, PermissionDenied)])
async def test_permanent_errors_end_the_wait_at_once(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived, status: int, kind: type[Exception]
) -> None:
    it = await create(edgegap)
    local.faults.add("deployment-get", "status", times=None, code=status, body={"message": "no"})
    began = now()
    with pytest.raises(kind):
        await edgegap.deployments.wait_until_ready(it)
    assert now() - began <= 0.1
    assert len(arrived("deployment-get")) == 1


@pytest.mark.looptime
async def test_a_response_that_cannot_be_decoded_ends_the_wait(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    it = await create(edgegap)
    local.faults.add("deployment-get", "not_json", times=None)
    with pytest.raises(DecodeError):
        await edgegap.deployments.wait_until_ready(it)


@pytest.mark.looptime
@pytest.mark.parametrize("code", [404, 400])
async def test_a_new_server_may_be_unknown_for_a_while(local: LocalEdgegap, edgegap: EdgegapClient, code: int) -> None:
    it = await create(edgegap)
    local.faults.add("deployment-get", "status", times=5, code=code, body={"message": "Bad Request ID provided"})
    assert (await edgegap.deployments.wait_until_ready(it)).request_id == it


@pytest.mark.looptime
@pytest.mark.parametrize("code", [404, 400, 410])
async def test_a_server_that_stays_unknown_is_terminated(
    local: LocalEdgegap, edgegap: EdgegapClient, code: int
) -> None:
    local.faults.add("deployment-get", "status", times=None, code=code, body={"message": "Bad Request ID provided"})
    began = now()
    with pytest.raises(
        DeploymentTerminated, match=r"the service does not know it \(last state: never seen\)"
    ) as caught:
        await edgegap.deployments.wait_until_ready(ID, timeout=600)
    assert now() - began < 20
    assert caught.value.__cause__ is not None
    assert caught.value.request_id == ID


@pytest.mark.looptime
async def test_a_server_that_was_known_and_is_not_found_is_terminated_at_once(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    it = await create(edgegap)
    waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(it))
    await asyncio.sleep(1)
    local.faults.add("deployment-get", "status", times=None, code=404, body={"message": "no"})
    with pytest.raises(DeploymentTerminated) as caught:
        await waiting
    assert now() < 3
    assert isinstance(caught.value.__cause__, NotFound)


@pytest.mark.looptime
async def test_transient_errors_do_not_end_the_wait_and_the_last_is_in_the_timeout(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    it = await create(edgegap)
    local.faults.add("deployment-get", "status", times=None, code=500, body={"message": "out of order"})
    with pytest.raises(ReadyTimeout, match=r"the last poll failed: .*out of order") as caught:
        await edgegap.deployments.wait_until_ready(it, timeout=30)
    assert isinstance(caught.value.__cause__, ServerError)
    assert caught.value.reason is not None
    assert "out of order" in caught.value.reason


@pytest.mark.looptime
async def test_an_error_before_a_successful_poll_is_not_in_the_timeout() -> None:
    async with local_with(time_to_ready=(60, 60)) as (local, edgegap):
        it = await create(edgegap)
        local.faults.add("deployment-get", "status", code=500, times=10, body={"message": "out of order"})
        with pytest.raises(ReadyTimeout) as caught:
            await edgegap.deployments.wait_until_ready(it, timeout=30)
    assert "out of order" not in str(caught.value)
    assert caught.value.reason is None


@pytest.mark.looptime
async def test_a_poll_without_a_response_ends_after_ten_seconds(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    it = await create(edgegap)
    local.faults.add("deployment-get", "stall")
    began = now()
    await edgegap.deployments.wait_until_ready(it)
    assert 10 <= now() - began < 11


@pytest.mark.looptime
async def test_polls_become_rarer_up_to_the_longest_pause() -> None:
    async with local_with(time_to_ready=(200, 200)) as (local, edgegap):
        it = await create(edgegap)
        await edgegap.deployments.wait_until_ready(it, timeout=600)
        polls = [request.at for request in local.requests if request.operation_id == "deployment-get"]
    pauses = [later - sooner for sooner, later in pairwise(polls)]
    assert 0.08 < pauses[0] < 0.12
    assert 4 < pauses[-1] <= 5.6
    assert all(0.08 < pause <= 5.6 for pause in pauses)
    assert len(polls) < 200


@pytest.mark.looptime
async def test_a_cancelled_wait_ends_at_once_and_stops_no_server(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    it = await create(edgegap)
    waiting = asyncio.create_task(edgegap.deployments.wait_until_ready(it))
    await asyncio.sleep(1)
    waiting.cancel()
    began = now()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert now() == began
    assert it in local.deployments


@pytest.mark.looptime
async def test_the_timeout_of_the_caller_is_raised_as_it_is(edgegap: EdgegapClient) -> None:
    it = await create(edgegap)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(1):
            await edgegap.deployments.wait_until_ready(it)
    assert not isinstance(caught.value, DeadlineExceeded)


@pytest.mark.looptime
async def test_many_waits_stay_inside_the_rate_limit() -> None:
    async with local_with(time_to_ready=(2, 6)) as (local, edgegap):
        ids = await asyncio.gather(*(create(edgegap) for _ in range(60)))
        servers = await asyncio.gather(*(edgegap.deployments.wait_until_ready(it, timeout=300) for it in ids))
        assert [server.request_id for server in servers] == ids
        assert not [request for request in local.requests if request.status == 429]


# responses that the local Edgegap itself does not give


def script(local: LocalEdgegap, *statuses: dict[str, Any]) -> None:
    """Respond to status calls with these statuses in order, with the last one from then on."""
    for number, status in enumerate(statuses, start=1):
        times = None if number == len(statuses) else 1
        local.faults.add("deployment-get", "status", times=times, code=200, body={"request_id": ID, **status})


@pytest.mark.looptime
@pytest.mark.parametrize(
    "part",
    [
        {"fqdn": "x.pr.edgegap.net", "ports": None},
        {"fqdn": "x.pr.edgegap.net", "ports": {}},
        {"fqdn": "x.pr.edgegap.net"},
        {"ports": PORTS},
        {"fqdn": "", "public_ip": None, "ports": PORTS},
    ],
)
async def test_a_server_without_ports_or_address_is_not_ready_yet(
    local: LocalEdgegap, edgegap: EdgegapClient, part: dict[str, Any]
) -> None:
    ready = {"current_status": "Status.READY", "running": True}
    script(local, *[ready | part] * 4, ready | {"fqdn": "x.pr.edgegap.net", "ports": PORTS})
    server = await edgegap.deployments.wait_until_ready(ID, timeout=60)
    assert server.address() == "x.pr.edgegap.net:30095"
    assert len(local.requests) == 5


@pytest.mark.looptime
@pytest.mark.parametrize(("part", "missing"), [({"fqdn": "x"}, "ports"), ({"ports": PORTS}, "address")])
async def test_a_server_that_stays_without_ports_or_address_fails(
    local: LocalEdgegap, edgegap: EdgegapClient, part: dict[str, Any], missing: str
) -> None:
    script(local, {"current_status": "Status.READY"} | part)
    message = rf"is ready and has no {missing} 10 s later: players cannot connect to it\. Check that its version"
    began = now()
    with pytest.raises(DeploymentFailed, match=message) as caught:
        await edgegap.deployments.wait_until_ready(ID, timeout=60)
    assert 10 <= now() - began <= 10.5
    assert caught.value.request_id == ID
    assert caught.value.last_state == "READY"
    assert caught.value.reason == f"ready with no {missing}"


@pytest.mark.looptime
async def test_a_timeout_of_a_ready_server_says_what_it_lacks(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    script(local, {"current_status": "Status.READY", "fqdn": "x"})
    message = rf"^deployment {ID} is ready and has no ports after 5 s: players cannot connect to it\. Check that"
    with pytest.raises(ReadyTimeout, match=message) as caught:
        await edgegap.deployments.wait_until_ready(ID, timeout=5)
    assert caught.value.reason == "ready with no ports"
    assert caught.value.last_state == "READY"


@pytest.mark.looptime
async def test_a_server_of_a_version_without_ports_fails() -> None:
    async with LocalEdgegap(applications={"kart": {"v1": {"ports": []}}}) as local, local.client() as edgegap:
        with pytest.raises(DeploymentFailed, match=r"has no ports 10 s later: players cannot connect to it"):
            await edgegap.deployments.deploy("kart", "v1", users=["203.0.113.7"])
        assert len(local.history) == 1
        assert not local.deployments


@pytest.mark.looptime
async def test_ten_seconds_without_ports_count_anew_after_another_state(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    """A container that restarts is READY, then not, then READY again."""
    incomplete = {"current_status": "Status.READY", "fqdn": "x"}
    script(local, *[incomplete] * 40, {"current_status": "Status.DEPLOYING"}, incomplete)
    began = now()
    with pytest.raises(DeploymentFailed, match="no ports 10 s later"):
        await edgegap.deployments.wait_until_ready(ID, timeout=60)
    assert 14 <= now() - began <= 16
    assert len(local.requests) > 42


@pytest.mark.looptime
async def test_unknown_states_do_not_end_the_wait(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    changes: list[Change] = []
    ready = {"current_status": "Status.READY", "fqdn": "x", "ports": PORTS}
    script(local, {"current_status": "Status.WARMING"}, {"current_status": "defrosting"}, {}, ready)
    server = await edgegap.deployments.wait_until_ready(ID, timeout=60, on_status=changes.append)
    assert server.fqdn == "x"
    assert [change.new for change in changes] == ["WARMING", "DEFROSTING", None, "READY"]


@pytest.mark.looptime
async def test_an_unknown_state_is_reported_once_however_it_is_written(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    """The cache of unknown states is bounded: a state is the same by its name, not by its object."""
    changes: list[Change] = []
    ready = {"current_status": "Status.READY", "fqdn": "x", "ports": PORTS}
    script(local, {"current_status": "Status.WARMING"}, {"current_status": "Warming"}, ready)
    await edgegap.deployments.wait_until_ready(ID, timeout=60, on_status=changes.append)
    assert [change.new for change in changes] == ["WARMING", "READY"]


@pytest.mark.looptime
@pytest.mark.parametrize(
    "status",
    [
        {"current_status": "Status.ERROR"},
        {"current_status": "error"},
        {"current_status": "Status.DEPLOYING", "error": True},
        {"error": True, "error_detail": "  "},
    ],
)
async def test_every_form_of_an_error_fails_at_once(
    local: LocalEdgegap, edgegap: EdgegapClient, status: dict[str, Any]
) -> None:
    script(local, status)
    with pytest.raises(DeploymentFailed, match="the service gives no reason") as caught:
        await edgegap.deployments.wait_until_ready(ID, timeout=60)
    assert caught.value.reason is None
    assert len(local.requests) == 1


@pytest.mark.looptime
@pytest.mark.parametrize("state", ["Status.TERMINATING", "Terminated", "terminated"])
async def test_every_form_of_an_end_is_terminated_at_once(
    local: LocalEdgegap, edgegap: EdgegapClient, state: str
) -> None:
    script(local, {"current_status": state, "running": True, "fqdn": "x", "ports": PORTS})
    with pytest.raises(DeploymentTerminated, match="it was stopped before it was ready"):
        await edgegap.deployments.wait_until_ready(ID, timeout=60)
    assert len(local.requests) == 1


@pytest.mark.looptime
async def test_the_running_flag_means_ready_while_the_status_is_stale(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    changes: list[Change] = []
    script(local, {"current_status": "Status.DEPLOYING", "running": True, "fqdn": "x", "ports": PORTS})
    await edgegap.deployments.wait_until_ready(ID, timeout=60, on_status=changes.append)
    assert [change.new for change in changes] == [State.READY]
    assert len(local.requests) == 1
