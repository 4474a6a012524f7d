"""Sessions: the wait until they can be played, and their deletion; telemetry, IP lookups, lobbies."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from edgegap_async import EdgegapClient, State
from edgegap_async.errors import (
    ConfigurationError,
    ServerError,
    Unprocessable,
    WaitFailed,
    WaitTerminated,
    WaitTimeout,
)
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7", "198.51.100.9"]
SEATS = {"kart": {"v1.2": {"session_config": {"kind": "Seat", "sockets": 2, "autodeploy": False}}}}


@pytest.mark.looptime
async def test_a_ready_session_has_its_server(local: LocalEdgegap) -> None:
    states: list[State | None] = []
    async with local.client() as edgegap:
        created = await edgegap.sessions.create("kart", "v1.2", users=USERS)
        session = await edgegap.sessions.wait_until_ready(created, on_status=lambda change: states.append(change.new))
        assert session.deployment is not None
        assert session.deployment.server().address("gameport")
        assert (session.user_count, session.linked) == (2, True)
        assert states[-1] is State.READY


@pytest.mark.looptime
@pytest.mark.parametrize("crash", [None, RuntimeError("the game crashed")])
async def test_running_deletes_the_session_and_not_the_server(local: LocalEdgegap, crash: Exception | None) -> None:
    async with local.client() as edgegap:
        with suppress(RuntimeError):
            async with edgegap.sessions.running("kart", "v1.2", users=USERS):
                assert len(local.sessions) == 1
                if crash:
                    raise crash
        assert len(local.sessions) == 0
        assert len(local.deployments) == 1


@pytest.mark.looptime
async def test_a_session_whose_wait_is_cancelled_is_deleted(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:

        async def play() -> None:
            async with edgegap.sessions.running("kart", "v1.2", users=USERS):
                raise AssertionError("too early")

        task = asyncio.create_task(play())
        await asyncio.sleep(1)
        assert len(local.sessions) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(local.sessions) == 0


@pytest.mark.looptime
async def test_a_session_without_a_seat_is_not_ready_in_time() -> None:
    async with LocalEdgegap(seed=1, applications=SEATS) as full, full.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1.2", users=USERS)
        first = await edgegap.sessions.create("kart", "v1.2", users=USERS)
        await edgegap.sessions.wait_until_ready(first.session_id)
        second = await edgegap.sessions.create("kart", "v1.2", users=["192.0.2.4"])
        with pytest.raises(WaitTimeout, match=f"session {second.session_id} was not ready within 30 s"):
            await edgegap.sessions.wait_until_ready(second.session_id, timeout=30)
        with pytest.raises(Unprocessable):
            await edgegap.sessions.users.add(first.session_id, ["192.0.2.5"])
        await edgegap.sessions.delete(first.session_id)
        ready = await edgegap.sessions.wait_until_ready(second.session_id)
        assert ready.deployment is not None
        assert ready.deployment.request_id == server.request_id


@pytest.mark.looptime
async def test_a_session_fails_with_its_server(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        created = await edgegap.sessions.create("kart", "v1.2", users=USERS)
        (server,) = local.deployments
        server.fail("out of memory")
        with pytest.raises(WaitFailed, match="out of memory"):
            await edgegap.sessions.wait_until_ready(created.session_id)


@pytest.mark.looptime
async def test_an_unknown_session_is_terminated(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        with pytest.raises(WaitTerminated, match="session 000000000000-S is terminated: the service does not know it"):
            await edgegap.sessions.wait_until_ready("000000000000-S")


async def test_a_bulk_stop_without_a_filter_and_invalid_players_are_refused(
    edgegap: EdgegapClient, local: LocalEdgegap
) -> None:
    with pytest.raises(ConfigurationError, match="would stop everything"):
        await edgegap.sessions.bulk_stop()
    with pytest.raises(ConfigurationError, match="match cannot be 'some': choose from all, any, not"):
        await edgegap.sessions.bulk_stop(tags=["a"], match="some")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="IPv4 or IPv6"):
        await edgegap.custom_sessions.create("61b1be8f54d9", "table-1", users=["here"])
    with pytest.raises(ConfigurationError, match="users is empty"):
        await edgegap.sessions.users.add("61b1be8f54d9-S", [])
    assert local.requests == []


# telemetry


@pytest.mark.looptime
async def test_wait_for_result_returns_the_complete_result(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = [
            (await edgegap.deployments.create("kart", "v1", users=[place])).request_id
            for place in ((45, -73), (1, 103))
        ]
        request = await edgegap.telemetry.create(ids, users=["203.0.113.7"])
        assert (await edgegap.telemetry.get(request.retrieval_key)).partial_result is True
        result = await edgegap.telemetry.wait_for_result(request.retrieval_key)
        assert {score.request_id for score in result.scores} == set(ids)
        assert await edgegap.telemetry.best_deployment(ids, users=["203.0.113.7"]) == result.scores[0].request_id
        assert await edgegap.telemetry.best_deployment([], users=["203.0.113.7"]) is None


@pytest.mark.looptime
async def test_a_result_that_stays_partial_is_not_ready_in_time(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = [(await edgegap.deployments.create("kart", "v1", users=[(45, -73)])).request_id for _ in range(4)]
        with pytest.raises(WaitTimeout, match=r"telemetry.* \w+ was not ready within 1 s \(last state: \d scores\)"):
            await edgegap.telemetry.best_deployment(ids, users=["203.0.113.7"], timeout=1)


# IP lookups


async def test_lookup_many_sends_twenty_addresses_a_request(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    wanted = [f"203.0.113.{number}" for number in range(1, 46)]
    found = await edgegap.ip.lookup_many(wanted)
    assert [each.ip_address for each in found] == wanted
    assert sorted(len(request.body["addresses"]) for request in local.requests) == [5, 20, 20]


async def test_lookup_many_raises_the_first_error(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    local.faults.add("IPs lookup", "status", code=500, times=3)
    with pytest.raises(ServerError):
        await edgegap.ip.lookup_many([f"203.0.113.{number}" for number in range(1, 46)])
    with pytest.raises(ConfigurationError, match="IPv4 or IPv6"):
        await edgegap.ip.lookup_many(["203.0.113.1", "nowhere"])


# lobbies


@pytest.mark.looptime
async def test_a_lobby_is_ready_once_it_is_deployed(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        await edgegap.lobbies.create("plaza")
        await edgegap.lobbies.deploy("plaza")
        assert (await edgegap.lobbies.wait_until_ready("plaza")).status is State.READY
        await edgegap.lobbies.terminate("plaza")
        with pytest.raises(WaitTerminated, match="lobby plaza is terminated"):
            await edgegap.lobbies.wait_until_ready("plaza")
