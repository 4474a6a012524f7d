"""Many create requests lose their responses at once: few requests find their servers, and none is forgotten."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from edgegap_async import EdgegapClient, GuardPolicy
from edgegap_async.errors import EdgegapError, TransportError, Unprocessable
from edgegap_async.ownership.lookup import TagLookup
from edgegap_async.ownership.tag import GuardTag, GuardTags
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]


def now() -> float:
    return asyncio.get_running_loop().time()


def sent(local: LocalEdgegap, operation_id: str) -> int:
    return sum(each.operation_id == operation_id for each in local.requests)


@pytest.mark.looptime
@pytest.mark.parametrize("refuses_queries", [False, True])
async def test_the_servers_of_many_lost_responses_are_found_together(
    local: LocalEdgegap, edgegap: EdgegapClient, refuses_queries: bool
) -> None:
    local.faults.add("deployments.create", "drop_after_commit", times=100)
    if refuses_queries:
        local.faults.add("deployment-list", "status", code=400, body={"message": "the query is invalid"})
    began = now()
    creating = [edgegap.deployments.create("kart", "v1", users=USERS) for _ in range(100)]
    requests = await asyncio.gather(*creating)
    assert now() - began < 6, "100 creates take 2.6 s; a search for each would take 10 s more"
    assert {each.request_id for each in requests} == {each.request_id for each in local.deployments}
    assert len(local.history) == 100
    assert sent(local, "deployment-list") < 60


@pytest.mark.looptime
async def test_one_search_that_stalls_does_not_hold_up_the_others(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("deployments.create", "drop_after_commit", times=10)
    local.faults.add("deployment-list", "stall")
    creating = [asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS)) for _ in range(10)]
    done, late = await asyncio.wait(creating, timeout=2)
    assert (len(done), len(late)) == (9, 1)
    await asyncio.wait(late)
    assert len(local.history) == 10


@pytest.mark.looptime
async def test_a_row_that_cannot_be_decoded_does_not_hide_what_else_a_search_finds(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    """Of the tags that share a search, those that are found are found; the others may be the odd row's."""
    tags = [GuardTags().next() for _ in range(2)]
    row = {"request_id": "found", "fqdn": "x", "status": "ready", "tags": [str(tags[0])]}
    odd = {"request_id": 7, "tags": 7}
    page = {"data": [row, odd], "total_count": 2, "pagination": {"number": 1, "next_page_number": None}}
    local.faults.add("deployment-list", "status", times=None, code=200, body=page)
    lookup = TagLookup(edgegap._pipeline, GuardPolicy())
    found, other = await asyncio.gather(*(lookup.search(tag, 5) for tag in tags))
    assert found is not None
    assert [each.request_id for each in found] == ["found"]
    assert other is None


