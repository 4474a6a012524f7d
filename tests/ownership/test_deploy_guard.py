"""One server for each creation: found where its answer was lost, asked for again only if it is not there."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from typing import Any

import pytest

from edgegap_async import EdgegapClient, GuardPolicy
from edgegap_async.errors import (
    BadRequest,
    CleanupFailed,
    ConfigurationError,
    DeadlineExceeded,
    EdgegapError,
    ServerError,
    TransportError,
    Unprocessable,
)
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]

CREATIONS: dict[str, Callable[..., Any]] = {
    "v2-deployment-create": lambda e, **o: e.deployments.create("kart", "v1", users=USERS, **o),
    "deployment-create": lambda e, **o: e.deployments.create_v1("kart", "v1", users=USERS, **o),
}
LOST: dict[str, dict[str, Any]] = {
    "drop_after_commit": {},
    "truncate": {},
    "stall": {},
    "status": {"code": 502, "after_commit": True},
}
"""What goes wrong after the server was started."""
REFUSED: dict[str, dict[str, Any]] = {"reset": {}, "status": {"code": 503}, "not_json": {}}
"""What goes wrong before."""


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.looptime
@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("operation_id", CREATIONS)
async def test_one_whose_answer_is_lost_is_found(local: LocalEdgegap, operation_id: str, kind: str) -> None:
    local.faults.add(operation_id, kind, **LOST[kind])
    async with local.client() as edgegap:
        request = await CREATIONS[operation_id](edgegap, tags=["match-42"])
        (server,) = local.deployments
        assert request.request_id == server.request_id
        assert [each.operation_id for each in local.requests] == [operation_id, "deployment-list"]
    assert len(local.history) == 1


@pytest.mark.looptime
@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("operation_id", CREATIONS)
async def test_one_that_is_not_there_is_asked_for_again(local: LocalEdgegap, operation_id: str, kind: str) -> None:
    local.faults.add(operation_id, kind, **REFUSED[kind])
    async with local.client() as edgegap:
        began = now()
        request = await CREATIONS[operation_id](edgegap)
        assert 4 <= now() - began < 6, "the list is given time to show it"
        assert [each.request_id for each in local.deployments] == [request.request_id]
    asked = [each for each in local.requests if each.operation_id == operation_id]
    assert len(asked) == 2
    assert len({each.body["tags"][-1] for each in asked if each.body}) == 1
    assert len(local.history) == 1


@pytest.mark.looptime
async def test_on_a_private_fleet_too(local: LocalEdgegap) -> None:
    local.faults.add("private-fleets-deployment-create", "drop_after_commit")
    async with local.client() as edgegap:
        host = await edgegap.private_fleets.hosts("test-fleet").first()
        assert host is not None
        request = await edgegap.private_fleets.create("kart", "v1", private_host_ids=[host.host_id], users=USERS)
        assert request.request_id in local.deployments


@pytest.mark.looptime
async def test_when_nothing_goes_wrong_it_costs_nothing(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        guarded = await edgegap.deployments.create("kart", "v1", users=USERS, tags=["mine"])
        await edgegap.deployments.create("kart", "v1", users=USERS, guard=False)
    assert [each.operation_id for each in local.requests] == ["v2-deployment-create"] * 2
    (mine, tag) = local.requests[0].body["tags"]
    assert mine == "mine"
    assert len(tag) <= 20
    assert local.requests[1].body.get("tags") is None
    async with local.client() as edgegap:
        assert (await edgegap.deployments.get(guarded.request_id)).tags == ("mine",)


@pytest.mark.looptime
@pytest.mark.parametrize("lag", [0.5, 3.0, 7.0])
async def test_a_list_that_lags(lag: float) -> None:
    """Once it was seen to lag, it is given the time: the first may be asked for twice, and its double is stopped."""
    async with LocalEdgegap(seed=1, list_lag=lag) as local:
        async with local.client(guard=GuardPolicy(watch_seconds=20)) as edgegap:
            for number in range(3):
                local.faults.add("v2-deployment-create", "drop_after_commit")
                request = await edgegap.deployments.create("kart", "v1", users=USERS, tags=[f"n{number}"], timeout=120)
                assert request.request_id in local.deployments
        assert len(local.deployments) == 3
        assert len(local.history) <= 3 + (lag > 4)


@pytest.mark.looptime
async def test_a_list_that_could_not_be_had_did_not_lag(local: LocalEdgegap) -> None:
    create = "v2-deployment-create"
    local.faults.add(create, "drop_after_commit")
    local.faults.add("deployment-list", "status", times=16, code=500)
    async with local.client() as edgegap:
        began = now()
        await CREATIONS[create](edgegap)
        assert now() - began > 6
        local.faults.add(create, "status", code=500)
        began = now()
        await CREATIONS[create](edgegap)
        assert now() - began < 6, "the settle time is as long as it was"
    assert len(local.deployments) == len(local.history) == 2


@pytest.mark.looptime
async def test_a_double_that_shows_later_is_stopped(local: LocalEdgegap) -> None:
    """The service was slow: it started the server of the lost request after that was counted as absent."""
    local.faults.add("v2-deployment-create", "reset")
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        body = local.requests[0].body or local.requests[-1].body
        late = await edgegap.deployments.create("kart", "v1", users=USERS, tags=body["tags"], guard=False)
        assert len(local.deployments) == 2
    assert [each.request_id for each in local.deployments] == [request.request_id]
    assert late.request_id in local.history


@pytest.mark.looptime
async def test_a_query_that_is_refused(local: LocalEdgegap, caplog: pytest.LogCaptureFixture) -> None:
    async with local.client() as edgegap:
        for _ in range(3):
            await edgegap.deployments.create("kart", "v1", users=USERS)
        local.faults.add("deployment-list", "status", code=400, body={"message": "no query"})
        local.faults.add("v2-deployment-create", "drop_after_commit", times=2)
        for _ in range(2):
            request = await edgegap.deployments.create("kart", "v1", users=USERS)
            assert request.request_id in local.deployments
    assert len(local.history) == 5
    assert [record.levelno for record in caplog.records if "takes no query" in record.getMessage()] == [logging.WARNING]


@pytest.mark.looptime
async def test_a_service_that_does_not_look_at_queries(local: LocalEdgegap, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the list shows everybody's servers: none of them is taken for the one that was asked for."""
    monkeypatch.setattr("edgegap_async.simulator.handlers.deployments.parse", lambda _: _Everything())
    async with local.client() as edgegap:
        other = await edgegap.deployments.create("kart", "v1", users=USERS)
        local.faults.add("v2-deployment-create", "drop_after_commit")
        mine = await edgegap.deployments.create("kart", "v1", users=USERS)
        assert mine.request_id != other.request_id
    assert len(local.deployments) == 2


