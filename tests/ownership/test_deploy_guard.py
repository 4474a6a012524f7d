"""The guard: one server for each create request, whatever becomes of the response."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from edgegap_async import EdgegapClient, GuardPolicy
from edgegap_async.errors import (
    BadRequest,
    CleanupFailed,
    ConfigurationError,
    EdgegapError,
    ServerError,
    TransportError,
    Unprocessable,
)
from edgegap_async.simulator import LocalEdgegap

from .conftest import CreateWithTags

Arrived: TypeAlias = Callable[[str], list[float]]

USERS = ["203.0.113.7"]
CREATE = "v2-deployment-create"

CREATES: dict[str, Callable[..., Any]] = {
    "v2-deployment-create": lambda e, **o: e.deployments.create("kart", "v1", users=USERS, **o),
    "deployment-create": lambda e, **o: e.deployments.create_v1("kart", "v1", users=USERS, **o),
}
LOST: dict[str, dict[str, Any]] = {
    "drop_after_commit": {},
    "truncate": {},
    "stall": {},
    "status": {"code": 502, "after_commit": True},
}
"""Faults after which the server exists and its response is lost."""
NOT_CARRIED_OUT: dict[str, dict[str, Any]] = {"reset": {}, "status": {"code": 503}, "not_json": {}}
"""Faults after which no server exists."""


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.looptime
@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("operation_id", CREATES)
async def test_a_server_whose_response_is_lost_is_adopted(local: LocalEdgegap, operation_id: str, kind: str) -> None:
    local.faults.add(operation_id, kind, **LOST[kind])
    async with local.client() as edgegap:
        request = await CREATES[operation_id](edgegap, tags=["match-42"])
        (server,) = local.deployments
        assert request.request_id == server.request_id
        assert [each.operation_id for each in local.requests] == [operation_id, "deployment-list"]
    assert len(local.history) == 1


@pytest.mark.looptime
@pytest.mark.parametrize("kind", NOT_CARRIED_OUT)
@pytest.mark.parametrize("operation_id", CREATES)
async def test_a_server_that_is_absent_is_requested_again(local: LocalEdgegap, operation_id: str, kind: str) -> None:
    local.faults.add(operation_id, kind, **NOT_CARRIED_OUT[kind])
    async with local.client() as edgegap:
        began = now()
        request = await CREATES[operation_id](edgegap)
        assert 4 <= now() - began < 6, "the list is given the settle time to show the server"
        assert [each.request_id for each in local.deployments] == [request.request_id]
    sent = [each for each in local.requests if each.operation_id == operation_id]
    assert len(sent) == 2
    assert len({each.body["tags"][-1] for each in sent if each.body}) == 1
    assert len(local.history) == 1


@pytest.mark.looptime
async def test_a_private_fleet_server_whose_response_is_lost_is_adopted(local: LocalEdgegap) -> None:
    local.faults.add("private-fleets-deployment-create", "drop_after_commit")
    async with local.client() as edgegap:
        host = await edgegap.private_fleets.hosts("test-fleet").first()
        assert host is not None
        request = await edgegap.private_fleets.create("kart", "v1", private_host_ids=[host.host_id], users=USERS)
        assert request.request_id in local.deployments


@pytest.mark.looptime
async def test_a_create_without_faults_sends_one_request_with_one_tag_more(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        guarded = await edgegap.deployments.create("kart", "v1", users=USERS, tags=["mine"])
        await edgegap.deployments.create("kart", "v1", users=USERS, guard=False)
    assert [each.operation_id for each in local.requests] == [CREATE] * 2
    (mine, tag) = local.requests[0].body["tags"]
    assert mine == "mine"
    assert len(tag) <= 20
    assert local.requests[1].body.get("tags") is None
    async with local.client() as edgegap:
        assert (await edgegap.deployments.get(guarded.request_id)).tags == ("mine",)


# the settle time


@pytest.mark.looptime
@pytest.mark.parametrize("lag", [0.5, 3.0, 7.0])
async def test_the_settle_time_grows_with_the_lag_of_the_list(lag: float) -> None:
    """The first server may be requested twice, and its duplicate is stopped; the next ones are created once."""
    async with LocalEdgegap(seed=1, list_lag=lag) as local:
        async with local.client(guard=GuardPolicy(watch_seconds=20)) as edgegap:
            for number in range(3):
                local.faults.add(CREATE, "drop_after_commit")
                request = await edgegap.deployments.create("kart", "v1", users=USERS, tags=[f"n{number}"], timeout=120)
                assert request.request_id in local.deployments
        assert len(local.deployments) == 3
        assert len(local.history) <= 3 + (lag > 4)


@pytest.mark.looptime
async def test_a_list_that_fails_does_not_count_as_lag(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "drop_after_commit")
    local.faults.add("deployment-list", "status", times=16, code=500)
    async with local.client() as edgegap:
        began = now()
        await CREATES[CREATE](edgegap)
        assert now() - began > 6
        local.faults.add(CREATE, "status", code=500)
        began = now()
        await CREATES[CREATE](edgegap)
        assert now() - began < 6, "the settle time has not grown"
    assert len(local.deployments) == len(local.history) == 2


# duplicates


@pytest.mark.looptime
async def test_a_duplicate_that_shows_up_later_is_stopped(
    local: LocalEdgegap, create_with_tags: CreateWithTags
) -> None:
    """The service was slow: it started the server of the lost request after that counted as absent."""
    local.faults.add(CREATE, "reset")
    async with local.client() as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        duplicate = await create_with_tags(local.requests[-1].body["tags"])
        assert len(local.deployments) == 2
    assert [each.request_id for each in local.deployments] == [request.request_id]
    assert duplicate in local.history


@pytest.mark.looptime
@pytest.mark.parametrize("watch_seconds", [6.0, 20.0])
async def test_the_list_is_searched_for_duplicates_for_watch_seconds_and_the_settle_time(
    local: LocalEdgegap, arrived: Arrived, watch_seconds: float
) -> None:
    local.faults.add(CREATE, "reset")
    async with local.client(guard=GuardPolicy(settle_seconds=1, watch_seconds=watch_seconds)) as edgegap:
        await edgegap.deployments.create("kart", "v1", users=USERS)
        created_at = now()
        await asyncio.sleep(2 * watch_seconds)
    searches = [moment - created_at for moment in arrived("deployment-list") if moment > created_at]
    assert searches[-1] == pytest.approx(watch_seconds + 1, abs=0.3)
    assert max(later - sooner for sooner, later in zip([0.0, *searches], searches, strict=False)) < 2.1


@pytest.mark.looptime
@pytest.mark.parametrize("watch_seconds", [6.0, 20.0])
@pytest.mark.parametrize(("offset", "is_stopped"), [(0.5, True), (2.0, False)])
async def test_a_duplicate_is_stopped_only_within_watch_seconds_and_the_settle_time(
    local: LocalEdgegap, create_with_tags: CreateWithTags, watch_seconds: float, offset: float, is_stopped: bool
) -> None:
    local.faults.add(CREATE, "reset")
    async with local.client(guard=GuardPolicy(settle_seconds=1, watch_seconds=watch_seconds)) as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        tags = local.requests[-1].body["tags"]
        await asyncio.sleep(watch_seconds + offset)
        duplicate = await create_with_tags(tags)
        await asyncio.sleep(60)
        assert request.request_id in local.deployments
        assert (duplicate not in local.deployments) is is_stopped


# a list that refuses or ignores the query


@pytest.mark.looptime
async def test_a_refused_query_makes_the_guard_read_the_whole_list(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.client() as edgegap:
        for _ in range(3):
            await edgegap.deployments.create("kart", "v1", users=USERS)
        local.faults.add("deployment-list", "status", code=400, body={"message": "no query"})
        local.faults.add(CREATE, "drop_after_commit", times=2)
        for _ in range(2):
            request = await edgegap.deployments.create("kart", "v1", users=USERS)
            assert request.request_id in local.deployments
    assert len(local.history) == 5
    levels = [record.levelno for record in caplog.records if "the list refuses a query" in record.getMessage()]
    assert levels == [logging.WARNING]


@pytest.mark.looptime
async def test_a_server_of_another_client_is_not_adopted_where_the_list_ignores_the_query(local: LocalEdgegap) -> None:
    """The create request was not carried out, and the list shows only the server of another client."""
    async with local.client() as other, local.client(guard=GuardPolicy(settle_seconds=1)) as edgegap:
        theirs = await other.deployments.create("kart", "v1", users=USERS)
        _list_shows(local, theirs.request_id)
        local.faults.add(CREATE, "reset")
        ours = await edgegap.deployments.create("kart", "v1", users=USERS)
        assert ours.request_id != theirs.request_id
        await asyncio.sleep(30)
        assert {each.request_id for each in local.deployments} == {ours.request_id, theirs.request_id}
    assert len(local.history) == 2
    assert [each.operation_id for each in local.requests].count("deployment-delete") == 0


@pytest.mark.looptime
async def test_the_own_server_is_adopted_where_the_list_ignores_the_query(local: LocalEdgegap) -> None:
    async with local.client() as other, local.client() as edgegap:
        theirs = await other.deployments.create("kart", "v1", users=USERS)
        local.faults.add(CREATE, "stall")
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS))
        await asyncio.sleep(1)
        (ours,) = (each for each in local.deployments if each.request_id != theirs.request_id)
        _list_shows(local, theirs.request_id, ours.request_id)
        assert (await creating).request_id == ours.request_id
    assert len(local.deployments) == len(local.history) == 2


def _list_shows(local: LocalEdgegap, *request_ids: str) -> None:
    """Make the list show these servers, whatever the query."""
    rows = [
        {"request_id": each, "status": "deploying", "ready": False, "tags": list(local.deployments[each].tags)}
        for each in request_ids
    ]
    local.faults.add("deployment-list", "status", times=None, code=200, body={"data": rows, "total_count": len(rows)})


# rows that cannot be decoded

ODD = {"request_id": ["odd"], "status": "ready", "ready": True}


def _odd_row_warnings(caplog: pytest.LogCaptureFixture) -> int:
    return sum("cannot be decoded" in record.getMessage() for record in caplog.records)


@pytest.mark.looptime
@pytest.mark.parametrize("odd", [ODD, {**ODD, "tags": ["theirs"]}, {"request_id": "a", "fqdn": 7, "tags": []}, None, 7])
async def test_a_server_is_adopted_from_a_list_with_a_row_that_cannot_be_decoded(
    local: LocalEdgegap, caplog: pytest.LogCaptureFixture, odd: object
) -> None:
    async with local.client() as edgegap:
        local.faults.add(CREATE, "stall")
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS))
        await asyncio.sleep(1)
        (ours,) = local.deployments
        own_row = {"request_id": ours.request_id, "status": "ready", "ready": True, "tags": list(ours.tags)}
        local.faults.add("deployment-list", "status", times=None, code=200, body={"data": [odd, own_row]})
        assert (await creating).request_id == ours.request_id
    assert len(local.history) == 1
    assert _odd_row_warnings(caplog) == 1


@pytest.mark.looptime
async def test_a_row_that_cannot_be_decoded_with_other_tags_is_not_the_lost_server(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "reset")
    local.faults.add(
        "deployment-list",
        "status",
        times=None,
        code=200,
        body={"data": [{**ODD, "tags": ["theirs"]}], "total_count": 1},
    )
    async with local.client(guard=GuardPolicy(settle_seconds=1)) as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        assert request.request_id in local.deployments


@pytest.mark.looptime
@pytest.mark.parametrize("tags", [{}, {"tags": 7}, {"tags": [["theirs"]]}, None])
async def test_a_server_is_not_absent_while_a_row_that_cannot_be_decoded_may_be_it(
    local: LocalEdgegap, tags: dict[str, object] | None
) -> None:
    local.faults.add(CREATE, "drop_after_commit")
    odd = None if tags is None else ODD | tags
    local.faults.add("deployment-list", "status", times=None, code=200, body={"data": [odd], "total_count": 1})
    async with local.client() as edgegap:
        with pytest.raises(TransportError) as caught:
            await edgegap.deployments.create("kart", "v1", users=USERS, timeout=10)
        assert any("is looked for and stopped" in note for note in caught.value.__notes__)
        assert [each.operation_id for each in local.requests].count(CREATE) == 1, "it is not requested again"
        local.faults.clear()
    assert len(local.history) == 1
    assert len(local.deployments) == 0


def _keep_and_duplicate(local: LocalEdgegap, tags: list[str], keep: str, odd: dict[str, object]) -> None:
    """Make the list show the kept server, and a row that cannot be decoded with the same tags."""
    row = {"request_id": keep, "status": "ready", "ready": True, "tags": tags}
    local.faults.add("deployment-list", "status", times=None, code=200, body={"data": [row, {**odd, "tags": tags}]})


async def _requested_twice(local: LocalEdgegap, edgegap: EdgegapClient) -> tuple[str, list[str]]:
    """Create a server with a request whose predecessor was lost; return its id and its tags."""
    local.faults.add(CREATE, "reset")
    request = await edgegap.deployments.create("kart", "v1", users=USERS)
    return request.request_id, list(local.deployments[request.request_id].tags)


@pytest.mark.looptime
async def test_a_duplicate_whose_row_cannot_be_decoded_is_stopped_by_its_id(local: LocalEdgegap) -> None:
    async with local.client(guard=GuardPolicy(settle_seconds=1)) as edgegap:
        keep, tags = await _requested_twice(local, edgegap)
        duplicate = (await edgegap.deployments.create("kart", "v1", users=USERS, guard=False)).request_id
        _keep_and_duplicate(local, tags, keep, {"request_id": duplicate, "fqdn": 7})
        await asyncio.sleep(20)
        assert [each.request_id for each in local.deployments] == [keep]


@pytest.mark.looptime
async def test_a_lost_server_whose_row_cannot_be_decoded_is_adopted_by_its_id(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        local.faults.add(CREATE, "stall")
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS))
        await asyncio.sleep(1)
        (ours,) = local.deployments
        row = {"request_id": ours.request_id, "fqdn": 7, "tags": list(ours.tags)}
        local.faults.add("deployment-list", "status", times=None, code=200, body={"data": [row]})
        assert (await creating).request_id == ours.request_id
    assert len(local.history) == 1


@pytest.mark.looptime
async def test_a_duplicate_whose_id_cannot_be_decoded_is_reported(local: LocalEdgegap) -> None:
    edgegap = local.client(guard=GuardPolicy(settle_seconds=1))
    await edgegap.__aenter__()
    keep, tags = await _requested_twice(local, edgegap)
    _keep_and_duplicate(local, tags, keep, {"request_id": ["odd"]})
    await asyncio.sleep(20)
    with pytest.raises(ExceptionGroup) as group:
        await edgegap.aclose()
    (error,) = group.value.exceptions
    assert error.id in tags  # type: ignore[attr-defined]
    assert "whose id cannot be decoded: its server may still run" in str(error)
    assert [each.request_id for each in local.deployments] == [keep]


# giving up


@pytest.mark.looptime
async def test_the_lookup_ends_within_the_timeout_however_many_pages_the_list_has() -> None:
    """The query is refused, so the whole list is read: three pages, each of which takes most of the timeout."""
    async with LocalEdgegap(seed=1, rate_limits=None) as local, local.client(rate_limits=None) as edgegap:
        for number in range(250):
            await edgegap.deployments.create("kart", "v1", users=USERS, tags=[f"n{number}"])
        local.faults.add("deployment-list", "status", code=400, body={"message": "no query"})
        slow = local.faults.add("deployment-list", "delay", times=None, seconds=2)
        local.faults.add(CREATE, "drop_after_commit")
        began = now()
        with pytest.raises(TransportError):
            await edgegap.deployments.create("kart", "v1", users=USERS, timeout=3)
        assert now() - began < 3.1
        assert slow.happened > 1
        await asyncio.sleep(30)
        assert len(local.deployments) == 250, "the background search has the time to read all pages"


@pytest.mark.looptime
async def test_if_the_lookup_runs_out_of_time_the_server_is_stopped_in_the_background(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "drop_after_commit")
    local.faults.add("deployment-list", "status", times=None, code=503)
    async with local.client() as edgegap:
        with pytest.raises(TransportError) as caught:
            await edgegap.deployments.create("kart", "v1", users=USERS, timeout=3)
        assert any("is looked for and stopped" in note for note in caught.value.__notes__)
        assert len(local.deployments) == 1
        local.faults.clear()
    assert len(local.deployments) == 0


@pytest.mark.looptime
async def test_a_server_is_requested_max_attempts_times(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "status", times=None, code=500)
    async with local.client(guard=GuardPolicy(max_attempts=2, settle_seconds=1)) as edgegap:
        with pytest.raises(ServerError):
            await edgegap.deployments.create("kart", "v1", users=USERS)
        assert [each.operation_id for each in local.requests].count(CREATE) == 2


@pytest.mark.looptime
async def test_closing_reports_a_server_that_could_not_be_looked_up(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "drop_after_commit")
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
async def test_a_refused_create_request_is_not_looked_up() -> None:
    async with LocalEdgegap(seed=1, applications={"kart": {"v1": {}}}) as strict, strict.client() as edgegap:
        with pytest.raises(BadRequest):
            await edgegap.deployments.create("tetris", "v1", users=USERS)
        assert len(strict.requests) == 1


@pytest.mark.looptime
async def test_a_server_that_was_created_in_error_is_stopped(local: LocalEdgegap) -> None:
    local.faults.add(CREATE, "unprocessable")
    async with local.client() as edgegap:
        with pytest.raises(Unprocessable) as caught:
            await edgegap.deployments.create("kart", "v1", users=USERS)
    assert caught.value.request_id in local.history
    assert len(local.deployments) == 0


@pytest.mark.looptime
@pytest.mark.parametrize("kind", LOST)
async def test_without_the_guard_the_error_is_raised_and_the_server_runs_on(local: LocalEdgegap, kind: str) -> None:
    local.faults.add(CREATE, kind, **LOST[kind])
    async with local.client() as edgegap:
        with pytest.raises(EdgegapError):
            await edgegap.deployments.create("kart", "v1", users=USERS, guard=False)
    assert len(local.requests) == 1
    assert len(local.deployments) == 1


async def test_an_invalid_policy_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"GuardPolicy\.settle_seconds must be above 0, not 0"):
        GuardPolicy(settle_seconds=0)
    with pytest.raises(ConfigurationError, match=r"GuardPolicy\.watch_seconds must be above 0, not -1"):
        GuardPolicy(watch_seconds=-1)
    with pytest.raises(ConfigurationError, match=r"GuardPolicy\.max_attempts must be at least 1, not 0"):
        GuardPolicy(max_attempts=0)