@pytest.mark.looptime
async def test_a_search_that_nobody_waits_for_any_more_ends(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("deployment-list", "stall", times=None)
    lookup = TagLookup(edgegap._pipeline, GuardPolicy())
    tags = GuardTags()
    searches = [asyncio.create_task(lookup.search(tags.next(), 10)) for _ in range(5)]
    await asyncio.sleep(1)
    for each in searches:
        each.cancel()
    await asyncio.wait(searches)
    await asyncio.sleep(0.01)
    assert [task.get_name() for task in asyncio.all_tasks() if "search" in task.get_name()] == []


@pytest.mark.looptime
async def test_more_tags_than_a_query_holds_are_searched_for_in_parts(local: LocalEdgegap) -> None:
    local.faults.add("deployments.create", "drop_after_commit", times=250)
    async with local.client(rate_limits=None) as edgegap:
        await asyncio.gather(*(edgegap.deployments.create("kart", "v1", users=USERS) for _ in range(250)))
    assert len(local.deployments) == 250
    queries = [len(each.query.get("query", "")) for each in local.requests if each.operation_id == "deployment-list"]
    assert max(queries) < 4000


async def in_own_loop(local: LocalEdgegap, *, seconds: float) -> None:
    """One create request whose response is lost, in an event loop that ends that long after it has failed."""

    async def program() -> None:
        failed = asyncio.Event()

        async def serve() -> None:
            async with local.client(guard=GuardPolicy(settle_seconds=30)) as edgegap:
                with pytest.raises(EdgegapError):
                    await edgegap.deployments.create("kart", "v1", users=USERS, timeout=0.2)
                failed.set()
                await asyncio.sleep(60)

        serving = asyncio.create_task(serve())
        await failed.wait()
        await asyncio.sleep(seconds)
        assert not serving.done()

    await asyncio.to_thread(lambda: asyncio.run(program()))


@pytest.mark.parametrize("is_found", [True, False])
async def test_the_end_of_the_loop_interrupts_no_search_for_a_lost_server_in_silence(
    caplog: pytest.LogCaptureFixture, is_found: bool
) -> None:
    async with LocalEdgegap(seed=1, list_lag=0.15 if is_found else 60) as local:
        local.faults.add("deployments.create", "drop_after_commit")
        await in_own_loop(local, seconds=0.2)
        reported = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
        if is_found:
            assert len(local.deployments) == 0
            assert reported == []
        else:
            [deployment] = local.deployments
            assert any(deployment.tags[0] in message for message in reported)


@pytest.mark.looptime
async def test_a_server_created_in_error_stays_in_the_journal_until_it_is_stopped(
    local: LocalEdgegap, tmp_path: Path
) -> None:
    local.faults.add("deployments.create", "unprocessable")
    local.faults.add("deployment-delete", "status", times=None, code=503)
    edgegap = local.client(journal=tmp_path)
    await edgegap.__aenter__()
    with pytest.raises(Unprocessable):
        await edgegap.deployments.create("kart", "v1", users=USERS)
    with pytest.raises(ExceptionGroup):
        await edgegap.aclose()
    local.faults.clear()
    async with local.client(journal=tmp_path) as other:
        recovered = await other.recover()
    assert [each.request_id for each in recovered] == [each.request_id for each in local.history]
    assert len(local.deployments) == 0


@pytest.mark.looptime
@pytest.mark.parametrize("set_back", [timedelta(0), timedelta(hours=1)])
async def test_a_clock_that_was_set_back_does_not_hold_up_a_recovery(
    local: LocalEdgegap, edgegap: EdgegapClient, set_back: timedelta
) -> None:
    tag = GuardTags().next()
    later = GuardTag(tag.owner, tag.number + int(set_back.total_seconds() * 1024))
    began = now()
    assert await TagLookup(edgegap._pipeline, GuardPolicy(settle_seconds=4)).find_settled([later]) == []
    assert now() - began < 4.5


@pytest.mark.looptime
async def test_requests_that_stall_do_not_make_others_wait_for_a_connection(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    """A request that waits for a connection is sent after its slot of the rate limit, together with others."""
    local.faults.add("deployments.create", "stall", times=110)
    creating = [asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS)) for _ in range(110)]
    await asyncio.sleep(5)
    began = now()
    with pytest.raises(EdgegapError):
        await edgegap.deployments.get("0123456789ab")
    assert now() - began < 2
    for each in creating:
        each.cancel()
    await asyncio.wait(creating)
    assert all(each.status != 429 for each in local.requests)


@pytest.mark.looptime
async def test_a_call_that_cannot_be_repeated_because_the_client_closes_does_not_claim_that_nothing_was_sent(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    server = await edgegap.deployments.create("kart", "v1", users=USERS)
    local.faults.add("deployment-delete", "drop_after_commit", times=None)
    stopping = asyncio.create_task(edgegap.deployments.stop(server))
    while not sent(local, "deployment-delete"):
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    await edgegap.aclose()
    with pytest.raises(TransportError, match="may have carried") as caught:
        await stopping
    assert caught.value.outcome.value == "unknown"
    assert len(local.deployments) == 0