class _Everything:
    filters = ()
    request_ids = None

    @staticmethod
    def ordered(rows: list[Any]) -> list[Any]:
        return rows


@pytest.mark.looptime
async def test_what_stays_unknown_is_raised_and_swept(local: LocalEdgegap) -> None:
    """The deadline comes before anybody knows: what was started all the same is stopped in the background."""
    local.faults.add("v2-deployment-create", "drop_after_commit")
    local.faults.add("deployment-list", "status", times=None, code=503)
    async with local.client() as edgegap:
        with pytest.raises(TransportError) as caught:
            await edgegap.deployments.create("kart", "v1", users=USERS, timeout=3)
        assert any("is looked for, and stopped" in note for note in caught.value.__notes__)
        assert len(local.deployments) == 1
        local.faults.clear()
    assert len(local.deployments) == 0


@pytest.mark.looptime
async def test_it_gives_up_in_the_end(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "status", times=None, code=500)
    async with local.client(guard=GuardPolicy(max_attempts=2, settle_seconds=1)) as edgegap:
        with pytest.raises(ServerError):
            await edgegap.deployments.create("kart", "v1", users=USERS)
        assert [each.operation_id for each in local.requests].count("v2-deployment-create") == 2


@pytest.mark.looptime
async def test_a_service_that_is_down_is_told_of_in_the_end(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "drop_after_commit")
    local.faults.add("deployment-list", "status", times=None, code=503)
    edgegap = local.client()
    await edgegap.__aenter__()
    with pytest.raises(TransportError):
        await edgegap.deployments.create("kart", "v1", users=USERS, timeout=3)
    began = now()
    with pytest.raises(ExceptionGroup, match="may still run, and be billed") as group:
        await edgegap.aclose()
    assert now() - began == pytest.approx(30, abs=1)
    (failure,) = group.value.exceptions
    assert isinstance(failure, CleanupFailed)
    (server,) = local.deployments
    assert failure.id in server.tags


@pytest.mark.looptime
async def test_what_the_service_refuses_is_not_looked_up(local: LocalEdgegap) -> None:
    async with LocalEdgegap(seed=1, applications={"kart": {"v1": {}}}) as strict, strict.client() as edgegap:
        with pytest.raises(BadRequest):
            await edgegap.deployments.create("tetris", "v1", users=USERS)
        assert len(strict.requests) == 1


@pytest.mark.looptime
async def test_one_that_was_created_in_error_is_stopped(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "unprocessable")
    async with local.client() as edgegap:
        with pytest.raises(Unprocessable) as caught:
            await edgegap.deployments.create("kart", "v1", users=USERS)
    assert caught.value.request_id in local.history
    assert len(local.deployments) == 0


@pytest.mark.looptime
@pytest.mark.parametrize("kind", LOST)
async def test_without_the_guard_it_is_told_and_left(local: LocalEdgegap, kind: str) -> None:
    local.faults.add("v2-deployment-create", kind, **LOST[kind])
    async with local.client() as edgegap:
        with pytest.raises(EdgegapError):
            await edgegap.deployments.create("kart", "v1", users=USERS, guard=False)
    assert len(local.requests) == 1
    assert len(local.deployments) == 1


# cancelled


@pytest.mark.looptime
@pytest.mark.parametrize("fault", [None, "drop_after_commit", "reset", "unprocessable"])
@pytest.mark.parametrize("after", [0.0, 0.1, 0.25, 1.0])
async def test_a_cancelled_creation_leaves_nothing(local: LocalEdgegap, fault: str | None, after: float) -> None:
    local.faults.add("v2-deployment-create", *([fault] if fault else ["delay"]), **({} if fault else {"seconds": 0.2}))
    async with local.client() as edgegap:
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS))
        await asyncio.sleep(after)
        if creating.cancel():
            began = now()
            with pytest.raises(asyncio.CancelledError):
                await creating
            assert now() == began, "who is cancelled leaves at once"
        elif not creating.exception():
            await edgegap.deployments.stop(creating.result().request_id)
    assert len(local.deployments) == 0


@pytest.mark.looptime
async def test_a_cancelled_creation_is_kept_on_demand(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "delay", seconds=0.2)
    async with local.client() as edgegap:
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS, on_cancel="keep"))
        await asyncio.sleep(0.1)
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        with pytest.raises(ConfigurationError, match="on_cancel is stop or keep"):
            await edgegap.deployments.create("kart", "v1", users=USERS, on_cancel="maybe")  # type: ignore[arg-type]
    assert len(local.deployments) == 1


@pytest.mark.looptime
@pytest.mark.parametrize("way", ["timeout", "wait_for", "group", "anyio"])
async def test_whatever_cancels_a_deploy(local: LocalEdgegap, way: str) -> None:
    async with local.client() as edgegap:
        with pytest.raises((TimeoutError, ExceptionGroup)):
            await _cancelled(way, edgegap)
    assert len(local.history) == 1
    assert len(local.deployments) == 0


async def _cancelled(way: str, edgegap: EdgegapClient) -> None:
    deploy = edgegap.deployments.deploy("kart", "v1", users=USERS)
    match way:
        case "timeout":
            async with asyncio.timeout(1):
                await deploy
        case "wait_for":
            await asyncio.wait_for(deploy, 1)
        case "group":
            async with asyncio.TaskGroup() as group:
                group.create_task(deploy)
                await asyncio.sleep(1)
                raise RuntimeError("another task of the group failed")
        case _:
            import anyio  # noqa: PLC0415

            with anyio.fail_after(1):
                await deploy


# attempts


@pytest.mark.looptime
@pytest.mark.parametrize("fault", ["errored", "unprocessable"])
async def test_another_is_tried_where_one_fails(local: LocalEdgegap, fault: str) -> None:
    local.faults.add("v2-deployment-create", fault, times=2)
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=3)
        assert [each.request_id for each in local.deployments] == [server.request_id]
        assert len(local.history) == 3
        local.faults.add("v2-deployment-create", fault, times=2)
        with pytest.raises(EdgegapError):
            await edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=2)
        assert len(local.deployments) == 1
        with pytest.raises(ConfigurationError, match="attempts"):
            await edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=0)


@pytest.mark.looptime
async def test_attempts_have_one_deadline(local: LocalEdgegap) -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(20, 20)) as slow, slow.client() as edgegap:
        slow.faults.add("v2-deployment-create", "errored", times=None)
        began = now()
        with pytest.raises(DeadlineExceeded):
            await edgegap.deployments.deploy("kart", "v1", users=USERS, attempts=9, timeout=50)
        assert now() - began < 52
        await asyncio.sleep(30)
        assert len(slow.deployments) == 0


# stopping


@pytest.mark.looptime
async def test_a_stop_that_fails_is_repeated(local: LocalEdgegap) -> None:
    local.faults.add("deployment-delete", "status", times=3, code=500)
    async with local.client() as edgegap:
        async with edgegap.deployments.running("kart", "v1", users=USERS):
            pass
        assert len(local.deployments) == 0


async def test_what_a_policy_cannot_be() -> None:
    with pytest.raises(ConfigurationError, match="guard: settle_seconds must be above 0"):
        GuardPolicy(settle_seconds=0)


@pytest.mark.looptime
async def test_one_that_is_kept_and_fails_is_no_complaint(local: LocalEdgegap) -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    local.faults.add("v2-deployment-create", "status", code=400, body={"message": "no"})
    local.faults.add("v2-deployment-create", "delay", seconds=0.2)
    async with local.client() as edgegap:
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS, on_cancel="keep"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
    gc.collect()
    assert complaints == []
